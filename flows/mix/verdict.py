"""Whether a recording suits a taste: listen, maybe or skip, and the reason in a sentence."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from config.labels import Taste
from flows.mix.description import SMALLEST_SHARE, variety
from ml.mixes.summary import MixSummary

LISTEN: Final = 0.6
MAYBE: Final = 0.3
NAMED_LABELS: Final = 3  # in the sentence: those with the largest shares

Word = Literal["listen", "maybe", "skip"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """The verdict on a recording, and its reason in one sentence."""

    word: Word
    reason: str


def judged(summary: MixSummary, taste: Taste | None, names: Mapping[str, str]) -> Verdict | None:
    """The verdict on a recording; None without a taste. See `verdict`."""
    return None if taste is None else verdict(summary, taste, names)


def verdict(summary: MixSummary, taste: Taste, names: Mapping[str, str]) -> Verdict:
    """The verdict on a recording; `taste` has weights by the slug of a label, `names` the name by the slug.

    Its score, from -1.5 to 1, is the mean weight over the time of the recording, minus half of the missing variety.
    """
    score = _score(summary, taste)
    word: Word = "listen" if score >= LISTEN else "maybe" if score >= MAYBE else "skip"
    return Verdict(word, _sentence(summary, taste, names, score))


def _score(summary: MixSummary, taste: Taste) -> float:
    weighted = sum(share * _weight(taste, label) for label, share in summary.shares.items())
    missing_variety = max(0.0, taste.variety - variety(summary.shares))
    # Rounded, so that the last digit of a sum cannot change the verdict.
    return round(weighted + summary.unknown_share * taste.unknown - missing_variety / 2, 6)


def _weight(taste: Taste, label: str) -> float:
    return taste.labels.get(label, 1.0)


def _sentence(summary: MixSummary, taste: Taste, names: Mapping[str, str], score: float) -> str:
    largest = sorted(summary.shares.items(), key=lambda share: -share[1])[:NAMED_LABELS]
    parts = [
        f"{share:.0%} {names.get(label, label)} (weight {_weight(taste, label):g})"
        for label, share in largest
        if share >= SMALLEST_SHARE
    ]
    others = sum(summary.shares.values()) - sum(share for _, share in largest)
    if others >= SMALLEST_SHARE:
        parts.append(f"{others:.0%} other labels")
    if summary.unknown_share >= SMALLEST_SHARE:
        parts.append(f"{summary.unknown_share:.0%} none of the labels (weight {taste.unknown:g})")
    threshold = f"listen at {LISTEN:.2f} or more" if score >= MAYBE else f"maybe at {MAYBE:.2f} or more"
    return (
        f"By your taste it scores {score:.2f} ({threshold}): {', '.join(parts)};"
        f" variety {variety(summary.shares):.2f} (wanted: {taste.variety:g})."
    )
