"""Remove what came from a provider: on demand, or because nobody has confirmed it for too long."""

import shutil
from collections.abc import Callable

from sqlalchemy import Connection, Engine

from config.settings import Settings
from db.store.removal import Leavings, remove_provider, remove_unconfirmed_tracks
from flows.home import model_folder, spectrogram_folder, stored_audio


def purge(engine: Engine, settings: Settings, provider: str) -> Leavings:
    """Remove all that came from a provider, its files included; a user's own files stay where they are."""
    if provider == "spotify":
        shutil.rmtree(settings.spotify_token_file.parent, ignore_errors=True)
    return _remove(engine, settings, lambda connection: remove_provider(connection, provider))


def forget_unconfirmed(engine: Engine, settings: Settings, provider: str, days: int) -> Leavings:
    """Remove tracks that the provider has not confirmed for so many days, their files included."""
    return _remove(engine, settings, lambda connection: remove_unconfirmed_tracks(connection, provider, days))


def _remove(engine: Engine, settings: Settings, remove: Callable[[Connection], Leavings]) -> Leavings:
    with engine.begin() as connection:
        leavings = remove(connection)
        # Files first, the commit after: should this be killed in between, the rows are still there to try again by.
        for uri in leavings.audio:
            stored_audio(settings, uri).unlink(missing_ok=True)
        for fingerprint, path in leavings.spectrograms:
            (spectrogram_folder(settings, fingerprint) / path).unlink(missing_ok=True)
        for path in leavings.models:
            (model_folder(settings) / path).unlink(missing_ok=True)
    return leavings
