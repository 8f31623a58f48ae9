"""The services and folders that the settings and labels.toml name, ready to be asked. Nothing is asked yet."""

from dataclasses import dataclass
from functools import cached_property

from sqlalchemy import Engine

from config.labels import Configuration
from config.settings import Settings
from flows.ingest.rate_limit import SharedPace
from flows.ingest.track_features import FeatureService
from sources import reccobeats
from sources.deezer.api import WINDOW_S, DeezerApi
from sources.deezer.source import DeezerSource
from sources.files.crate import FolderSource
from sources.files.library import Library
from sources.http import RetryPolicy
from sources.previews.finders import AudioSource, DeezerByIsrc, LibraryMatches, OwnPreviews
from sources.reccobeats import ReccoBeats
from sources.records import Source
from sources.spotify import api
from sources.spotify.source import SpotifySource, connect_spotify

SPOTIFY_TERMS = "Spotify Developer Terms: not for training models, not to be kept for good"
RECCOBEATS_TERMS = "ReccoBeats states no licence; its figures may be Spotify's, under Spotify's terms"


@dataclass(frozen=True)
class Outside:
    """The outside world of one run."""

    settings: Settings
    configuration: Configuration
    engine: Engine  # of the database in which all runs take turns

    @cached_property
    def spotify(self) -> SpotifySource:
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
        settings = self.settings
        pace = SharedPace(self.engine, "deezer", settings.deezer_requests, WINDOW_S)
        return DeezerApi(settings.deezer_api_url, pace, self.retry_policy, settings.request_timeout_seconds)

    @cached_property
    def reccobeats(self) -> ReccoBeats:
        settings = self.settings
        return ReccoBeats(settings.reccobeats_api_url, self.retry_policy, settings.request_timeout_seconds)

    @cached_property
    def library(self) -> Library | None:
        folder = self.configuration.previews.library
        return Library(folder) if folder is not None else None

    @cached_property
    def retry_policy(self) -> RetryPolicy:
        settings = self.settings
        return RetryPolicy(
            attempts=5,  # with the default wait, longer than the five seconds in which Deezer counts
            wait_seconds=settings.retry_wait_seconds,
            longest_wait_seconds=settings.longest_wait_seconds,
        )

    def source(self, provider: str) -> Source:
        """Where playlists of this provider are read."""
        if provider == "spotify":
            return self.spotify
        if provider == "deezer":
            return DeezerSource(self.deezer)
        return FolderSource(self.settings.home, windows=self.settings.windows_per_track)

    def finders(self) -> list[AudioSource]:
        """Where audio is looked for, in the order of the configuration; without a library nobody looks there."""
        hosts, windows = self.settings.preview_hosts, self.settings.windows_per_track
        made: dict[str, AudioSource] = {
            "own": OwnPreviews(self.deezer, hosts),
            "deezer": DeezerByIsrc(self.deezer, hosts),
        }
        if self.library is not None:
            made["library"] = LibraryMatches(self.library, windows)
        return [made[source] for source in self.configuration.previews.order if source in made]

    def feature_services(self) -> list[FeatureService]:
        """Services that are asked for audio features, as the configuration wants it."""
        chosen = []
        if self.configuration.features.spotify:
            chosen.append(
                FeatureService(
                    "spotify",
                    SPOTIFY_TERMS,
                    "v1",
                    self.spotify.audio_features,
                    api.MAX_IDS,
                    ("spotify",),
                )
            )
        if self.configuration.features.reccobeats:
            chosen.append(
                FeatureService(
                    "reccobeats",
                    RECCOBEATS_TERMS,
                    "v1",
                    self.reccobeats.features,
                    reccobeats.MAX_IDS,
                    ("spotify",),
                )
            )
        return chosen
