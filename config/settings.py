"""Settings from environment variables, each with a default that works.

Labels, playlists and the permitted uses of their data are in labels.toml (config/labels.py).
"""

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError
from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

SECRETS = Path(os.environ.get("LABELSCOPE_SECRETS", "/run/secrets"))  # the folder in which Docker mounts them


class Settings(BaseSettings):
    """Read from the environment: LABELSCOPE_HOME, …, DATABASE_URL, PREFECT_API_URL, SPOTIPY_CLIENT_ID, …

    A variable that is not set is read from a file of that name, in any case, in the folder of secrets, such as
    /run/secrets/spotipy_client_secret.
    """

    model_config = SettingsConfigDict(
        env_prefix="LABELSCOPE_",
        env_ignore_empty=True,
        hide_input_in_errors=True,
        secrets_dir=SECRETS if SECRETS.is_dir() else None,
    )

    home: Path = Field(Path(".labelscope"), description="Folder that holds everything Labelscope writes.")
    database_url: str | None = Field(
        None,
        validation_alias="DATABASE_URL",
        description="A PostgreSQL of your own; without it Labelscope starts one in the home.",
    )
    database_password: SecretStr | None = Field(
        None,
        validation_alias="DATABASE_PASSWORD",
        description="The password of the role in DATABASE_URL, if the URL does not hold it.",
    )
    prefect_api_url: str | None = Field(
        None,
        validation_alias="PREFECT_API_URL",
        description="A Prefect server of your own; without it Labelscope starts one in the home.",
    )
    dask: str | None = Field(
        None, description="A Dask cluster for extraction and prediction: its scheduler's address, or `local`."
    )
    labels: Path = Field(
        Path(__file__).with_name("labels.toml"), description="The labels and their playlists: a labels.toml."
    )

    crate: Path | None = Field(
        None,
        description="A folder with one sub-folder of audio for each label, read in place of `labels`.",
    )

    spotify_client_id: str | None = Field(
        None, validation_alias="SPOTIPY_CLIENT_ID", description="From developer.spotify.com/dashboard."
    )
    spotify_client_secret: SecretStr | None = Field(
        None, validation_alias="SPOTIPY_CLIENT_SECRET", description="From the same page."
    )
    spotify_redirect_uri: str = Field(
        "http://127.0.0.1:8913/callback",  # Spotify takes http for this host alone, not for localhost
        validation_alias="SPOTIPY_REDIRECT_URI",
        description="The address to which a login returns; the app's settings at Spotify must hold the same.",
    )
    spotify_api_url: str = Field("https://api.spotify.com/v1/", description="Change it only for tests.")
    spotify_accounts_url: str = Field("https://accounts.spotify.com", description="Change it only for tests.")
    deezer_api_url: str = Field("https://api.deezer.com", description="Change it only for tests.")
    deezer_requests: int = Field(50, ge=1, description="Requests in any five seconds: Deezer's limit is 50.")
    reccobeats_api_url: str = Field("https://api.reccobeats.com", description="Change it only for tests.")
    preview_hosts: tuple[str, ...] = Field(
        ("*.dzcdn.net", "*.scdn.co"),
        description="The only hosts from which previews are fetched, over https.",
    )
    downloads: int = Field(8, ge=1, description="Previews fetched at the same time.")
    request_timeout_seconds: float = Field(
        20, gt=0, description="The longest wait for more of a service's answer."
    )
    retry_wait_seconds: float = Field(
        0.5, ge=0, description="The wait before the second attempt; it doubles with each further one."
    )
    longest_wait_seconds: float = Field(
        60,
        ge=0,
        description="If a service wants a longer wait, Labelscope does not ask it again before then; the run goes on.",
    )

    workers: int = Field(
        default_factory=lambda: os.cpu_count() or 1,
        ge=1,
        description="Processes that decode audio, or train in an evaluation.",
    )
    windows_per_track: int = Field(
        3, ge=1, le=100, description="Clips cut from a file longer than a preview."
    )
    extraction_batch: int = Field(32, ge=1, description="Clips in one task and one transaction.")
    extraction_timeout_seconds: int = Field(
        120, ge=1, description="The longest time for one clip; then it is rejected."
    )
    prediction_batch: int = Field(256, ge=1, description="Tracks in one task and one transaction.")
    architecture: Literal["labelscope", "seed"] = Field(
        "labelscope", description="The network to train: ours, or the notebook's."
    )
    hyperparameters: dict[str, float | int | None] = Field(
        default_factory=dict,
        description='Changes to ml/data/hyperparameters.py, as JSON: {"members": 2, "epochs": 20}.',
    )
    promotion_probability: float = Field(
        0.9,
        ge=0.5,
        le=1,
        description="A new model is promoted if it beats the champion in this share of resamples of the holdout.",
    )
    retrain_new_tracks: int = Field(20, ge=1, description="New usable tracks that make a retraining due …")
    retrain_new_share: float = Field(0.1, ge=0, description="… if they are also this share of those known.")
    ui_port: int = Field(
        4200, ge=1, le=65535, description="The port on 127.0.0.1 of Prefect's pages under `labelscope up`."
    )
    tcp_port: int | None = Field(
        None,
        ge=1,
        le=65535,
        description="A port on 127.0.0.1 where `labelscope up` lets programs read the home's own PostgreSQL.",
    )
    timezone: ZoneInfo = Field(
        ZoneInfo("UTC"), description="The time zone of the three schedules below, such as Europe/Berlin."
    )
    pipeline_cron: str = Field("0 */6 * * *", description="When the pipeline runs: every six hours.")
    maintain_cron: str = Field("30 3 * * *", description="When files and rows are reconciled: every night.")
    report_cron: str = Field("30 4 * * *", description="When the report is written: every night, after that.")
    keep_runs_days: int = Field(
        30, ge=1, description="Days after which Prefect deletes runs, their logs and events."
    )
    random_seed: int = Field(1, ge=0, lt=2**31, description="The seed that makes trainings repeatable.")

    @property
    def has_spotify_key(self) -> bool:
        """Whether the key of an app at Spotify is set. Playlists of Spotify cannot be read without one."""
        secret = self.spotify_client_secret.get_secret_value() if self.spotify_client_secret else ""
        return bool((self.spotify_client_id or "").strip() and secret.strip())

    @property
    def spotify_token_file(self) -> Path:
        """The file with the login to Spotify, in the home. Only its owner may read it."""
        return self.home / "spotify" / "login.json"

    @field_validator("database_password", "spotify_client_secret", mode="before")
    @classmethod
    def _empty_is_none(cls, secret: object) -> object:
        return secret or None  # Docker needs a file of secrets, which may be empty

    @field_validator("pipeline_cron", "maintain_cron", "report_cron")
    @classmethod
    def _cron(cls, line: str) -> str:
        try:
            if len(line.split()) != 5:  # CronSim takes a sixth for seconds
                raise CronSimError("Wrong number of fields")
            CronSim(line, datetime.now(UTC))
        except CronSimError:
            raise ValueError("it is no line of a crontab; write five fields, such as 0 */6 * * *") from None
        return line

    @field_validator("home", "labels", "crate")
    @classmethod
    def _absolute(cls, path: Path | None) -> Path | None:
        return path.expanduser().absolute() if path else None
