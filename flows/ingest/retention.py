"""Remove what came from a provider: on demand, or because nobody has confirmed it for too long."""

import shutil
from collections.abc import Callable

from sqlalchemy import Connection, Engine

from common.errors import LabelscopeError
from config.settings import Settings
from db.engine import Lock, try_lock
from db.write.removal import RemovedContent, remove_provider, remove_unconfirmed_tracks
from flows.batch.settle_track_states import settle
from flows.home.environment import model_folder, spectrogram_folder, stored_audio
from flows.home.report_files import forget_reports


class BusyError(LabelscopeError):
    """Content is being brought in just now. The message is one sentence with the cure."""


def purge(engine: Engine, settings: Settings, provider: str) -> RemovedContent:
    """Remove all that came from a provider, its files included; a user's own files stay where they are.

    Raises BusyError while a run is bringing content in, or a backup saves it, which would be half removed.
    """
    leavings = _remove(engine, settings, lambda connection: remove_provider(connection, provider))
    if leavings is None:
        raise BusyError(
            "A run is bringing content in, or a backup saves it; wait for its end, or stop it, and purge again."
        )
    forget_reports(settings)  # they name tracks; the next one is without
    if provider == "spotify":
        shutil.rmtree(settings.spotify_token_file.parent, ignore_errors=True)
    return leavings


def forget_unconfirmed(engine: Engine, settings: Settings, provider: str, days: int) -> RemovedContent:
    """Remove tracks that the provider has not confirmed for so many days, their files included.

    While another run brings content in it is left to the next run.
    """
    removed = _remove(
        engine, settings, lambda connection: remove_unconfirmed_tracks(connection, provider, days)
    )
    return removed or RemovedContent()


def _remove(
    engine: Engine, settings: Settings, remove: Callable[[Connection], RemovedContent]
) -> RemovedContent | None:
    """None where others are at work on content: files that they write would be missed, or lost to them."""
    with try_lock(engine, Lock.CONTENT) as alone, engine.begin() as connection:
        if not alone:
            return None
        leavings = remove(connection)
        # Files first, the commit after: should this be killed in between, the rows are still there to try again by.
        for uri in leavings.audio:
            stored_audio(settings, uri).unlink(missing_ok=True)
        for fingerprint, path in leavings.spectrograms:
            (spectrogram_folder(settings, fingerprint) / path).unlink(missing_ok=True)
        for training in leavings.trainings:
            shutil.rmtree(model_folder(settings) / str(training), ignore_errors=True)
    settle(engine)  # so that nothing of it is left in the counts either
    return leavings
