"""What was heard in a recording to rows: positions of labels become ids, and what is no number becomes null."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml.mixes.analyse import Heard
from ml.mixes.segmentation import Timeline
from ml.mixes.summary import MixFigures


def figure_row(figures: MixFigures, heard: Heard) -> dict[str, Any]:
    """The figures as columns of mixes."""
    return {
        "duration_s": round(heard.duration_s, 3),
        "entropy": figures.entropy,
        "concentration": _share(figures.uniformity),
        "changes_per_hour": figures.changes_per_hour,
        "unknown_share": _share(figures.unlike),
        "tempo_bpm": figures.tempo_bpm,
    }


def segment_rows(timeline: Timeline, heard: Heard, label_ids: Sequence[int]) -> list[dict[str, Any]]:
    """Rows for mix_segments; the tempo is the median of the spans that begin within."""
    ids = dict(zip(heard.labels, label_ids, strict=True))
    begins = np.arange(len(heard.tempo)) * heard.span_s
    return [
        {
            "number": number,
            "start_s": round(segment.start_s, 3),
            "end_s": round(segment.end_s, 3),
            "label_id": None if segment.label is None else ids[segment.label],
            "confidence": _share(segment.confidence),
            "tempo_bpm": _median(heard.tempo[(segment.start_s <= begins) & (begins < segment.end_s)]),
        }
        for number, segment in enumerate(timeline.segments)
    ]


def window_rows(timeline: Timeline, heard: Heard, label_ids: Sequence[int]) -> list[dict[str, Any]]:
    """Rows for mix_windows; the tempo is that of the span in which a window has its middle."""
    rows = []
    for number, state in enumerate(timeline.states.tolist()):
        start_s = number * heard.step_s
        span = min(int((start_s + heard.window_s / 2) / heard.span_s), len(heard.tempo) - 1)
        alone = heard.probabilities[number]
        rows.append(
            {
                "number": number,
                "start_s": round(start_s, 3),
                "label_id": None if state < 0 else label_ids[state],
                "confidence": _share(float(timeline.posterior[number, state])),  # -1, unknown, is the last
                "probabilities": alone.tolist() if np.isfinite(alone).all() else None,
                "tempo_bpm": _number(float(heard.tempo[span])),
            }
        )
    return rows


def _share(value: float) -> float:
    """Within 0 to 1, which a sum of shares may leave by its last digit."""
    return min(1.0, max(0.0, value))


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _median(values: NDArray[np.floating]) -> float | None:
    known = values[np.isfinite(values)]
    return float(np.median(known)) if len(known) else None
