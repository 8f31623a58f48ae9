"""What a mix is made of, how varied it is and where its labels are uncertain, in sentences for listeners."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from db.read.mixes import MixSegmentRow
from flows.prefect_tools.progress import clock

SMALLEST_SHARE: Final = 0.005  # in a sentence
UNCERTAIN: Final = 0.5  # a segment with a lower confidence is as likely something else
NAMED: Final = 3  # uncertain segments in the sentence: the least certain ones
# Of `variety`: two labels in equal parts have 0.5, three 0.67.
DEGREES: Final = ((0.1, "Uniform"), (0.35, "Hardly varied"), (0.6, "Varied"), (1.0, "Very varied"))


class Part(NamedTuple):
    """A segment of a mix, in seconds. The label is a name; None for unknown."""

    label: str | None
    start_s: float
    end_s: float
    confidence: float


def parts_of(segments: Iterable[MixSegmentRow]) -> list[Part]:
    """The parts of a stored mix."""
    return [
        Part(row.label if row.label_id is not None else None, row.start_s, row.end_s, row.confidence)
        for row in segments
    ]


def described(parts: Sequence[Part]) -> list[str]:
    """Sentences: the labels with their shares of the time, the variety where there are any, the uncertain parts."""
    seconds: dict[str | None, float] = {}
    for part in parts:
        seconds[part.label] = seconds.get(part.label, 0.0) + part.end_s - part.start_s
    whole = sum(seconds.values())
    shares = {label: of_label / whole for label, of_label in seconds.items()}
    known = {label: share for label, share in shares.items() if label is not None}
    how_varied = [_varied(known, len(parts) - 1, whole)] if known else []
    return [_made_of(known, shares.get(None, 0.0)), *how_varied, _uncertain(parts, whole)]


def variety(shares: Mapping[str, float]) -> float:
    """The chance that two moments with a known label have different labels (Gini-Simpson index).

    0 for one label, 1 - 1/n for n labels of equal shares, however many labels the model has (docs/mixes.md). Unknown
    time does not count.
    """
    known = sum(shares.values())
    if known <= 0:
        return 0.0
    return max(0.0, 1 - sum((share / known) ** 2 for share in shares.values()))


def is_uncertain(confidence: float) -> bool:
    """Whether a segment with this confidence is as likely something else."""
    return confidence < UNCERTAIN


def _made_of(known: dict[str, float], unknown: float) -> str:
    if not known:
        return "Nothing in it sounds like one of the labels."
    largest_first = sorted(known.items(), key=lambda share: -share[1])
    named = [f"{share:.0%} {label}" for label, share in largest_first if share >= SMALLEST_SHARE]
    if unknown >= SMALLEST_SHARE:
        named.append(f"{unknown:.0%} like none of the labels")
    return f"It is {_joined(named)}."


def _varied(known: dict[str, float], changes: int, whole_s: float) -> str:
    degree = next(word for limit, word in DEGREES if variety(known) <= limit)
    if changes == 0:
        return f"{degree}: it never changes."
    how_often = (
        "one change" if changes == 1 else f"{changes} changes, one in {clock(whole_s / changes)} on average"
    )
    return f"{degree}: {how_often}."


def _uncertain(parts: Sequence[Part], whole_s: float) -> str:
    weak = sorted((part for part in parts if is_uncertain(part.confidence)), key=lambda part: part.confidence)
    if not weak:
        return f"No part is uncertain: all have a confidence of {UNCERTAIN} or more."
    share = sum(part.end_s - part.start_s for part in weak) / whole_s
    named = [
        f"{clock(part.start_s)} to {clock(part.end_s)} ({part.label or 'unknown'}, {part.confidence:.2f})"
        for part in weak[:NAMED]
    ]
    if len(weak) > NAMED:
        named.append(f"{len(weak) - NAMED} more")
    return f"{share:.0%} of it is uncertain, with a confidence below {UNCERTAIN}: {_joined(named)}."


def _joined(words: Sequence[str]) -> str:
    """Such as "a, b and c"."""
    *first, last = words
    return f"{', '.join(first)} and {last}" if first else last
