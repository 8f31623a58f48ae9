"""Made-up rows of the database, with hostile names from the network."""

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import numpy as np

from ml.features.spectrogram import SpectrogramConfig
from ml.plots.plots import frequency_ticks, plot_spectrogram
from report.components import Section, Tile
from report.page import Page
from report.sections import (
    confusion,
    coverage,
    curves,
    labels,
    map,
    mixes,
    new_tracks,
    sound,
    spectrograms,
    trainings,
)

HOSTILE = (
    "<script>alert(1)</script>",
    "</script><img src=x onerror=alert(2)>",
    "<a href='javascript:alert(3)'>%{x} <b>bold</b></a>",
    "1984",
    "\u202eevil\u2028\x00 & co " + "long " * 60,
)
NOW = datetime(2026, 11, 25, 1, 50, tzinfo=UTC)
COLOURS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9")


def row(**values: Any) -> SimpleNamespace:
    return SimpleNamespace(**values)


def of_labels(names: tuple[str, ...] = HOSTILE) -> list[SimpleNamespace]:
    """Rows of the view label_accuracy."""
    return [
        row(
            label=name,
            tracks=40 + place,
            holdout_tracks=8 + place,
            accuracy=(place % 10) / 10,
            most_often_taken_for=names[place - 1],
            taken_for_share=0.25,
            ci_low=max(place % 10 / 10 - 0.1, 0) if place else None,
            ci_high=place % 10 / 10 + 0.05 if place else None,
            precision=0.5,
        )
        for place, name in enumerate(names)
    ]


CHAMPION = row(
    model_id=3,
    track_accuracy=0.64,
    balanced_accuracy=0.63,
    ci_low=0.5,
    ci_high=0.7,
    baseline_accuracy=0.66,
    majority=0.22,
)


def sections(names: tuple[str, ...] = HOSTILE, tracks: int = 50, rows: int = 5) -> tuple[Section, ...]:
    """All sections of the page, of labels with these names."""
    ids = range(1, len(names) + 1)
    colours = {number: COLOURS[number % 5] for number in ids}
    title = names[0]
    playlists = [
        row(
            label=name,
            playlist=name,
            provider="deezer",
            entries=20,
            tracks=18,
            with_audio=15,
            ready=14,
            without_audio="deezer: not found 3",
            left_out=None,
            status="ok",
            status_reason=None,
            path="123",
        )
        for name in names
    ]
    problems = [row(reason="truncated", count=2, example=title)]
    cells = [
        row(true_label=true, predicted_label=guess, count=(5 if true == guess else 1))
        for true in names
        for guess in names
    ]
    mistakes = [
        row(
            true_label=names[0],
            taken_for=names[-1],
            tracks=3,
            share=0.2,
            mean_confidence=0.8,
            called_unknown=1,
        )
    ]
    history = [
        {
            "member": member,
            "epoch": epoch,
            "loss": 2 / epoch,
            "accuracy": 1 - 1 / epoch,
            "validation_loss": 2.0 if epoch % 4 == 0 else None,
            "validation_accuracy": 0.5 if epoch % 4 == 0 else None,
            "seconds": 0.5,
        }
        for member in (1, 2, 3)
        for epoch in range(1, 41)
    ]
    trained = [
        row(
            training_run_id=number,
            started_at=NOW,
            why=title,
            status="completed" if number > 1 else "refused",
            tracks=100,
            epochs=40,
            fit_s=66.0,
            track_accuracy=0.6 if number > 1 else None,
            balanced_accuracy=0.6 if number > 1 else None,
            ci_low=0.5 if number > 2 else None,
            ci_high=0.7 if number > 2 else None,
            baseline_accuracy=0.55 if number > 1 else None,
            model_status="champion" if number == rows else "rejected",
            reason=title,
        )
        for number in range(rows, 0, -1)
    ]
    features = [row(label_id=number, label=name, rows=30) for number, name in zip(ids, names, strict=True)]
    for place, measured in enumerate(features):
        for feature in sound.FEATURES:
            setattr(measured, feature, [place + share for share in sound.PERCENTILES])
        measured.valence = None
    picture = plot_spectrogram(np.random.default_rng(1).uniform(-80, 0, (1292, 128)))
    clip_images = [
        spectrograms.ClipImage(
            name,
            name,
            None,
            0.9 if place else None,
            "holdout" if place else None,
            0.0,
            30.0,
            picture,
            frequency_ticks(SpectrogramConfig()),
        )
        for place, name in enumerate(names)
    ]
    places = [
        row(
            x=float(np.sin(number)),
            y=float(np.cos(number)),
            label=[*names, None][number % (len(names) + 1)],
            artists=title,
            title=title,
        )
        for number in range(tracks)
    ]
    latest_mixes = [
        row(
            id=number,
            title=title,
            duration_s=3600.0,
            verdict="listen",
            verdict_reason=title,
            tempo_bpm=128.0,
            changes_per_hour=6.0,
            unknown_share=0.1,
            model_id=3,
            created_at=NOW,
        )
        for number in (2, 1)
    ]
    segments = [
        row(
            mix_id=number,
            title=title,
            start_s=1800.0 * part,
            end_s=1800.0 * (part + 1),
            label_id=1 if part else None,
            label=names[0] if part else "unknown",
            confidence=0.8,
            tempo_bpm=None,
        )
        for number in (2, 1)
        for part in (0, 1)
    ]
    came_in = [
        row(
            title=title,
            artists=title,
            label=title,
            predicted=predicted,
            confidence=0.7,
            nearest=title,
            next_label=title,
            next_probability=0.2,
            first_seen_at=NOW,
        )
        for predicted in (title, "unknown")
    ]
    return (
        coverage.section(playlists, problems),
        new_tracks.section(came_in, 9),
        labels.section(of_labels(names), CHAMPION),
        confusion.section(cells, mistakes),
        curves.section(history, ("convolutions", "changes", "timbre"), row(id=1, fit_s=190.0, tracks=100)),
        trainings.section(trained),
        sound.section(features, colours),
        spectrograms.section(clip_images, len(names)),
        map.section(places, dict(zip(names, colours.values(), strict=True)), "#bdbdbd", tracks + 1),
        mixes.section(latest_mixes, segments, colours, "#bdbdbd", 9),
    )


def page(*shown: Section) -> Page:
    return Page(NOW, HOSTILE[0], (Tile("Tracks", "50", HOSTILE[1]),), shown, "0.1.0")
