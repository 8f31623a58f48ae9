"""What is said of a recording in words, on Prefect's pages and at the terminal."""

from typing import Any

from flows.prefect_tools.progress import clock


def figures_of(mix: Any) -> list[str]:
    """The figures of an analysed recording, a row of mixes, a line each."""
    tempo = "no tempo was found" if mix.tempo_bpm is None else f"{mix.tempo_bpm:.0f} beats a minute"
    return [
        f"{clock(mix.duration_s)} long, {tempo}, {mix.changes_per_hour:.1f} changes an hour",
        f"{mix.unknown_share:.0%} like none of the labels, concentration {mix.concentration:.2f},"
        f" entropy {mix.entropy:.2f} bits",
    ]


def heard_by(mix: Any, recognised: bool) -> str:
    """Which model heard it, and when, or how long that took."""
    if recognised:
        return f"recognised: model {mix.model_id} heard this file on {mix.created_at:%Y-%m-%d at %H:%M}"
    speed = mix.duration_s / mix.analysis_s
    return f"heard by model {mix.model_id} in {mix.analysis_s:.1f} s, {speed:.0f} times as fast as it plays"
