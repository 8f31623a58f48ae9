"""The network and its file: the layers, and one `.keras` file that describes itself.

The file is an ordinary Keras archive with one more member, `labelscope.json` (the ModelCard): the label
order, the recipe of the spectrograms, the standardisation and how the training went. One file is enough to
score a spectrogram, and one sha256 covers all of it. It loads with Keras alone, in safe mode and without
custom code.
"""

import hashlib
import json
import os
import uuid
import zipfile
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

import keras

from ml.dataset import CROP_FRAMES, Standardisation

CARD: Final = "labelscope.json"
CARD_FORMAT: Final = 1
ARCHITECTURES: Final = ("seed",)


class ModelFileError(Exception):
    """A model file is missing, damaged or not the one that was asked for."""


@dataclass(frozen=True, slots=True)
class ModelCard:
    """What a model file says of itself; `labels[i]` is the slug of output i."""

    labels: tuple[str, ...]
    recipe: dict[str, Any]
    standardisation: Standardisation
    architecture: str = "seed"
    crop_frames: int = CROP_FRAMES
    training: dict[str, Any] | None = None  # hyper-parameters, epochs, seconds: plain JSON values


def build(
    number_of_labels: int,
    standardisation: Standardisation,
    architecture: str = "seed",
    crop_frames: int = CROP_FRAMES,
) -> keras.Model:
    """An untrained network: crops in dB (n, crop_frames, bands) to probabilities (n, number_of_labels).

    `seed`: three convolutions along time (64, 128, 256 filters of 4 frames, ReLU, unpadded), each
    batch-normalised and halved by max-pooling, then the maximum over time and one dense layer; 265 925
    parameters for five labels. Standardisation is its first layer: fixed numbers, not parameters.

    Raises ValueError for an architecture that is not in ARCHITECTURES.
    """
    if architecture not in ARCHITECTURES:
        raise ValueError(f"Unknown architecture {architecture!r}: choose one of {', '.join(ARCHITECTURES)}.")
    scale = [1.0 / deviation for deviation in standardisation.deviation]
    offset = [-mean * factor for mean, factor in zip(standardisation.mean, scale, strict=True)]
    layers = [
        keras.Input((crop_frames, len(scale)), name="decibels"),
        keras.layers.Rescaling(scale, offset, name="standardise"),
    ]
    for number, filters in enumerate((64, 128, 256)):
        # The bands are channels, so a filter sees every band at once and slides along time alone.
        layers += [
            keras.layers.Conv1D(
                filters,
                4,
                activation="relu",
                kernel_regularizer=keras.regularizers.L2(0.001) if number == 0 else None,
                data_format="channels_last",  # said aloud: a person's keras.json may hold another default
            ),
            keras.layers.BatchNormalization(),
            keras.layers.MaxPooling1D(2, data_format="channels_last"),
        ]
    layers += [
        keras.layers.GlobalMaxPooling1D(data_format="channels_last"),
        keras.layers.Dropout(0.3),
        keras.layers.Dense(256, activation="relu"),
        keras.layers.Dropout(0.3),
        keras.layers.Dense(number_of_labels, activation="softmax"),
    ]
    return keras.Sequential(layers, name=architecture)


def save_model(network: keras.Model, card: ModelCard, path: Path) -> str:
    """Write the network and its card to `path` (`.keras`) and return the file's sha256.

    Atomic: the file appears under its name only when it is complete and on disk; an older one is replaced.
    """
    # Keras insists on the suffix; the dot in front keeps half-written files out of listings.
    temporary = path.with_name(f".{path.stem}.{uuid.uuid4().hex}.keras")
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        network.save(temporary)
        with zipfile.ZipFile(temporary, "a") as archive:
            archive.writestr(CARD, json.dumps({"format": CARD_FORMAT, **asdict(card)}, indent=1))
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())
        sha256 = file_sha256(temporary)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    return sha256


def load_network(path: Path, expected_sha256: str | None = None) -> tuple[keras.Model, ModelCard]:
    """The network and the card of a model file.

    Raises ModelFileError where the file is missing, is not the expected one, has no card, would run code of
    its own, or does not fit its card.
    """
    if not path.is_file():
        raise ModelFileError(f"There is no model file at {str(path)!r}: restore it from a backup or retrain.")
    if expected_sha256 is not None and (found := file_sha256(path)) != expected_sha256:
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
        return replace(card, labels=tuple(card.labels), standardisation=fixed)
    except (OSError, zipfile.BadZipFile, KeyError, ValueError, TypeError, AttributeError) as error:
        raise ModelFileError(
            f"The file {str(path)!r} is no model of this version ({error}): restore it from a backup or"
            " retrain."
        ) from error


def file_sha256(path: Path) -> str:
    """Sha256 of a file, 64 hex digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
