"""`labelscope login` and `labelscope purge`: log in to services, and remove what came from one."""

from enum import StrEnum
from typing import Annotated

import typer

from config.settings import Settings
from flows.home.environment import open_database
from flows.home.folder import make_home, require_home
from services.keeper import ServiceError
from services.prefect.login import home_login


class Service(StrEnum):
    """Services that people log in to."""

    SPOTIFY = "spotify"
    PREFECT = "prefect"


class Provider(StrEnum):
    """Sources of tracks and audio in the database."""

    SPOTIFY = "spotify"
    DEEZER = "deezer"
    RECCOBEATS = "reccobeats"
    LIBRARY = "library"
    FOLDER = "folder"
    SYNTH = "synth"


def login(
    service: Annotated[
        Service, typer.Argument(metavar="SERVICE", help="Where to log in: spotify, or prefect.")
    ],
) -> None:
    """Log in to Spotify in the browser, for six months; or print the login of Prefect's pages.

    With a login to Spotify your own and your collaborative playlists can be read.
    """
    settings = Settings()
    if service is Service.PREFECT:
        typer.echo(_password(settings))
    else:
        _log_in(settings)


def _password(settings: Settings) -> str:
    """The login to the pages of the home's Prefect server, name:password."""
    require_home(settings)
    if settings.prefect_api_url:
        raise ServiceError(
            "PREFECT_API_URL names a server of your own: log in with its PREFECT_SERVER_API_AUTH_STRING."
        )
    return home_login(settings.home)


def _log_in(settings: Settings) -> None:
    from sources.http import RetryPolicy
    from sources.spotify.auth import Key
    from sources.spotify.auth import login as log_in

    make_home(settings)
    secret = settings.spotify_client_secret
    key = Key(
        settings.spotify_client_id,
        secret.get_secret_value() if secret else None,
        settings.spotify_accounts_url,
        settings.request_timeout_seconds,
    )
    log_in(
        key,
        settings.spotify_token_file,
        tell=typer.echo,
        redirect_uri=settings.spotify_redirect_uri,
        retry_policy=RetryPolicy(wait_seconds=settings.retry_wait_seconds),
    )
    typer.echo("Logged in. From now on runs read Spotify with your account.")


def purge(
    provider: Annotated[Provider, typer.Option(help="Remove what came from this one.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask first.")] = False,
) -> None:
    """Remove all that came from a provider: rows, audio, spectrograms, and models that were trained on it.

    Your own files, of a crate or a library, stay where they are.
    """
    from flows.ingest.retention import purge as remove

    settings = Settings()
    require_home(settings)
    if not yes:
        typer.confirm(f"Remove everything that came from {provider}, files and models included?", abort=True)
    with open_database(settings) as engine:
        removed = remove(engine, settings, provider)
    files = len(removed.audio) + len(removed.spectrograms)
    typer.echo(
        f"Removed {removed.playlists} playlists, {removed.tracks} tracks, {removed.clips} clips,"
        f" {removed.models} models and {files} audio and spectrogram files that came from {provider}."
    )
