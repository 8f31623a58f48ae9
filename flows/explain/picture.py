"""The picture of an explanation: one clip, and the scores of its crops."""

from flows.explain.explanation import ExplainedClip, Explanation
from ml.plots.explanation import plot_explanation


def pictured(explanation: Explanation) -> int:
    """The position of the clip in the picture: the longest one, and the first of several."""
    lengths = [clip.scores.end_s for clip in explanation.clips]
    return lengths.index(max(lengths))


def draw(explanation: Explanation) -> bytes:
    """The picture as PNG."""
    clip: ExplainedClip = explanation.clips[pictured(explanation)]
    return plot_explanation(
        explanation.request.name,
        clip.spectrogram,
        explanation.config,
        clip.start_s,
        clip.scores.middle_s,
        clip.scores.probabilities,
        explanation.labels,
        explanation.colours,
    )
