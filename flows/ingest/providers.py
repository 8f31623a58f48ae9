"""Clients of the services and folders that the settings and labels.toml name. They send requests only when used."""

from dataclasses import dataclass
from functools import cached_property

from sqlalchemy import Engine

from config.labels import Configuration
from config.settings import Settings
from flows.ingest.rate_limit import SharedRateLimit
from flows.ingest.track_features import FeatureService
from sources import reccobeats
from sources.deezer.api import WINDOW_S, DeezerApi
from sources.deezer.source import DeezerSource
from sources.djlibraries.source import DjLibrarySource, is_dj_library
from sources.files.crate import FolderSource
from sources.files.library import Library
from sources.http import RetryPolicy
from sources.previews.finders import AudioSource, DeezerByIsrc, LibraryMatches, OwnPreviews
from sources.reccobeats import ReccoBeats
from sources.records import Reference, Source
from sources.spotify import api
from sources.spotify.source import SpotifySource, connect_spotify

SPOTIFY_TERMS = "Spotify Developer Terms: not for training models, not to be kept for good"
RECCOBEATS_TERMS = "ReccoBeats states no licence; its figures may be Spotify's, under Spotify's terms"


@dataclass(frozen=True)
class Providers:
    """The providers of one run. Runs share rate limits through the database of `engine`."""

    settings: Settings
    configuration: Configuration
    engine: Engine

    @cached_property
    def spotify(self) -> SpotifySource:
        """Spotify's playlists and audio features, with the login of the home."""
        settings, secret = self.settings, self.settings.spotify_client_secret
        return connect_spotify(
            settings.spotify_client_id,
            secret.get_secret_value() if secret else None,
            token_file=settings.spotify_token_file,
            api_url=settings.spotify_api_url,
            accounts_url=settings.spotify_accounts_url,
            retry_policy=self.retry_policy,
            timeout_seconds=settings.request_timeout_seconds,
        )

    @cached_property
    def deezer(self) -> DeezerApi:
        """Deezer's API, within the rate limit that all runs share."""
        settings = self.settings
        pace = SharedRateLimit(self.engine, "deezer", settings.deezer_requests, WINDOW_S)
        return DeezerApi(settings.deezer_api_url, pace, self.retry_policy, settings.request_timeout_seconds)

    @cached_property
    def reccobeats(self) -> ReccoBeats:
        """ReccoBeats' API."""
        settings = self.settings
        return ReccoBeats(settings.reccobeats_api_url, self.retry_policy, settings.request_timeout_seconds)

    @cached_property
    def library(self) -> Library | None:
        """The user's own audio files; None where labels.toml names no library."""
        folder = self.configuration.previews.library
        return Library(folder) if folder is not None else None

    @cached_property
    def retry_policy(self) -> RetryPolicy:
        """How often requests are repeated, and after which waits.

        With the default wait, five attempts take longer than the five seconds over which Deezer counts.
        """
        settings = self.settings
        return RetryPolicy(
            attempts=5,
            wait_seconds=settings.retry_wait_seconds,
            longest_wait_seconds=settings.longest_wait_seconds,
        )

    @cached_property
    def dj_libraries(self) -> DjLibrarySource:
        """Playlists in files of DJ programs."""
        return DjLibrarySource(self.configuration.paths, self.settings.windows_per_track)

    def source(self, reference: Reference) -> Source:
        """The source that reads this playlist."""
        if reference.provider == "spotify":
            return self.spotify
        if reference.provider == "deezer":
            return DeezerSource(self.deezer)
        if is_dj_library(reference.external_id):
            return self.dj_libraries
        return FolderSource(self.settings.home, windows=self.settings.windows_per_track)

    def finders(self) -> list[AudioSource]:
        """Sources of audio in the order of labels.toml; the library only where labels.toml names one."""
        hosts, windows = self.settings.preview_hosts, self.settings.windows_per_track
        by_name: dict[str, AudioSource] = {
            "own": OwnPreviews(self.deezer, hosts),
            "deezer": DeezerByIsrc(self.deezer, hosts),
        }
        if self.library is not None:
            by_name["library"] = LibraryMatches(self.library, windows)
        return [by_name[name] for name in self.configuration.previews.order if name in by_name]

    def feature_services(self) -> list[FeatureService]:
        """The services for audio features that labels.toml chooses."""
        services = []
        if self.configuration.features.spotify:
            services.append(
                FeatureService(
                    origin="spotify",
                    licence=SPOTIFY_TERMS,
                    version="v1",
                    fetch=self.spotify.audio_features,
                    ids_per_request=api.MAX_IDS,
                    providers=("spotify",),
                )
            )
        if self.configuration.features.reccobeats:
            services.append(
                FeatureService(
                    origin="reccobeats",
                    licence=RECCOBEATS_TERMS,
                    version="v1",
                    fetch=self.reccobeats.features,
                    ids_per_request=reccobeats.MAX_IDS,
                    providers=("spotify",),
                )
            )
        return services
