"""The facts about an analysed mix as sentences, for Prefect's artifacts and the terminal."""

from db.read.mixes import AnalysedMix
from flows.prefect_tools.progress import clock


def length_and_tempo(mix: AnalysedMix) -> str:
    """Such as "1:30:00 long, 128 BPM"."""
    tempo = "no tempo found" if mix.tempo_bpm is None else f"{mix.tempo_bpm:.0f} BPM"
    return f"{clock(mix.duration_s)} long, {tempo}"


def analysed_by(mix: AnalysedMix, recognised: bool) -> str:
    """Which model analysed the mix: for a recognised file the date, else the time that it took."""
    if recognised:
        return f"recognised: model {mix.model_id} analysed this file on {mix.created_at:%Y-%m-%d at %H:%M}"
    speed = mix.duration_s / mix.analysis_s
    return (
        f"analysed by model {mix.model_id} in {mix.analysis_s:.1f} s, {speed:.0f} times as fast as it plays"
    )
