import json
import zipfile
from pathlib import Path

import keras
import numpy as np
import pytest

from ml.dataset import Standardisation
from ml.model import CARD, ModelCard, ModelFileError, build, file_sha256, load_network, read_card, save_model

PLAIN = Standardisation(mean=(0.0,) * 128, deviation=(1.0,) * 128)


def card(labels: tuple[str, ...] = ("zebra", "ant", "moth", "bee", "cat"), **changes: object) -> ModelCard:
    recipe = {"sample_rate": 22050, "fmin": 0.0}
    return ModelCard(labels, recipe, PLAIN, training={"epochs": 3}, **changes)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> tuple[keras.Model, Path, str]:
    network = build(5, PLAIN)
    path = tmp_path_factory.mktemp("model") / "model.keras"
    return network, path, save_model(network, card(), path)


def test_the_seed_network_has_exactly_these_layers() -> None:
    network = build(5, PLAIN)
    assert network.count_params() == 265_925
    assert network.input_shape == (None, 128, 128)
    assert [(type(layer).__name__, layer.output.shape[1:]) for layer in network.layers] == [
        ("Rescaling", (128, 128)),
        ("Conv1D", (125, 64)),
        ("BatchNormalization", (125, 64)),
        ("MaxPooling1D", (62, 64)),
        ("Conv1D", (59, 128)),
        ("BatchNormalization", (59, 128)),
        ("MaxPooling1D", (29, 128)),
        ("Conv1D", (26, 256)),
        ("BatchNormalization", (26, 256)),
        ("MaxPooling1D", (13, 256)),
        ("GlobalMaxPooling1D", (256,)),
        ("Dropout", (256,)),
        ("Dense", (256,)),
        ("Dropout", (256,)),
        ("Dense", (5,)),
    ]
    convolutions = [layer for layer in network.layers if isinstance(layer, keras.layers.Conv1D)]
    assert [layer.kernel_size for layer in convolutions] == [(4,)] * 3
    assert [layer.activation.__name__ for layer in convolutions] == ["relu"] * 3
    assert convolutions[0].kernel_regularizer.l2 == pytest.approx(0.001)
    assert [layer.kernel_regularizer for layer in convolutions[1:]] == [None, None]
    assert [layer.rate for layer in network.layers if isinstance(layer, keras.layers.Dropout)] == [0.3, 0.3]
    assert [layer.activation.__name__ for layer in network.layers[-3::2]] == ["relu", "softmax"]


def test_each_band_is_standardised_inside_the_network() -> None:
    statistics = Standardisation(
        tuple(np.linspace(-60, 5, 128).tolist()), tuple(np.linspace(3, 20, 128).tolist())
    )
    decibels = np.random.default_rng(0).normal(-30, 20, (2, 128, 128)).astype(np.float16)
    found = build(2, statistics).get_layer("standardise")(decibels)
    assert str(found.dtype) == "float32"
    expected = (decibels.astype(np.float64) - statistics.mean) / statistics.deviation
    assert np.allclose(found, expected, atol=1e-4)


def test_an_unknown_architecture_is_refused() -> None:
    with pytest.raises(ValueError, match="choose one of seed"):
        build(5, PLAIN, "transformer")


def test_a_saved_network_comes_back_with_its_card(saved: tuple[keras.Model, Path, str]) -> None:
    network, path, sha256 = saved
    loaded, loaded_card = load_network(path, sha256)
    assert loaded_card == card()
    assert loaded_card.labels == ("zebra", "ant", "moth", "bee", "cat")
    crops = np.random.default_rng(0).normal(size=(3, 128, 128)).astype(np.float16)
    assert np.array_equal(loaded.predict(crops, verbose=0), network.predict(crops, verbose=0))
    assert [file.name for file in path.parent.iterdir()] == ["model.keras"]
    keras.saving.load_model(path)  # Keras alone is enough; the card does not disturb it


def test_saving_replaces_an_older_file_and_cleans_up_after_a_failure(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder" / "model.keras"
    first = save_model(build(5, PLAIN), card(), path)
    assert save_model(build(5, PLAIN), card(), path) == file_sha256(path) != first
    before = path.read_bytes()
    with pytest.raises(TypeError):
        save_model(build(5, PLAIN), card(architecture={1, 2}), path)  # a set is no JSON
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


def test_a_file_with_another_sha256_is_refused(saved: tuple[keras.Model, Path, str], tmp_path: Path) -> None:
    _, path, sha256 = saved
    changed = bytearray(path.read_bytes())
    changed[len(changed) // 2] ^= 1
    other = tmp_path / "model.keras"
    other.write_bytes(changed)
    with pytest.raises(ModelFileError, match="it was changed since it was saved, so restore it"):
        load_network(other, sha256)


def test_a_file_that_is_no_model_is_refused(saved: tuple[keras.Model, Path, str], tmp_path: Path) -> None:
    _, path, _ = saved
    other = tmp_path / "model.keras"
    with pytest.raises(ModelFileError, match="There is no model file"):
        load_network(other)
    for content in (b"", b"PK\x03\x04 nothing", path.read_bytes()[:-200]):
        other.write_bytes(content)
        with pytest.raises(ModelFileError, match="is no model of this version"):
            load_network(other)


@pytest.mark.parametrize(
    "content", ["", "[]", "{}", '{"format": 2}', '{"format": 1}', '{"format": 1, "labels": ["a"], "more": 1}']
)
def test_a_card_that_cannot_be_read_is_refused(content: str, tmp_path: Path) -> None:
    path = tmp_path / "model.keras"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(CARD, content)
    with pytest.raises(ModelFileError, match="is no model of this version"):
        read_card(path)


def test_a_network_that_would_run_code_is_refused(tmp_path: Path) -> None:
    network = keras.Sequential([keras.Input((128, 128)), keras.layers.Lambda(lambda x: x[:, 0, :5])])
    path = tmp_path / "model.keras"
    save_model(network, card(), path)
    with pytest.raises(ModelFileError, match="Keras refuses the model file"):
        load_network(path)


def test_a_network_that_does_not_fit_its_card_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.keras"
    save_model(build(4, PLAIN), card(), path)
    with pytest.raises(ModelFileError, match=r"maps .* its card says"):
        load_network(path)


def test_the_card_is_plain_json(saved: tuple[keras.Model, Path, str]) -> None:
    with zipfile.ZipFile(saved[1]) as archive:
        values = json.loads(archive.read(CARD))
    assert values["format"] == 1
    assert values["labels"] == ["zebra", "ant", "moth", "bee", "cat"]
    assert len(values["standardisation"]["mean"]) == 128
