from functools import cache
from pathlib import Path

import keras
import numpy as np
import pytest
from numpy.typing import NDArray

from ml.data.crops import Standardisation
from ml.models.model_file import ModelCard, load_network, save_model
from ml.models.networks import ARCHITECTURES, Network, build, changes, convolutions, ensemble, seed

PLAIN = Standardisation(mean=(0.0,) * 128, deviation=(1.0,) * 128)
NETWORKS = [network for several in ARCHITECTURES.values() for network in several]
every_network = pytest.mark.parametrize("network", NETWORKS, ids=[network.__name__ for network in NETWORKS])


@cache
def untrained(network: Network, labels: int, frames: int) -> keras.Model:
    """Built once: Keras takes a while."""
    return build(network, labels, PLAIN, frames)


def noise(crops: int, frames: int = 128) -> NDArray[np.float32]:
    return np.random.default_rng(0).normal(size=(crops, frames, 128)).astype(np.float32)


def answers(network: keras.Model, crops: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(network(crops, training=False))


def test_the_seed_network_has_exactly_these_layers() -> None:
    assert ARCHITECTURES["seed"] == (seed,)
    network = untrained(seed, 5, 128)
    assert network.count_params() == 265_925
    assert network.input_shape == (None, 128, 128)
    # First comes the input; the notebook standardised beforehand.
    assert [(type(layer).__name__, layer.output.shape[1:]) for layer in network.layers[1:]] == [
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


@every_network
@pytest.mark.parametrize(("labels", "frames"), [(5, 32), (5, 128)])
def test_every_network_gives_each_crop_a_probability_of_each_label(
    network: Network, labels: int, frames: int
) -> None:
    built = untrained(network, labels, frames)
    assert built.name == network.__name__
    assert built.input_shape == (None, frames, 128)
    assert built.output_shape == (None, labels)
    found = answers(built, noise(3, frames))
    assert found.shape == (3, labels)
    assert (found > 0).all()
    assert found.sum(axis=1) == pytest.approx(1, abs=1e-5)


@every_network
def test_time_is_summed_up_so_that_longer_crops_take_no_more_weights(network: Network) -> None:
    short, long = untrained(network, 5, 32), untrained(network, 5, 128)
    long.set_weights(short.get_weights())
    assert answers(long, noise(2, 128)).shape == answers(short, noise(2, 32)).shape


@every_network
def test_what_is_heard_counts_not_when(network: Network) -> None:
    built = untrained(network, 5, 128)
    event = noise(1, 8) * 3
    nothing, early, late = np.zeros((3, 1, 128, 128), dtype=np.float32)
    early[:, 48:56] = event
    late[:, 80:88] = event
    assert answers(built, early) == pytest.approx(answers(built, late), abs=1e-5)
    assert answers(built, early) != pytest.approx(answers(built, nothing), abs=1e-3)


@every_network
def test_the_order_of_frames_counts(network: Network) -> None:
    built = untrained(network, 5, 128)
    # The same frames, now from the softest to the loudest.
    crops = noise(1) + np.random.default_rng(1).normal(scale=2, size=(1, 128, 1)).astype(np.float32)
    rising = crops[:, np.argsort(crops[0].mean(axis=1))]
    assert answers(built, rising) != pytest.approx(answers(built, crops), abs=1e-3)


def test_one_network_is_deaf_to_what_sounds_all_along() -> None:
    crops = noise(2)
    mastered = crops + np.random.default_rng(1).normal(0, 3, (2, 1, 128)).astype(np.float32)
    deaf, hearing = untrained(changes, 5, 128), untrained(convolutions, 5, 128)
    assert answers(deaf, mastered) == pytest.approx(answers(deaf, crops), abs=1e-4)
    assert answers(hearing, mastered) != pytest.approx(answers(hearing, crops), abs=1e-2)


def test_each_band_is_standardised_inside_the_network() -> None:
    statistics = Standardisation(
        tuple(np.linspace(-60, 5, 128).tolist()), tuple(np.linspace(3, 20, 128).tolist())
    )
    decibels = np.random.default_rng(0).normal(-30, 20, (2, 128, 128)).astype(np.float16)
    found = build(NETWORKS[0], 2, statistics).get_layer("standardise")(decibels)
    assert str(found.dtype) == "float32"
    expected = (decibels.astype(np.float64) - statistics.mean) / statistics.deviation
    assert np.allclose(found, expected, atol=1e-4)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_an_ensemble_says_the_mean_of_its_members_and_survives_its_file(
    architecture: str, tmp_path: Path
) -> None:
    networks = (ARCHITECTURES[architecture] * 2)[:2]
    members = [build(network, 3, PLAIN, 32, seed) for seed, network in enumerate(networks)]
    crops = noise(4, 32)
    each = np.stack([answers(member, crops) for member in members])
    together = ensemble(members, architecture)
    assert np.ptp(each, axis=0).max() > 1e-3  # they begin from different weights
    assert answers(together, crops) == pytest.approx(each.mean(axis=0), abs=1e-6)
    assert (together.name, together.input_shape) == (architecture, (None, 32, 128))
    assert together.count_params() == sum(member.count_params() for member in members)

    path = tmp_path / "model.keras"
    card = ModelCard(("a", "b", "c"), {}, PLAIN, architecture, 32)
    loaded, loaded_card = load_network(path, save_model(together, card, path))  # in Keras' safe mode
    assert loaded_card == card
    assert np.array_equal(answers(loaded, crops), answers(together, crops))


def test_a_single_member_needs_no_ensemble() -> None:
    alone = untrained(NETWORKS[0], 5, 32)
    assert ensemble([alone], "labelscope") is alone


@every_network
def test_kernels_are_drawn_up_to_the_limit_of_glorot(network: Network) -> None:
    for layer in untrained(network, 5, 128).layers:
        if isinstance(layer, keras.layers.Conv1D | keras.layers.Dense) and layer.trainable:
            kernel = np.asarray(layer.kernel)
            *window, inputs, outputs = kernel.shape
            limit = np.sqrt(6 / (np.prod(window) * (inputs + outputs)))
            assert 0.95 * limit < np.abs(kernel).max() <= limit
