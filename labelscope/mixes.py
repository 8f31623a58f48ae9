"""An analysed recording as a Mix."""

from pandas import DataFrame

from flows.mix.analysis import JudgedRecording
from flows.mix.description import Part, described
from flows.mix.rows import segment_rows
from labelscope.results import Mix

SEGMENT_COLUMNS = ["start_s", "end_s", "label", "confidence", "tempo_bpm"]


def mix_of(recording: JudgedRecording) -> Mix:
    """The result of the analysis, with names of labels."""
    summary, scores, names = recording.analysis.summary, recording.analysis.scores, recording.names
    positions = range(len(scores.labels))
    rows = segment_rows(recording.analysis.timeline, scores, positions)
    labels = [None if row["label_id"] is None else names[scores.labels[row["label_id"]]] for row in rows]
    segments = [{**row, "label": label} for row, label in zip(rows, labels, strict=True)]
    parts = [
        Part(label, row["start_s"], row["end_s"], row["confidence"])
        for row, label in zip(rows, labels, strict=True)
    ]
    largest_first = sorted(summary.shares.items(), key=lambda share: -share[1])
    return Mix(
        title=recording.title,
        duration_s=scores.duration_s,
        description=" ".join(described(parts)),
        verdict=recording.verdict.word if recording.verdict else None,
        reason=recording.verdict.reason if recording.verdict else None,
        segments=DataFrame(segments, columns=SEGMENT_COLUMNS),
        shares={names[slug]: share for slug, share in largest_first if share > 0},
        unknown_share=summary.unknown_share,
        changes_per_hour=summary.changes_per_hour,
        tempo_bpm=summary.tempo_bpm,
    )
