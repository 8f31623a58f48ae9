from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest

from ml.data.crops import Crops, Example, SpectrogramError, load_crops
from ml.data.hyperparameters import Hyperparameters
from ml.evaluation.calibration import FEWEST_TRACKS, HIGHEST, LOWEST, Calibration
from ml.models.networks import ARCHITECTURES
from ml.models.train import Epoch, Trained, TrainingFailed, most_epochs, train
from tests.ml.clips import CROP_FRAMES, rhythms

LABELS = ("techno", "house")
# 24 clips are 48 crops and six batches: 20 epochs.
QUICK = Hyperparameters(
    "seed",
    crop_frames=CROP_FRAMES,
    batch_size=8,
    epochs=3,
    minimum_steps=120,
    learning_rate=0.001,
    warm_up=0.1,
)
EPOCHS = 20


def crops_of(examples: list[Example]) -> Crops:
    return load_crops(examples, crop_frames=CROP_FRAMES)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("spectrograms")


@pytest.fixture(scope="module")
def train_crops(folder: Path) -> Crops:
    return crops_of(rhythms(folder, [0] * 16 + [1] * 8))


@pytest.fixture(scope="module")
def validation_crops(folder: Path) -> Crops:
    return crops_of(rhythms(folder, [0, 1] * 12, first=100))


@pytest.fixture(scope="module")
def trained(train_crops: Crops, validation_crops: Crops) -> Trained:
    return train(train_crops, validation_crops, LABELS, {"n_mels": 128}, QUICK)


def cross_entropy(trained: Trained, crops: Crops) -> float:
    scores = trained.scorer.score_crops(crops)
    return float(-np.log(scores[np.arange(len(crops)), crops.label]).mean())


def penalty(trained: Trained) -> float:
    """What the regularisers add to a loss."""
    return sum(map(float, trained.scorer.network.losses))


def numbers(history: tuple[Epoch, ...]) -> list[tuple[int, int]]:
    return [(row.member, row.epoch) for row in history]


def test_distinct_labels_are_learned(trained: Trained, validation_crops: Crops) -> None:
    scores = trained.scorer.score_crops(validation_crops)
    assert (scores.argmax(axis=1) == validation_crops.label).mean() > 0.9


def test_the_card_describes_the_training(trained: Trained, train_crops: Crops) -> None:
    card = trained.scorer.card
    assert (card.labels, card.spectrogram_config) == (LABELS, {"n_mels": 128})
    assert (card.architecture, card.crop_frames) == ("seed", CROP_FRAMES)
    assert np.mean(card.standardisation.mean) == pytest.approx(-42.5, abs=1)
    assert card.training is not None
    assert card.training["train_crops"] == card.training["validation_crops"] == 48
    assert card.training["epochs"] == len(trained.history) == most_epochs(train_crops, QUICK)
    assert card.training["hyperparameters"]["learning_rate"] == QUICK.learning_rate
    assert 0 < sum(row.seconds for row in trained.history) < trained.seconds


def test_a_small_dataset_has_enough_steps_and_ten_validations(trained: Trained) -> None:
    assert numbers(trained.history) == [(1, number) for number in range(1, EPOCHS + 1)]
    for row in trained.history:
        assert (row.validation_loss is None) == (row.validation_accuracy is None) == (row.epoch % 2 == 1)
    assert trained.history[-1].loss < trained.history[0].loss / 2


def test_without_patience_the_last_weights_are_kept(trained: Trained, validation_crops: Crops) -> None:
    loss = cross_entropy(trained, validation_crops) + penalty(trained)
    assert loss == pytest.approx(trained.history[-1].validation_loss, rel=1e-3)


def test_the_rate_rises_and_falls_to_nothing(trained: Trained) -> None:
    optimiser = trained.scorer.network.optimizer
    assert int(optimiser.iterations) == QUICK.minimum_steps
    assert float(optimiser.learning_rate) == pytest.approx(0, abs=1e-9)
    schedule = keras.optimizers.AdamW.from_config(optimiser.get_config())
    rates = []
    for step in (0, 6, 12, 66, 119):  # it rises for a tenth of the steps
        schedule.iterations.assign(step)
        rates.append(float(schedule.learning_rate) / QUICK.learning_rate)
    assert rates == pytest.approx([0, 0.5, 1, 0.5, 0], abs=1e-3)


def test_the_same_training_again_gives_the_same_answers(
    trained: Trained, train_crops: Crops, validation_crops: Crops
) -> None:
    rows: list[Epoch] = []
    again = train(train_crops, validation_crops, LABELS, {}, QUICK, on_epoch=rows.append)
    assert tuple(rows) == again.history
    assert [row.loss for row in rows] == pytest.approx([row.loss for row in trained.history], abs=1e-3)
    scores, before = (one.scorer.score_crops(validation_crops) for one in (again, trained))
    assert scores == pytest.approx(before, abs=1e-3)


def test_enough_validation_tracks_calibrate_the_model(trained: Trained, validation_crops: Crops) -> None:
    calibration = trained.scorer.card.calibration
    temperatures = calibration.temperatures
    for temperature in (temperatures.crop, temperatures.clip, temperatures.track):
        assert LOWEST <= temperature <= HIGHEST
        assert temperature != 1.0
    scores = trained.scorer.score_crops(validation_crops)
    verdicts = [trained.scorer.verdict([clip]) for clip in np.split(scores, 24)]
    assert 0 < sum(not verdict.known for verdict in verdicts) <= 2  # a twentieth of 24


def test_few_validation_tracks_or_none_leave_it_as_it_is(train_crops: Crops, folder: Path) -> None:
    few = crops_of(rhythms(folder, [0, 1] * 8, first=200))
    assert len(few.examples) < FEWEST_TRACKS
    for validation in (few, None):
        model = train(train_crops, validation, LABELS, {}, QUICK)
        assert model.scorer.card.calibration == Calibration()
        assert any(row.validation_loss is not None for row in model.history) == (validation is not None)


def test_members_are_trained_one_after_another_from_other_beginnings(
    train_crops: Crops, validation_crops: Crops
) -> None:
    model = train(train_crops, validation_crops, LABELS, {}, replace(QUICK, members=2))
    assert numbers(model.history) == [
        (member, number) for member in (1, 2) for number in range(1, EPOCHS + 1)
    ]
    first, second = model.history[:EPOCHS], model.history[EPOCHS:]
    assert [row.loss for row in first] != pytest.approx([row.loss for row in second], abs=1e-3)
    # The mean of two probabilities costs no more than the mean of what each costs.
    of_each = (first[-1].validation_loss or 0) + (second[-1].validation_loss or 0) - penalty(model)
    assert cross_entropy(model, validation_crops) <= of_each / 2 + 1e-4


@pytest.mark.slow
def test_every_network_of_an_architecture_is_trained(train_crops: Crops, validation_crops: Crops) -> None:
    chosen = replace(QUICK, architecture="labelscope")
    model = train(train_crops, validation_crops, LABELS, {}, chosen)
    assert len(model.history) == EPOCHS * len(ARCHITECTURES["labelscope"]) == most_epochs(train_crops, chosen)
    assert model.scorer.network.name == "labelscope"
    assert (model.scorer.score_crops(validation_crops).argmax(axis=1) == validation_crops.label).mean() > 0.9


@pytest.fixture(scope="module")
def misleading_crops(validation_crops: Crops) -> Crops:
    """Validation clips of which a third have the wrong label: high confidence raises the loss."""
    return crops_of(
        [
            replace(example, label=1 - example.label) if number % 3 == 0 else example
            for number, example in enumerate(validation_crops.examples)
        ]
    )


def test_with_patience_the_weights_of_the_best_epoch_are_kept(
    train_crops: Crops, misleading_crops: Crops
) -> None:
    patient = replace(QUICK, epochs=EPOCHS, minimum_steps=1, patience=3)
    model = train(train_crops, misleading_crops, LABELS, {}, patient)
    losses = [row.validation_loss or np.nan for row in model.history]
    best = int(np.argmin(losses[1:])) + 1  # the first epoch is not looked at
    assert len(model.history) == best + 1 + 3 < EPOCHS
    loss = cross_entropy(model, misleading_crops) + penalty(model)
    assert loss == pytest.approx(losses[best], rel=1e-3)


def test_with_patience_the_averaged_weights_of_the_best_epoch_are_kept(
    train_crops: Crops, misleading_crops: Crops
) -> None:
    chosen = replace(QUICK, epochs=EPOCHS, minimum_steps=1, patience=EPOCHS, weight_average=0.9)
    model = train(train_crops, misleading_crops, LABELS, {}, chosen)
    assert len(model.history) == EPOCHS
    best = min(row.validation_loss or np.nan for row in model.history[1:])
    assert cross_entropy(model, misleading_crops) + penalty(model) == pytest.approx(best, rel=1e-3)


def test_a_training_of_one_step_has_a_schedule(train_crops: Crops) -> None:
    chosen = replace(QUICK, epochs=1, minimum_steps=1, batch_size=48)
    assert numbers(train(train_crops, None, LABELS, {}, chosen).history) == [(1, 1)]


def test_a_label_without_crops_is_named(train_crops: Crops) -> None:
    with pytest.raises(TrainingFailed, match="no training crop of drum-and-bass:"):
        train(train_crops, None, (*LABELS, "drum-and-bass"), {}, QUICK)


def test_no_crops_at_all_is_a_failure_in_words() -> None:
    with pytest.raises(TrainingFailed, match="no training crop of techno, house:"):
        train(load_crops([]), None, LABELS, {}, QUICK)


def test_a_loss_that_is_not_finite_fails_in_words(train_crops: Crops) -> None:
    with pytest.raises(TrainingFailed, match="lower the learning rate"):
        train(train_crops, None, LABELS, {}, replace(QUICK, learning_rate=1e30))


def test_a_file_that_disappears_during_the_training_is_named(folder: Path, train_crops: Crops) -> None:
    lost = rhythms(folder, [0], first=300)[0]
    crops = crops_of([*train_crops.examples[1:], lost])
    with pytest.raises(SpectrogramError, match=r"^The spectrogram of clip 1300 "):
        train(crops, None, LABELS, {}, QUICK, on_epoch=lambda _: lost.path.unlink())
