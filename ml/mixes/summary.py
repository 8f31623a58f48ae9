"""Summary metrics of a whole mix."""

from dataclasses import dataclass

import numpy as np

from ml.mixes.analyse import WindowScores
from ml.mixes.segmentation import Timeline


@dataclass(frozen=True, slots=True)
class MixSummary:
    """Metrics of a mix. Shares are of its time; all of them and `unknown_share` sum to 1."""

    shares: dict[str, float]  # of each label of the model, in its order
    unknown_share: float  # of time that is like none of the labels
    entropy: float  # of all shares, in bits: 0 for one label, log2(n) for n equal ones
    concentration: float  # Simpson's index: the chance that two moments have the same label
    changes_per_hour: float
    tempo_bpm: float | None  # median over the spans


def summarise(timeline: Timeline, scores: WindowScores) -> MixSummary:
    """The metrics of a mix, by the shares p of its labels and u = `unknown_share`.

    entropy = - u log2 u - sum p log2 p. concentration = sum p^2, Simpson's index: the chance that two random moments of
    the mix have the same label. It is 1 for a mix of one label, 1 / n for n labels of equal shares however many labels
    the model has, and 0 where everything is unknown: two unknown moments do not count as alike.
    """
    seconds_of = dict.fromkeys(scores.labels, 0.0)
    unknown_s = 0.0
    for segment in timeline.segments:
        if segment.label is None:
            unknown_s += segment.end_s - segment.start_s
        else:
            seconds_of[segment.label] += segment.end_s - segment.start_s
    shares = {label: seconds / scores.duration_s for label, seconds in seconds_of.items()}
    unknown_share = unknown_s / scores.duration_s
    positive = np.array([share for share in (*shares.values(), unknown_share) if share > 0])
    tempo = scores.tempo[np.isfinite(scores.tempo)]
    return MixSummary(
        shares=shares,
        unknown_share=unknown_share,
        entropy=max(0.0, float(-(positive * np.log2(positive)).sum())),
        concentration=float(sum(share**2 for share in shares.values())),
        changes_per_hour=(len(timeline.segments) - 1) * 3600 / scores.duration_s,
        tempo_bpm=float(np.median(tempo)) if len(tempo) else None,
    )
