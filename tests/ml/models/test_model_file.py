import json
import zipfile
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest

from common.files import sha256_of
from ml.data.crops import Standardisation
from ml.evaluation.calibration import Calibration, Temperatures
from ml.models.model_file import (
    CARD,
    ModelCard,
    ModelFileError,
    load_network,
    read_card,
    save_model,
)
from ml.models.novelty import DEFAULT_TEMPORAL_VARIANCE_RANGE

PLAIN = Standardisation(mean=(0.0,) * 128, deviation=(1.0,) * 128)
CARD_OF_FIVE = ModelCard(
    labels=("zebra", "ant", "moth", "bee", "cat"),
    spectrogram_config={"sample_rate": 22050, "fmin": 0.0},
    standardisation=PLAIN,
    architecture="labelscope",
    crop_frames=32,
    calibration=Calibration(Temperatures(0.75, 1.5, 2.25), unknown_below=0.375),
    temporal_variance_range=(0.25, 0.75),
    training={"epochs": 3, "hyperparameters": {"patience": None}},
)


def small(labels: int = 5) -> keras.Model:
    """A network that fits the card and takes no time to build."""
    layers = keras.layers
    return keras.Sequential(
        [keras.Input((32, 128)), layers.GlobalMaxPooling1D(), layers.Dense(labels, "softmax")]
    )


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    path = tmp_path_factory.mktemp("model") / "model.keras"
    return path, save_model(small(), CARD_OF_FIVE, path)


def test_a_saved_network_comes_back_with_its_card(tmp_path: Path) -> None:
    network, path = small(), tmp_path / "model.keras"
    loaded, card = load_network(path, save_model(network, CARD_OF_FIVE, path))
    assert card == read_card(path) == CARD_OF_FIVE
    crops = np.random.default_rng(0).normal(size=(3, 32, 128)).astype(np.float16)
    assert np.array_equal(loaded(crops), network(crops))
    assert list(tmp_path.iterdir()) == [path]
    keras.saving.load_model(path)  # Keras alone is enough; the card does not disturb it


def test_a_card_without_calibration_and_training_is_neutral(tmp_path: Path) -> None:
    path = tmp_path / "model.keras"
    save_model(small(), ModelCard(CARD_OF_FIVE.labels, {}, PLAIN, "seed", 32), path)
    card = read_card(path)
    assert card.calibration == Calibration(Temperatures(1.0, 1.0, 1.0), 0.0)
    assert card.training is None


def test_a_file_of_an_earlier_version_is_read(saved: tuple[Path, str], tmp_path: Path) -> None:
    path = tmp_path / "older.keras"
    with zipfile.ZipFile(saved[0]) as archive, zipfile.ZipFile(path, "w") as older:
        for name in archive.namelist():
            content = archive.read(name)
            if name == CARD:
                values = json.loads(content)
                assert values["recipe"] == CARD_OF_FIVE.spectrogram_config
                del values["usual_movement"]
                content = json.dumps(values).encode()
            older.writestr(name, content)
    assert load_network(path)[1] == replace(
        CARD_OF_FIVE, temporal_variance_range=DEFAULT_TEMPORAL_VARIANCE_RANGE
    )


def test_saving_replaces_an_older_file_and_cleans_up_after_a_failure(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder" / "model.keras"
    first = save_model(small(), CARD_OF_FIVE, path)
    assert save_model(small(), CARD_OF_FIVE, path) == sha256_of(path) != first
    before = path.read_bytes()
    with pytest.raises(TypeError):
        save_model(small(), replace(CARD_OF_FIVE, training={"epochs": {1, 2}}), path)  # a set is no JSON
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


def test_a_file_with_another_sha256_is_refused(saved: tuple[Path, str], tmp_path: Path) -> None:
    path, sha256 = saved
    changed = bytearray(path.read_bytes())
    changed[len(changed) // 2] ^= 1
    other = tmp_path / "model.keras"
    other.write_bytes(changed)
    with pytest.raises(ModelFileError, match="it was changed since it was saved, so restore it"):
        load_network(other, sha256)


def test_a_file_that_is_no_model_is_refused(saved: tuple[Path, str], tmp_path: Path) -> None:
    other = tmp_path / "model.keras"
    with pytest.raises(ModelFileError, match="There is no model file"):
        load_network(other)
    for content in (b"", b"PK\x03\x04 nothing", saved[0].read_bytes()[:-200]):
        other.write_bytes(content)
        with pytest.raises(ModelFileError, match="is no model of this version"):
            load_network(other)


@pytest.mark.parametrize("change", ["format", "a field is gone", "a field too many", "calibration", "labels"])
def test_a_card_that_cannot_be_read_is_refused(change: str, saved: tuple[Path, str], tmp_path: Path) -> None:
    with zipfile.ZipFile(saved[0]) as archive:
        card = json.loads(archive.read(CARD))
    if change == "format":
        card["format"] = 1
    elif change == "a field is gone":
        del card["architecture"]
    elif change == "a field too many":
        card["more"] = 1
    else:
        card[change] = 7
    refuses(json.dumps(card), tmp_path)


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"format": 2}', "7"])
def test_what_is_no_card_is_refused(content: str, tmp_path: Path) -> None:
    refuses(content, tmp_path)


def refuses(content: str, folder: Path) -> None:
    path = folder / "model.keras"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(CARD, content)
    with pytest.raises(ModelFileError, match="is no model of this version"):
        read_card(path)


def test_a_network_that_would_run_code_is_refused(tmp_path: Path) -> None:
    network = keras.Sequential([keras.Input((32, 128)), keras.layers.Lambda(lambda x: x[:, 0, :5])])
    path = tmp_path / "model.keras"
    save_model(network, CARD_OF_FIVE, path)
    with pytest.raises(ModelFileError, match="Keras refuses the model file"):
        load_network(path)


def test_a_network_that_does_not_fit_its_card_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.keras"
    for network, card in ((small(4), CARD_OF_FIVE), (small(), replace(CARD_OF_FIVE, crop_frames=128))):
        save_model(network, card, path)
        with pytest.raises(ModelFileError, match=r"maps .* its card has"):
            load_network(path)


def test_the_card_is_plain_json(saved: tuple[Path, str]) -> None:
    with zipfile.ZipFile(saved[0]) as archive:
        values = json.loads(archive.read(CARD))
    assert values["format"] == 2
    assert values["labels"] == ["zebra", "ant", "moth", "bee", "cat"]
    assert values["architecture"] == "labelscope"
    assert len(values["standardisation"]["mean"]) == 128
    assert values["calibration"] == {
        "temperatures": {"crop": 0.75, "clip": 1.5, "track": 2.25},
        "unknown_below": 0.375,
    }
