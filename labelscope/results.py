"""What the methods of a home return, where it is no table."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pandas import DataFrame


@dataclass(frozen=True, slots=True)
class Prediction:
    """What a file sounds like.

    Attributes:
        path: The file.
        label: The name of the label that it sounds like; None for unknown.
        nearest: The most probable label, also where the file is unknown.
        confidence: The probability of `nearest`, 0 to 1.
        probabilities: Label -> probability, the most probable first. They sum to 1.
        learnt: Whether the model was trained on this very file, so that its prediction proves nothing.
    """

    path: Path
    label: str | None
    nearest: str
    confidence: float
    probabilities: dict[str, float]
    learnt: bool


@dataclass(frozen=True, slots=True, eq=False)
class Mix:
    """A long recording, such as a DJ set, and the labels that it sounds like.

    Attributes:
        title: Artist and title by its tags, or else the name of the file.
        duration_s: Its length in seconds.
        description: What it is made of, how varied it is, and where its labels are uncertain, in sentences.
        verdict: listen, maybe or skip, by the taste in labels.toml; None where there is none.
        reason: Of the verdict, in a sentence; None without one.
        segments: A row for each part of one label: start_s, end_s, label (missing for unknown), confidence, tempo_bpm.
        shares: Label -> share of the time, the largest first, without labels that do not occur.
        unknown_share: The share of the time that is like no label.
        changes_per_hour: Changes from one segment to another.
        tempo_bpm: The median tempo; None where none was found.
    """

    title: str
    duration_s: float
    description: str
    verdict: str | None
    reason: str | None
    segments: "DataFrame"
    shares: dict[str, float]
    unknown_share: float
    changes_per_hour: float
    tempo_bpm: float | None
