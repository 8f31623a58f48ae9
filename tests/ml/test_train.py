from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from ml.dataset import Crops, Example, load_crops
from ml.train import Epoch, Hyperparameters, Trained, TrainingFailed, train

LABELS = ("low", "high")
QUICK = Hyperparameters(batch_size=8, learning_rate=0.001, epochs=3, minimum_steps=40, patience=2)


def clips(folder: Path, labels: list[int], seed: int, scale: float = 1.0) -> list[Example]:
    """Clips of two crops: noise, with an accent every 16 frames in the low bands for label 0, the high for 1."""
    random = np.random.default_rng(seed)
    examples = []
    for number, label in enumerate(labels):
        decibels = random.normal(-50, 6, (260, 128))
        bands = slice(0, 40) if label == 0 else slice(88, 128)
        decibels[::16, bands] += 25
        path = folder / f"{seed}-{number}.npy"
        np.save(path, (decibels * scale).astype(np.float16))
        examples.append(Example(number, 100 * seed + number, label, path, 260))
    return examples


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("spectrograms")


@pytest.fixture(scope="module")
def train_crops(folder: Path) -> Crops:
    return load_crops(clips(folder, [0] * 14 + [1] * 6, seed=1))


@pytest.fixture(scope="module")
def validation_crops(folder: Path) -> Crops:
    return load_crops(clips(folder, [0, 1] * 5, seed=2))


@pytest.fixture(scope="module")
def trained(train_crops: Crops, validation_crops: Crops) -> Trained:
    return train(train_crops, validation_crops, LABELS, {"n_mels": 128}, QUICK)


@pytest.fixture(scope="module")
def scores(trained: Trained, validation_crops: Crops) -> NDArray[np.float32]:
    return np.asarray(trained.network.predict(validation_crops.take(np.arange(20)), verbose=0))


def test_what_can_be_told_apart_is_learned(scores: NDArray[np.float32], validation_crops: Crops) -> None:
    assert (scores.argmax(axis=1) == validation_crops.label).mean() >= 0.95


def test_the_card_describes_the_training(trained: Trained, train_crops: Crops) -> None:
    card = trained.card
    assert card.labels == LABELS
    assert card.recipe == {"n_mels": 128}
    assert card.training is not None
    assert card.training["train_crops"] == len(train_crops) == 40
    assert card.training["validation_crops"] == 20
    assert card.training["epochs"] == len(trained.history)
    assert card.training["hyperparameters"]["seed"] == QUICK.seed
    assert np.mean(card.standardisation.mean) == pytest.approx(-50, abs=1)


def test_the_weights_are_those_of_the_best_epoch(
    trained: Trained, scores: NDArray[np.float32], validation_crops: Crops
) -> None:
    assert [epoch.epoch for epoch in trained.history] == list(range(1, len(trained.history) + 1))
    # 40 crops in batches of 8 are five steps an epoch: the first eight epochs are not looked at.
    best = min(trained.history[8:], key=lambda epoch: epoch.validation_loss or 0.0)
    assert trained.best_epoch == best.epoch
    cross_entropy = -np.log(scores[np.arange(20), validation_crops.label]).mean()
    assert cross_entropy + sum(map(float, trained.network.losses)) == pytest.approx(
        best.validation_loss, rel=1e-3
    )


def test_the_same_seed_gives_the_same_training_from_memory_and_from_disk(
    trained: Trained, scores: NDArray[np.float32], folder: Path, validation_crops: Crops
) -> None:
    rows: list[Epoch] = []
    on_disk = load_crops(clips(folder, [0] * 14 + [1] * 6, seed=1), memory_limit=0)
    again = train(on_disk, validation_crops, LABELS, {"n_mels": 128}, QUICK, rows.append)
    assert tuple(rows) == again.history
    assert [round(epoch.loss, 3) for epoch in rows] == [round(epoch.loss, 3) for epoch in trained.history]
    again_scores = again.network.predict(validation_crops.take(np.arange(20)), verbose=0)
    assert np.allclose(again_scores, scores, atol=1e-3)


def test_without_validation_crops_the_training_loss_decides(train_crops: Crops) -> None:
    only = train(train_crops, None, LABELS, {}, Hyperparameters(batch_size=64, epochs=2, minimum_steps=1))
    assert [epoch.validation_loss for epoch in only.history] == [None, None]
    assert only.best_epoch == 2


def test_a_label_without_crops_is_named(train_crops: Crops) -> None:
    with pytest.raises(TrainingFailed, match="no training crop of drum-and-bass:"):
        train(train_crops, None, (*LABELS, "drum-and-bass"), {})


def test_no_crops_at_all_is_a_failure_in_words() -> None:
    with pytest.raises(TrainingFailed, match="no training crop of low, high:"):
        train(load_crops([]), None, LABELS, {})


def test_a_loss_that_is_not_finite_fails_in_words(train_crops: Crops) -> None:
    wild = Hyperparameters(batch_size=8, learning_rate=1e30, epochs=3, minimum_steps=1)
    with pytest.raises(TrainingFailed, match="lower the learning rate"):
        train(train_crops, None, LABELS, {}, wild)
