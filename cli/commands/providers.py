"""`labelscope login` and `labelscope purge`: our standing with the services that music is listed at."""

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
    """Where what is in the database may have come from."""

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
    """Log in to Spotify in the browser, for six months; or print the password that Prefect's pages ask for.

    With a login to Spotify your own and your collaborative playlists can be read.
    """
    settings = Settings()
    if service is Service.PREFECT:
        typer.echo(_password(settings))
    else:
        _log_in(settings)


def _password(settings: Settings) -> str:
    """What the pages of the home's Prefect server take."""
    require_home(settings)
    if settings.prefect_api_url:
        raise ServiceError(
            "PREFECT_API_URL names a server of your own: what its pages ask for is its PREFECT_SERVER_API_AUTH_STRING."
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
    typer.echo("Logged in. Runs read Spotify as you from now on.")


def purge(
    provider: Annotated[Provider, typer.Option(help="Whose content is to go.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask first.")] = False,
) -> None:
    """Remove all that came from a provider: rows, audio, spectrograms, and models that learnt from it.

    Files of your own, of a crate or a library, stay where they are.
    """
    from flows.ingest.retention import purge as remove

    settings = Settings()
    require_home(settings)
    if not yes:
        typer.confirm(f"Remove everything that came from {provider}, files and models included?", abort=True)
    with open_database(settings) as engine:
        gone = remove(engine, settings, provider)
    files = len(gone.audio) + len(gone.spectrograms)
    typer.echo(
        f"Removed {gone.playlists} playlists, {gone.tracks} tracks, {gone.clips} clips,"
        f" {gone.models} models and {files} files of sound that came from {provider}."
    )
