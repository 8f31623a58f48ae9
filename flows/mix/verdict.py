"""Whether a recording suits a taste: a word, and the reason in a sentence."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from config.labels import Taste
from ml.mixes.summary import MixSummary

LISTEN: Final = 0.6
MAYBE: Final = 0.3
NAMED: Final = 3  # labels in the sentence, those with the largest shares
SLIGHT: Final = 0.005  # a share that is not worth a word

Word = Literal["listen", "maybe", "skip"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What to do with a recording, and why."""

    word: Word
    reason: str


def verdict(figures: MixSummary, taste: Taste, names: Mapping[str, str]) -> Verdict:
    """The verdict on a recording; `taste` has its labels by slug, `names` are how people write them.

    Its value, from -1.5 to 1, is the mean weight of its time, less half of what its variety lacks.
    """
    value = _value(figures, taste)
    word: Word = "listen" if value >= LISTEN else "maybe" if value >= MAYBE else "skip"
    return Verdict(word, _sentence(figures, taste, names, value))


def variety(shares: Mapping[str, float]) -> float:
    """The chance that two moments of known labels are not of the same: 0 for one label, 1 - 1/n for n in equal parts.

    It does not depend on how many labels the model knows (docs/mixes.md). What is like none of them does not count.
    """
    known = sum(shares.values())
    if known <= 0:
        return 0.0
    return max(0.0, 1 - sum((share / known) ** 2 for share in shares.values()))


def _value(figures: MixSummary, taste: Taste) -> float:
    liked = sum(share * _weight(taste, label) for label, share in figures.shares.items())
    lacking = max(0.0, taste.variety - variety(figures.shares))
    # Rounded, so that a verdict never hangs on the last digit of a sum.
    return round(liked + figures.unknown_share * taste.unknown - lacking / 2, 6)


def _weight(taste: Taste, label: str) -> float:
    return taste.labels.get(label, 1.0)


def _sentence(figures: MixSummary, taste: Taste, names: Mapping[str, str], value: float) -> str:
    largest = sorted(figures.shares.items(), key=lambda share: -share[1])[:NAMED]
    parts = [
        f"{share:.0%} {names.get(label, label)} (weighs {_weight(taste, label):g})"
        for label, share in largest
        if share >= SLIGHT
    ]
    others = sum(figures.shares.values()) - sum(share for _, share in largest)
    if others >= SLIGHT:
        parts.append(f"{others:.0%} other labels")
    if figures.unknown_share >= SLIGHT:
        parts.append(f"{figures.unknown_share:.0%} like none of them (weighs {taste.unknown:g})")
    varied = variety(figures.shares)
    wished = f"{'only ' if varied < taste.variety else ''}{varied:.2f} varied where {taste.variety:g} is wished for"
    if value >= LISTEN:
        end = f"{LISTEN:g} is enough"
    else:
        end = f"{LISTEN:g} would be listen" if value >= MAYBE else f"{MAYBE:g} would be maybe"
    return f"It is {', '.join(parts)}, and {wished}: {value:.2f} in all, where {end}."
