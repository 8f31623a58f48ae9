"""Figures of a whole mix."""

from dataclasses import dataclass

import numpy as np

from ml.mixes.analyse import WindowScores
from ml.mixes.segmentation import Timeline


@dataclass(frozen=True, slots=True)
class MixSummary:
    """What a mix is like. Shares are of its time, and sum to 1 with `unlike`."""

    shares: dict[str, float]  # of each label that the model knows, in its order
    unlike: float  # the share that is like nothing known
    entropy: float  # of all shares, in bits: 0 for one label, log2(n) for n alike
    uniformity: float  # the chance that two moments have the same known label
    changes_per_hour: float
    tempo_bpm: float | None  # median over the spans


def summarise(timeline: Timeline, heard: WindowScores) -> MixSummary:
    """Shares p of labels, u = `unlike`, and what follows from them.

    entropy = - u log2 u - sum p log2 p, and uniformity = sum p^2: the chance that two moments of the mix, taken at
    random, have the same label (Simpson's index). It is 1 for a mix of one label, 1 / n for n labels of equal shares
    however many the model knows, and 0 where everything is unknown: two unknown moments are not taken to be alike.
    """
    spent = dict.fromkeys(heard.labels, 0.0)
    unlike = 0.0
    for segment in timeline.segments:
        if segment.label is None:
            unlike += segment.end_s - segment.start_s
        else:
            spent[segment.label] += segment.end_s - segment.start_s
    shares = {label: seconds / heard.duration_s for label, seconds in spent.items()}
    unlike /= heard.duration_s
    every = np.array([share for share in (*shares.values(), unlike) if share > 0])
    tempo = heard.tempo[np.isfinite(heard.tempo)]
    return MixSummary(
        shares=shares,
        unlike=unlike,
        entropy=max(0.0, float(-(every * np.log2(every)).sum())),
        uniformity=float(sum(share**2 for share in shares.values())),
        changes_per_hour=(len(timeline.segments) - 1) * 3600 / heard.duration_s,
        tempo_bpm=float(np.median(tempo)) if len(tempo) else None,
    )
