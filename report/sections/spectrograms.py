"""A mel spectrogram of one clip of each label, of the track with the highest confidence."""

from collections.abc import Sequence
from dataclasses import dataclass

from report.components import Column, Columns, Image, Section, Table, table
from report.format import clock, integer, percent, plain_text

TITLE = "What the model sees"


@dataclass(frozen=True, slots=True)
class ClipImage:
    """One clip of a label, and its spectrogram as PNG."""

    label: str
    title: str
    artists: str | None
    confidence: float | None
    split: str | None
    """Its split in the training of the model in use; None where that model has not scored it."""
    offset_s: float
    duration_s: float
    png: bytes
    frequency_ticks: tuple[tuple[float, str], ...]
    """Position and text, from 0 at the bottom to 1 at the top."""


def section(clips: Sequence[ClipImage], labels: int) -> Section:
    """The section, from one clip for each label; `labels` counts all labels."""
    if not clips:
        nothing = "There is no spectrogram yet: labelscope extract."
        return Section("spectrograms", TITLE, "Spectrograms", (nothing,))
    sentences = [
        "One clip of each label, of the held-out track that the model recognises with the highest confidence."
    ]
    if any(clip.split != "holdout" for clip in clips):
        sentences.append("A label without such a track has another one, and its caption names the split.")
    if labels > len(clips):
        sentences.append(f"{integer(len(clips))} of {integer(labels)} labels are shown.")
    return Section(
        "spectrograms",
        TITLE,
        "Spectrograms",
        tuple(sentences),
        images=tuple(_image(number, clip) for number, clip in enumerate(clips)),
        tables=(_table(clips),),
        explanation="Time runs from left to right, frequency from bottom to top on the mel scale, as the network gets"
        " it. Bright is loud; black is 80 dB below the loudest point of the clip.",
    )


def _table(clips: Sequence[ClipImage]) -> Table:
    columns: Columns[ClipImage] = (
        Column("Label", lambda clip: plain_text(clip.label), number=False),
        Column("Title", lambda clip: plain_text(clip.title), number=False),
        Column("Artists", lambda clip: plain_text(clip.artists), number=False),
        Column("Split", lambda clip: plain_text(clip.split), number=False),
        Column("Confidence", lambda clip: percent(clip.confidence)),
        Column("From", lambda clip: clock(clip.offset_s)),
        Column("Seconds", lambda clip: f"{clip.duration_s:.1f}"),
    )
    return table("The clips", columns, clips)


def _image(number: int, clip: ClipImage) -> Image:
    track = f"“{plain_text(clip.title, 80)}” by {plain_text(clip.artists or 'an unknown artist', 80)}"
    label = plain_text(clip.label, 80)
    return Image(
        f"spectrogram-{number}",
        label,
        f"Mel spectrogram of {track}, of the label {label}: {_score(clip)}.",
        f"{track}: {_score(clip)}.",
        clip.png,
        _time_ticks(clip.duration_s),
        clip.frequency_ticks,
    )


def _score(clip: ClipImage) -> str:
    """held out, confidence 93 %"""
    if clip.confidence is None:
        return "not scored yet"
    split = {"holdout": "held out", "train": "used for training"}.get(clip.split or "", clip.split)
    return f"{split}, confidence {percent(clip.confidence, 0)}"


def _time_ticks(duration_s: float) -> tuple[tuple[float, str], ...]:
    """Position and text of at most eight full seconds."""
    step = next(step for step in (1, 2, 5, 10, 20, 60, 600) if duration_s / step <= 7 or step == 600)
    return tuple((second / duration_s, str(second)) for second in range(0, int(duration_s) + 1, step))
