"""The model's file: one `.keras` file that describes itself.

The file is an ordinary Keras archive with one more member, `labelscope.json` (the ModelCard): the label
order, the recipe of the spectrograms, the standardisation, the calibration, what movement is usual and how the training
went. One file is enough to score a spectrogram, and one sha256 covers all of it. It loads with Keras alone, in safe
mode and without custom code.
"""

import json
import zipfile
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import keras

from common.errors import LabelscopeError
from common.files import replacing, sha256_of
from ml.data.crops import CROP_FRAMES, Standardisation
from ml.evaluation.calibration import Calibration, Temperatures
from ml.models.novelty import USUAL_MOVEMENT

CARD: Final = "labelscope.json"
CARD_FORMAT: Final = 2


class ModelFileError(LabelscopeError):
    """A model file is missing, damaged or not the one that was asked for."""


@dataclass(frozen=True, slots=True)
class ModelCard:
    """What a model file says of itself; `labels[i]` is the slug of output i."""

    labels: tuple[str, ...]
    recipe: dict[str, Any]
    standardisation: Standardisation
    architecture: str
    crop_frames: int = CROP_FRAMES
    calibration: Calibration = field(default_factory=Calibration)
    usual_movement: tuple[float, float] = USUAL_MOVEMENT  # of the training crops: ml.models.novelty
    training: dict[str, Any] | None = None  # hyper-parameters, epochs, seconds: plain JSON values


def save_model(network: keras.Model, card: ModelCard, path: Path) -> str:
    """Write the network and its card to `path` (`.keras`) and return the file's sha256.

    Atomic: the file appears under its name only when it is complete and on disk; an older one is replaced.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path, suffix=".keras") as draft:  # Keras insists on the suffix
        network.save(draft)
        with zipfile.ZipFile(draft, "a") as archive:
            archive.writestr(CARD, json.dumps({"format": CARD_FORMAT, **asdict(card)}, indent=1))
        return sha256_of(draft)


def load_network(path: Path, expected_sha256: str | None = None) -> tuple[keras.Model, ModelCard]:
    """The network and the card of a model file.

    Raises ModelFileError where the file is missing, is not the expected one, has no card, would run code of
    its own, or does not fit its card.
    """
    if not path.is_file():
        raise ModelFileError(f"There is no model file at {str(path)!r}: restore it from a backup or retrain.")
    if expected_sha256 is not None and (found := sha256_of(path)) != expected_sha256:
        raise ModelFileError(
            f"The model file {str(path)!r} has sha256 {found[:12]}…, not {expected_sha256[:12]}…: it was"
            " changed since it was saved, so restore it from a backup or retrain."
        )
    card = read_card(path)
    try:
        network = keras.saving.load_model(path, compile=False, safe_mode=True)
    except Exception as error:  # whatever a foreign file makes Keras trip over, the answer is one
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ModelFileError(
            f"Keras refuses the model file {str(path)!r} ({reason}): restore it from a backup or retrain."
        ) from error
    shapes = (network.input_shape, network.output_shape)
    wanted = ((None, card.crop_frames, len(card.standardisation.mean)), (None, len(card.labels)))
    if shapes != wanted:
        raise ModelFileError(
            f"The network in {str(path)!r} maps {shapes[0]} to {shapes[1]}, its card says"
            f" {wanted[0]} to {wanted[1]}: restore it from a backup or retrain."
        )
    return network, card


def read_card(path: Path) -> ModelCard:
    """The card alone, without the network. Raises ModelFileError where there is none that can be read."""
    try:
        with zipfile.ZipFile(path) as archive:
            values = json.loads(archive.read(CARD))
        if values.pop("format") != CARD_FORMAT:
            raise ValueError("another format")
        card = ModelCard(**values)
        statistics = Standardisation(**values["standardisation"])
        fixed = Standardisation(mean=tuple(statistics.mean), deviation=tuple(statistics.deviation))
        calibration = Calibration(
            Temperatures(**values["calibration"]["temperatures"]), values["calibration"]["unknown_below"]
        )
        low, high = card.usual_movement
        return replace(
            card,
            labels=tuple(card.labels),
            standardisation=fixed,
            calibration=calibration,
            usual_movement=(float(low), float(high)),
        )
    except (OSError, zipfile.BadZipFile, KeyError, ValueError, TypeError, AttributeError) as error:
        raise ModelFileError(
            f"The file {str(path)!r} is no model of this version ({error}): restore it from a backup or"
            " retrain."
        ) from error
