"""Remove content of a provider: on demand, or because the provider has not confirmed it for too long."""

from collections.abc import Callable

from sqlalchemy import Connection, Engine

from common.errors import LabelscopeError
from common.files import delete_folder
from config.settings import Settings
from db.engine import Lock, try_lock
from db.write.removal import RemovedContent, remove_provider, remove_unconfirmed_tracks
from flows.batch.refresh_track_states import refresh_track_states
from flows.home.environment import model_folder, spectrogram_folder, stored_audio
from flows.home.report_files import delete_old_reports


class BusyError(LabelscopeError):
    """Another run ingests or saves content just now. The message is one sentence with the cure."""


def purge(engine: Engine, settings: Settings, provider: str) -> RemovedContent:
    """Remove all content of a provider, with its files. The user's own audio files stay.

    Raises BusyError while a run ingests content, or a backup saves it: either would get half of it.
    """
    removed = _remove(engine, settings, lambda connection: remove_provider(connection, provider))
    if removed is None:
        raise BusyError(
            "A run is ingesting content, or a backup saves it; wait for its end, or stop it, and purge again."
        )
    # Reports name tracks; the next report has none of these.
    delete_old_reports(settings)
    if provider == "spotify":
        delete_folder(settings.spotify_token_file.parent)
    return removed


def remove_unconfirmed(engine: Engine, settings: Settings, provider: str, days: int) -> RemovedContent:
    """Remove tracks that the provider has not confirmed for `days` days, with their files.

    Removes nothing while another run ingests content: the next run does it then.
    """
    removed = _remove(
        engine, settings, lambda connection: remove_unconfirmed_tracks(connection, provider, days)
    )
    return removed or RemovedContent()


def _remove(
    engine: Engine, settings: Settings, remove: Callable[[Connection], RemovedContent]
) -> RemovedContent | None:
    """Remove rows and their files; None where another run works on content, whose new files would be missed."""
    with try_lock(engine, Lock.CONTENT) as locked, engine.begin() as connection:
        if not locked:
            return None
        removed = remove(connection)
        # Delete files before the commit: if this process is killed in between, the next try finds the rows again.
        for uri in removed.audio:
            stored_audio(settings, uri).unlink(missing_ok=True)
        for fingerprint, path in removed.spectrograms:
            (spectrogram_folder(settings, fingerprint) / path).unlink(missing_ok=True)
        for training in removed.trainings:
            delete_folder(model_folder(settings) / str(training))
    # Removes these tracks from the stored counts, too.
    refresh_track_states(engine)
    return removed
