"""The synthetic crate of the demo, rendered on all cores."""

from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path

from config.settings import Settings
from flows.home.folder import synthetic_crate
from flows.prefect_tools.progress import progress_bar
from sources.synth.crate import plan_crate, write_song


def render_synthetic_crate(settings: Settings) -> Path:
    """Render the songs that are missing; returns the folder of the crate."""
    folder = synthetic_crate(settings.home)
    songs = plan_crate(settings.random_seed)
    with (
        ProcessPoolExecutor(settings.workers, mp_context=get_context("spawn")) as pool,
        progress_bar("Rendering synthetic music", len(songs)) as advance,
    ):
        for future in as_completed([pool.submit(write_song, song, folder) for song in songs]):
            future.result()
            advance(1)
    return folder
