"""Window scores and segments of a mix to rows: positions of labels become ids, and NaN becomes null."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from config.labels import Taste
from db.write.mixes import MixMetrics, SegmentRow, VerdictColumns, WindowRow
from flows.mix.verdict import Verdict
from ml.mixes.analyse import WindowScores
from ml.mixes.segmentation import Timeline
from ml.mixes.summary import MixSummary


def summary_row(summary: MixSummary, scores: WindowScores) -> MixMetrics:
    """The metrics of the whole mix, as columns of mixes."""
    return {
        "duration_s": round(scores.duration_s, 3),
        "entropy": summary.entropy,
        "concentration": _share(summary.concentration),
        "changes_per_hour": summary.changes_per_hour,
        "unknown_share": _share(summary.unknown_share),
        "tempo_bpm": summary.tempo_bpm,
    }


def verdict_columns(verdict: Verdict | None, taste: Taste | None) -> VerdictColumns:
    """The verdict and its taste, as columns of mixes; all of them null without a taste."""
    return {
        "verdict": verdict.word if verdict else None,
        "verdict_reason": verdict.reason if verdict else None,
        "taste": taste.model_dump_json() if taste else None,
    }


def segment_rows(timeline: Timeline, scores: WindowScores, label_ids: Sequence[int]) -> list[SegmentRow]:
    """Rows for mix_segments; the tempo is the median of the spans that begin within a segment."""
    ids = dict(zip(scores.labels, label_ids, strict=True))
    span_starts = np.arange(len(scores.tempo)) * scores.span_s
    return [
        {
            "number": number,
            "start_s": round(segment.start_s, 3),
            "end_s": round(segment.end_s, 3),
            "label_id": None if segment.label is None else ids[segment.label],
            "confidence": _share(segment.confidence),
            "tempo_bpm": _median(
                scores.tempo[(segment.start_s <= span_starts) & (span_starts < segment.end_s)]
            ),
        }
        for number, segment in enumerate(timeline.segments)
    ]


def window_rows(timeline: Timeline, scores: WindowScores, label_ids: Sequence[int]) -> list[WindowRow]:
    """Rows for mix_windows; the tempo is that of the span around the middle of a window."""
    rows: list[WindowRow] = []
    for number, state in enumerate(timeline.states.tolist()):
        start_s = number * scores.step_s
        span = min(int((start_s + scores.window_s / 2) / scores.span_s), len(scores.tempo) - 1)
        probabilities = scores.probabilities[number]
        rows.append(
            {
                "number": number,
                "start_s": round(start_s, 3),
                "label_id": None if state < 0 else label_ids[state],
                # State -1 is unknown, the last column of the posterior.
                "confidence": _share(float(timeline.posterior[number, state])),
                "probabilities": probabilities.tolist() if np.isfinite(probabilities).all() else None,
                "tempo_bpm": _number(float(scores.tempo[span])),
            }
        )
    return rows


def _share(value: float) -> float:
    """The value within 0 to 1: rounding may take a sum of shares just outside."""
    return min(1.0, max(0.0, value))


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _median(values: NDArray[np.floating]) -> float | None:
    """The median of the finite values; None where there is none."""
    finite = values[np.isfinite(values)]
    return float(np.median(finite)) if len(finite) else None
