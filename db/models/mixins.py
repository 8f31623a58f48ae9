"""Columns that two tables have in common."""

from typing import Any

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column


class Provenance:
    """What a training or an evaluation was made from."""

    config_id: Mapped[int] = mapped_column(
        ForeignKey("spectrogram_configs.id"), comment="The parameters of the spectrograms."
    )
    labels: Mapped[list[dict[str, Any]]] = mapped_column(
        comment="Ids and slugs of the labels in the order of the outputs."
    )
    origins: Mapped[list[str]] = mapped_column(
        server_default="[]", comment="Providers of the audio, and of the playlists that gave labels."
    )
    versions: Mapped[dict[str, Any]] = mapped_column(
        comment="Versions of Python, libraries, backend and code."
    )


class MetricValue:
    """The value of a metric with its confidence interval, for a level and for some metrics a label."""

    level: Mapped[str] = mapped_column(
        comment="Level: crop, clip (mean of its crops) or track (mean of its clips)."
    )
    label_id: Mapped[int | None] = mapped_column(
        ForeignKey("labels.id"), comment="The label; null for all labels together."
    )
    value: Mapped[float] = mapped_column(comment="Value of the metric.")
    ci_low: Mapped[float | None] = mapped_column(comment="Lower end of the 95 % confidence interval.")
    ci_high: Mapped[float | None] = mapped_column(comment="Upper end of the 95 % confidence interval.")
    count: Mapped[int] = mapped_column(comment="Number of crops, clips or tracks behind the value.")


class ConfusionCount:
    """A cell of a confusion matrix."""

    level: Mapped[str] = mapped_column(primary_key=True, comment="Level: crop, clip or track.")
    true_label_id: Mapped[int] = mapped_column(
        ForeignKey("labels.id"), primary_key=True, comment="The true label."
    )
    predicted_label_id: Mapped[int] = mapped_column(
        ForeignKey("labels.id"), primary_key=True, comment="The predicted label."
    )
    count: Mapped[int] = mapped_column(comment="Number of cases.")


class FeatureSums:
    """Counts and sums of audio features, from which means of many tracks are computed."""

    tempo_count: Mapped[int] = mapped_column(comment="Number of these rows with a tempo.")
    tempo_sum: Mapped[float] = mapped_column(comment="Sum of the tempos in beats per minute.")
    loudness_count: Mapped[int] = mapped_column(comment="Number of these rows with a loudness.")
    loudness_sum: Mapped[float] = mapped_column(comment="Sum of the loudnesses in LUFS.")
    onset_count: Mapped[int] = mapped_column(comment="Number of these rows with an onset rate.")
    onset_sum: Mapped[float] = mapped_column(comment="Sum of the onset rates per second.")
