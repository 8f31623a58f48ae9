"""What can be set, and where it is set: environment variables, each with a default that works."""

import os
from pathlib import Path

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Read from the environment: LABELSCOPE_HOME, LABELSCOPE_WORKERS, …, DATABASE_URL, PREFECT_API_URL."""

    model_config = SettingsConfigDict(env_prefix="LABELSCOPE_", env_ignore_empty=True)

    home: Path = Field(Path(".labelscope"), description="Folder that holds everything Labelscope writes.")
    database_url: str | None = Field(
        None,
        validation_alias="DATABASE_URL",
        description="A PostgreSQL of your own; without it one is started in the home.",
    )
    prefect_api_url: str | None = Field(
        None,
        validation_alias="PREFECT_API_URL",
        description="A Prefect server of your own; without it one is started in the home.",
    )
    workers: int = Field(
        default_factory=lambda: os.cpu_count() or 1, ge=1, description="Processes that decode audio."
    )
    windows_per_track: int = Field(
        3, ge=1, le=100, description="Clips cut from a file longer than a preview."
    )
    extraction_batch: int = Field(32, ge=1, description="Clips in one task and one transaction.")
    extraction_timeout_seconds: int = Field(120, ge=1, description="A clip that takes longer is rejected.")
    prediction_batch: int = Field(256, ge=1, description="Tracks in one task and one transaction.")
    retrain_new_tracks: int = Field(20, ge=1, description="New usable tracks that make a retraining due …")
    retrain_new_share: float = Field(0.1, ge=0, description="… if they are also this share of those known.")
    random_seed: int = Field(1, description="Makes trainings repeatable.")

    @field_validator("home")
    @classmethod
    def _absolute(cls, home: Path) -> Path:
        return home.expanduser().absolute()
