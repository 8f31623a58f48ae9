"""What every step of a training or an evaluation needs: the database, the settings and the spectrograms."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, Engine

from config.settings import Settings
from db.write.clips import register_spectrogram_config
from flows.home.environment import spectrogram_folder
from ml.features.spectrogram import SpectrogramConfig


@dataclass(frozen=True, slots=True)
class TrainingContext:
    """The database, the settings, and the kind of spectrograms of a training or an evaluation."""

    engine: Engine
    settings: Settings
    allowed: tuple[str, ...]  # origins whose content may be used for training
    config: SpectrogramConfig
    config_id: int

    @property
    def spectrograms(self) -> Path:
        """The folder of the spectrograms with this configuration."""
        return spectrogram_folder(self.settings, self.config.fingerprint())


def new_context(
    engine: Engine, connection: Connection, settings: Settings, allowed: Sequence[str]
) -> TrainingContext:
    """The context of a run that starts now. Registers the spectrogram configuration in the database."""
    config = SpectrogramConfig()
    config_id = register_spectrogram_config(connection, config.fingerprint(), config.to_dict())
    return TrainingContext(engine, settings, tuple(allowed), config, config_id)
