"""The explanation of a prediction: as sentences and tables for people, as a document for programs."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

import typer

from cli.output import screen
from cli.output.predictions import LEARNT, UNKNOWN
from flows.prefect_tools.progress import clock

if TYPE_CHECKING:  # these import Keras
    from flows.explain.explanation import ExplainedClip, Explanation
    from flows.explain.ranges import Deviation, LabelDeviations

SHOWN: Final = 20  # labels
MOST_DECIMALS: Final = 6


@dataclass(frozen=True, slots=True)
class Feature:
    """An audio feature in words; `more` and `less`: what a track is that is above or below a range."""

    name: str
    unit: str
    decimals: int
    more: str
    less: str


FEATURES: Final = {
    "tempo_bpm": Feature("tempo", "BPM", 0, "faster", "slower"),
    "loudness_lufs": Feature("loudness", "LUFS", 1, "louder", "quieter"),
    "onset_rate": Feature("onsets", "a second", 1, "busier", "sparser"),
    "spectral_centroid_hz": Feature("spectral centroid", "Hz", 0, "brighter", "darker"),
    "spectral_rolloff_hz": Feature("spectral roll-off", "Hz", 0, "brighter", "darker"),
    "spectral_flatness": Feature("spectral flatness (0 tone, 1 noise)", "", 4, "noisier", "more tonal"),
    "zero_crossing_rate": Feature("zero crossings (share of samples)", "", 3, "noisier", "smoother"),
}


def print_explanation(explanation: "Explanation") -> None:
    """The verdict, the probabilities, similar tracks, the timeline, and what is unusual."""
    screen.paragraph(_verdict(explanation))
    if explanation.request.learnt:
        screen.paragraph(LEARNT)
    _print_probabilities(explanation)
    _print_nearest(explanation)
    _print_pieces(explanation)
    for of_label in explanation.deviations:
        _print_deviations(of_label, own=of_label.label == explanation.request.label)


def _verdict(explanation: "Explanation") -> str:
    (first, probability), *others = explanation.ranking
    following = f", next {others[0][0]} ({others[0][1]:.2f})" if others else ""
    label = explanation.request.label
    filed = f"; filed under {label}" if label and (label != first or not explanation.known) else ""
    named = f"{first} ({probability:.2f}){following}{filed}."
    if explanation.known:
        return f"{explanation.request.name} sounds like {named}"
    return f"{explanation.request.name} is {UNKNOWN}, like none of the labels; the nearest is {named}"


def _print_probabilities(explanation: "Explanation") -> None:
    rows = [(label, round(probability, 3)) for label, probability in explanation.ranking[:SHOWN]]
    _section("Probabilities", ("label", "probability"), rows)
    if more := explanation.ranking[SHOWN:]:
        screen.paragraph(f"and {len(more)} more labels, each at most {more[0][1]:.3f}: --json lists them.")


def _print_nearest(explanation: "Explanation") -> None:
    rows = [
        (label.label, track.artists, track.title, track.distance)
        for label in explanation.nearest
        for track in label.tracks
    ]
    heading = "The most similar other tracks of the two most probable labels"
    _section(heading, ("label", "artists", "title", "distance"), rows)
    if explanation.without_neighbours:
        _remark(f"Similar tracks are not shown. {explanation.without_neighbours}")
    elif empty := [label.label for label in explanation.nearest if not label.tracks]:
        _remark(
            f"There is no other track of {' or '.join(empty)} to compare with: add some, then `labelscope run`."
        )


def _print_pieces(explanation: "Explanation") -> None:
    clips = explanation.clips
    rows = [
        (clock(round(piece.start_s)), clock(round(piece.end_s)), piece.label, piece.probability)
        for clip in clips
        for piece in clip.pieces
    ]
    crop_s = round(clips[0].scores.crop_s)
    heading = f"Over time: the most probable label of each crop of {crop_s} s, equal neighbours joined"
    _section(heading, ("from", "to", "label", "probability"), rows)
    if len(clips) > 1:
        screen.paragraph(f"The model scores {len(clips)} clips of the track, not the time between them.")


def _print_deviations(unusual: "LabelDeviations", *, own: bool) -> None:
    """`own`: the track is one of the label's, and no part of the range."""
    if not unusual.tracks:
        _remark(
            f"No other track of {unusual.label} has audio features to compare with: add some, then `labelscope run`."
        )
        return
    tracks = f"{unusual.tracks} {'other ' if own else ''}track{'s' if unusual.tracks > 1 else ''}"
    usual = f"the usual range of {unusual.label} (10th to 90th percentile of {tracks})"
    if unusual.deviations:
        rows = [_deviation_row(deviation) for deviation in unusual.deviations]
        _section(f"Outside of {usual}", ("feature", "this track", "usual", ""), rows)
    else:
        _remark(f"Tempo, loudness and timbre are in {usual}.")


def _section(heading: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """A table below an empty line and its heading, which may be wider than the table; nothing without rows."""
    if rows:
        _remark(heading)
        screen.table(None, columns, rows)


def _remark(text: str) -> None:
    """A paragraph below an empty line."""
    typer.echo()
    screen.paragraph(text)


def _deviation_row(deviation: "Deviation") -> tuple[str, ...]:
    feature = FEATURES[deviation.feature]
    is_above = deviation.value > deviation.high
    border = deviation.high if is_above else deviation.low
    numbers = (deviation.value, deviation.low, deviation.high)
    decimals = feature.decimals
    # As many as show that the value is outside.
    while decimals < MOST_DECIMALS and round(deviation.value, decimals) in (round(border, decimals), 0):
        decimals += 1
    value, low, high = (f"{number:.{decimals}f}" for number in numbers)
    return (
        feature.name,
        f"{value} {feature.unit}".strip(),
        f"{low} to {high} {feature.unit}".strip(),
        feature.more if is_above else feature.less,
    )


def document(explanation: "Explanation") -> dict[str, Any]:
    """All of the explanation, as JSON can hold it."""
    request = explanation.request
    label, probability = explanation.ranking[0]
    return {
        "of": request.name,
        "track_id": request.track_id,
        "model_id": explanation.model_id,
        "predicted": label if explanation.known else UNKNOWN,
        "nearest": label,
        "confidence": probability,
        "label": request.label,
        "learnt": request.learnt,
        "remark": request.remark,
        "probabilities": dict(explanation.ranking),
        "similar": {
            of_label.label: [track._asdict() for track in of_label.tracks] for of_label in explanation.nearest
        },
        "without_similar": explanation.without_neighbours,
        "timeline": [asdict(piece) for clip in explanation.clips for piece in clip.pieces],
        "crops": [crop for clip in explanation.clips for crop in _crops(clip, explanation.labels)],
        "unusual": [asdict(of_label) for of_label in explanation.deviations],
    }


def _crops(clip: "ExplainedClip", labels: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Each crop with its seconds within the file, and its probabilities."""
    starts = clip.start_s + clip.scores.middle_s - clip.scores.crop_s / 2
    for start_s, probabilities in zip(starts.tolist(), clip.scores.probabilities.tolist(), strict=True):
        yield {
            "start_s": start_s,
            "end_s": start_s + clip.scores.crop_s,
            "probabilities": dict(zip(labels, probabilities, strict=True)),
        }
