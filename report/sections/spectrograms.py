"""A mel spectrogram of each label to look at: the track that the model is surest of."""

from collections.abc import Sequence
from dataclasses import dataclass

from report.parts import Column, Image, Section, table
from report.words import clock, share, whole, words

TITLE = "What the model sees"


@dataclass(frozen=True, slots=True)
class Sight:
    """One clip of a label, drawn."""

    label: str
    title: str
    artists: str | None
    confidence: float | None
    split: str | None
    """On which side of the training it stood; None where no model has scored it."""
    offset: float
    seconds: float
    png: bytes
    frequencies: tuple[tuple[float, str], ...]
    """Where which frequency lies, from 0 at the bottom to 1 at the top."""


def section(sights: Sequence[Sight], labels: int) -> Section:
    if not sights:
        return Section(
            "spectrograms", TITLE, "Spectrograms", ("There is no spectrogram yet: labelscope extract.",)
        )
    sentences = [
        "One clip of each label, of the held-out track that the model recognises with the most confidence."
    ]
    if any(sight.split != "holdout" for sight in sights):
        sentences.append(
            "Where there is no such track, another one stands for the label, and its caption says so."
        )
    if labels > len(sights):
        sentences.append(f"{whole(len(sights))} of {whole(labels)} labels are shown.")
    return Section(
        "spectrograms",
        TITLE,
        "Spectrograms",
        tuple(sentences),
        images=tuple(_image(place, sight) for place, sight in enumerate(sights)),
        tables=(
            table(
                "The clips",
                (
                    Column("Label", lambda sight: words(sight.label), number=False),
                    Column("Title", lambda sight: words(sight.title), number=False),
                    Column("Artists", lambda sight: words(sight.artists), number=False),
                    Column("Side", lambda sight: words(sight.split), number=False),
                    Column("Confidence", lambda sight: share(sight.confidence)),
                    Column("From", lambda sight: clock(sight.offset)),
                    Column("Seconds", lambda sight: f"{sight.seconds:.1f}"),
                ),
                sights,
            ),
        ),
        reading="Across is time, upward frequency on the mel scale, as the network gets it; bright is loud, and black"
        " is 80 dB below the loudest of the clip.",
    )


def _image(place: int, sight: Sight) -> Image:
    track = f"“{words(sight.title, 80)}” by {words(sight.artists or 'somebody', 80)}"
    if sight.confidence is None:
        known = "not scored yet"
    elif sight.split == "holdout":
        known = f"held out, {share(sight.confidence, 0)} sure"
    else:
        known = (
            f"{'learnt from' if sight.split == 'train' else sight.split}, {share(sight.confidence, 0)} sure"
        )
    step = next(step for step in (1, 2, 5, 10, 20, 60, 600) if sight.seconds / step <= 7 or step == 600)
    across = tuple((second / sight.seconds, str(second)) for second in range(0, int(sight.seconds) + 1, step))
    return Image(
        f"spectrogram-{place}",
        words(sight.label, 80),
        f"Mel spectrogram of {track}, of the label {words(sight.label, 80)}: {known}.",
        f"{track}: {known}.",
        sight.png,
        across,
        sight.frequencies,
    )
