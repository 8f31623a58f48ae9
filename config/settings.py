"""What can be set, and where it is set: environment variables, each with a default that works.

Which labels are watched, and what may be done with what comes in, stands in labels.toml (config/labels.py).
"""

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError
from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

SECRETS = Path(os.environ.get("LABELSCOPE_SECRETS", "/run/secrets"))  # where Docker puts them


class Settings(BaseSettings):
    """Read from the environment: LABELSCOPE_HOME, …, DATABASE_URL, PREFECT_API_URL, SPOTIPY_CLIENT_ID, …

    What is not there is looked for in a file of that name, in whatever case, in the folder of secrets:
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
        description="A PostgreSQL of your own; without it one is started in the home.",
    )
    database_password: SecretStr | None = Field(
        None,
        validation_alias="DATABASE_PASSWORD",
        description="Of the role in DATABASE_URL, where that does not hold it.",
    )
    prefect_api_url: str | None = Field(
        None,
        validation_alias="PREFECT_API_URL",
        description="A Prefect server of your own; without it one is started in the home.",
    )
    dask: str | None = Field(
        None, description="A Dask cluster for extraction and prediction: its scheduler's address, or `local`."
    )
    labels: Path = Field(
        Path(__file__).with_name("labels.toml"), description="The labels and their playlists: a labels.toml."
    )

    crate: Path | None = Field(
        None,
        description="A folder with one sub-folder of audio for each label: what runs read in place of `labels`.",
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
        description="Where a login comes back to; the same must stand in the app's settings at Spotify.",
    )
    spotify_api_url: str = Field("https://api.spotify.com/v1/", description="Another one only for tests.")
    spotify_accounts_url: str = Field(
        "https://accounts.spotify.com", description="Another one only for tests."
    )
    deezer_api_url: str = Field("https://api.deezer.com", description="Another one only for tests.")
    deezer_requests: int = Field(50, ge=1, description="Requests in any five seconds: Deezer's limit is 50.")
    reccobeats_api_url: str = Field("https://api.reccobeats.com", description="Another one only for tests.")
    preview_hosts: tuple[str, ...] = Field(
        ("*.dzcdn.net", "*.scdn.co"), description="Previews are fetched over https from these hosts alone."
    )
    downloads: int = Field(8, ge=1, description="Previews fetched at the same time.")
    request_timeout_seconds: float = Field(
        20, gt=0, description="A service that is silent for longer has failed."
    )
    retry_wait_seconds: float = Field(
        0.5, ge=0, description="Before the second attempt; then twice as long …"
    )
    longest_wait_seconds: float = Field(
        60,
        ge=0,
        description="A service that asks for a longer wait is left alone until then; the run goes on.",
    )

    workers: int = Field(
        default_factory=lambda: os.cpu_count() or 1,
        ge=1,
        description="Processes that decode audio, or that train in an evaluation.",
    )
    windows_per_track: int = Field(
        3, ge=1, le=100, description="Clips cut from a file longer than a preview."
    )
    extraction_batch: int = Field(32, ge=1, description="Clips in one task and one transaction.")
    extraction_timeout_seconds: int = Field(120, ge=1, description="A clip that takes longer is rejected.")
    prediction_batch: int = Field(256, ge=1, description="Tracks in one task and one transaction.")
    architecture: Literal["labelscope", "seed"] = Field(
        "labelscope", description="The network that is trained: ours, or the notebook's."
    )
    hyperparameters: dict[str, float | int | None] = Field(
        default_factory=dict,
        description='Other choices than those of ml/data/hyperparameters.py, as JSON: {"members": 2, "epochs": 20}.',
    )
    promotion_probability: float = Field(
        0.9,
        ge=0.5,
        le=1,
        description="A new model is used if it is better than the champion in this share of resamples of the holdout.",
    )
    retrain_new_tracks: int = Field(20, ge=1, description="New usable tracks that make a retraining due …")
    retrain_new_share: float = Field(0.1, ge=0, description="… if they are also this share of those known.")
    ui_port: int = Field(
        4200, ge=1, le=65535, description="Where `labelscope up` shows Prefect's pages, on 127.0.0.1 alone."
    )
    timezone: ZoneInfo = Field(ZoneInfo("UTC"), description="Of the three below, such as Europe/Berlin.")
    pipeline_cron: str = Field("0 */6 * * *", description="When the pipeline runs: every six hours.")
    maintain_cron: str = Field("30 3 * * *", description="When files and rows are reconciled: every night.")
    report_cron: str = Field("30 4 * * *", description="When the report is written: every night, after that.")
    keep_runs_days: int = Field(
        30, ge=1, description="Prefect forgets runs, with their logs, and events after so many days."
    )
    random_seed: int = Field(1, ge=0, lt=2**31, description="Makes trainings repeatable.")

    @property
    def spotify_token_file(self) -> Path:
        """Where a login to Spotify is kept: in the home, for its owner alone."""
        return self.home / "spotify" / "login.json"

    @field_validator("database_password", "spotify_client_secret", mode="before")
    @classmethod
    def _empty_is_none(cls, secret: object) -> object:
        return secret or None  # such as a file that Docker wants to be there

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
