"""The model's file: one `.keras` file that describes itself.

The file is an ordinary Keras archive with one more member, `labelscope.json` (the ModelCard): label order,
spectrogram parameters, standardisation, calibration, range of temporal variance, and a summary of the training.
One file is enough to score a spectrogram, and one sha256 covers all of it. It loads with Keras alone, in safe mode
and without custom code.
"""

import json
import zipfile
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

from common.errors import LabelscopeError
from common.files import replacing, sha256_of
from ml.data.crops import CROP_FRAMES, Standardisation
from ml.evaluation.calibration import Calibration, Temperatures
from ml.lean_keras import keras
from ml.models.novelty import DEFAULT_TEMPORAL_VARIANCE_RANGE

CARD: Final = "labelscope.json"
CARD_FORMAT: Final = 2
# Keys of the JSON that differ from the field's name: files of earlier versions must remain readable.
STORED_KEYS: Final = {"spectrogram_config": "recipe", "temporal_variance_range": "usual_movement"}
CURE: Final = "restore it from a backup or retrain."


class ModelFileError(LabelscopeError):
    """A model file is missing, damaged or has another sha256 than expected."""


@dataclass(frozen=True, slots=True)
class ModelCard:
    """The metadata in a model file. `labels[i]` is the slug of output i."""

    labels: tuple[str, ...]
    spectrogram_config: dict[str, Any]  # parameters of ml.features.spectrogram.SpectrogramConfig
    standardisation: Standardisation
    architecture: str
    crop_frames: int = CROP_FRAMES
    calibration: Calibration = field(default_factory=Calibration)
    # Of the training crops: see ml.models.novelty.
    temporal_variance_range: tuple[float, float] = DEFAULT_TEMPORAL_VARIANCE_RANGE
    training: dict[str, Any] | None = None  # hyperparameters, epochs, seconds: plain JSON values

    def to_json(self) -> str:
        """The card as the text of `labelscope.json`."""
        values = {STORED_KEYS.get(name, name): value for name, value in asdict(self).items()}
        return json.dumps({"format": CARD_FORMAT, **values}, indent=1)

    @classmethod
    def from_json(cls, text: bytes) -> "ModelCard":
        """The inverse of `to_json`. Raises KeyError, TypeError, ValueError or AttributeError for any other content."""
        values = json.loads(text)
        if values.pop("format") != CARD_FORMAT:
            raise ValueError("another format")
        for name, key in STORED_KEYS.items():
            if key in values:
                values[name] = values.pop(key)
        statistics = Standardisation(**values["standardisation"])
        low, high = values.pop("temporal_variance_range", DEFAULT_TEMPORAL_VARIANCE_RANGE)
        calibration = values["calibration"]
        return cls(
            **values
            | {
                "labels": tuple(values["labels"]),
                "standardisation": Standardisation(tuple(statistics.mean), tuple(statistics.deviation)),
                "calibration": Calibration(
                    Temperatures(**calibration["temperatures"]), calibration["unknown_below"]
                ),
                "temporal_variance_range": (float(low), float(high)),
            }
        )


def save_model(network: keras.Model, card: ModelCard, path: Path) -> str:
    """Write the network and its card to `path` (`.keras`) and return the file's sha256, 64 hex digits.

    Atomic: the file appears under its name only when it is complete and on disk; an older one is replaced.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path, suffix=".keras") as draft:  # Keras insists on the suffix
        network.save(draft)
        with zipfile.ZipFile(draft, "a") as archive:
            archive.writestr(CARD, card.to_json())
        return sha256_of(draft)


def load_network(path: Path, expected_sha256: str | None = None) -> tuple[keras.Model, ModelCard]:
    """The network and the card of a model file.

    Raises ModelFileError where the file is missing, has another sha256, has no card, contains custom code, or does
    not fit its card.
    """
    _expect_sha256(path, expected_sha256)
    card = read_card(path)
    try:
        network = keras.saving.load_model(path, compile=False, safe_mode=True)
    # A file from elsewhere can make Keras raise anything.
    except Exception as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ModelFileError(f"Keras refuses the model file {str(path)!r} ({reason}): {CURE}") from error
    shapes = (network.input_shape, network.output_shape)
    expected = ((None, card.crop_frames, len(card.standardisation.mean)), (None, len(card.labels)))
    if shapes != expected:
        raise ModelFileError(
            f"The network in {str(path)!r} maps {shapes[0]} to {shapes[1]}, but its card has"
            f" {expected[0]} to {expected[1]}: {CURE}"
        )
    return network, card


def _expect_sha256(path: Path, expected: str | None) -> None:
    if not path.is_file():
        raise ModelFileError(f"There is no model file at {str(path)!r}: {CURE}")
    if expected is not None and (actual := sha256_of(path)) != expected:
        raise ModelFileError(
            f"The model file {str(path)!r} has sha256 {actual[:12]}…, not {expected[:12]}…: it was changed since it"
            f" was saved, so {CURE}"
        )


def read_card(path: Path) -> ModelCard:
    """The card alone, without the network. Raises ModelFileError where there is no readable card."""
    try:
        with zipfile.ZipFile(path) as archive:
            return ModelCard.from_json(archive.read(CARD))
    except (OSError, zipfile.BadZipFile, KeyError, ValueError, TypeError, AttributeError) as error:
        raise ModelFileError(
            f"The file {str(path)!r} is no model of this version ({error}): {CURE}"
        ) from error
