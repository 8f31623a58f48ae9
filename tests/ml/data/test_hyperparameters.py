from dataclasses import fields, replace

import pytest

from ml.data.hyperparameters import PRESETS, HyperparameterError, Hyperparameters, choose
from ml.models.networks import ARCHITECTURES


def test_every_architecture_has_a_preset_of_its_own() -> None:
    assert PRESETS.keys() == ARCHITECTURES.keys()
    assert {name: preset.architecture for name, preset in PRESETS.items()} == {name: name for name in PRESETS}


@pytest.mark.parametrize("architecture", PRESETS)
def test_what_is_not_changed_stays_as_it_is(architecture: str) -> None:
    assert choose(architecture, 7, {}) == replace(PRESETS[architecture], seed=7)
    changed = choose(architecture, 7, {"epochs": 3, "patience": None, "learning_rate": 0.02})
    assert changed == replace(PRESETS[architecture], seed=7, epochs=3, patience=None, learning_rate=0.02)


def test_a_name_that_does_not_exist_is_refused_in_a_sentence() -> None:
    with pytest.raises(HyperparameterError) as caught:
        choose("seed", 1, {"epochs": 3, "momentum": 0.9, "dropout": 0.5})
    sentence = str(caught.value)
    assert sentence.startswith("LABELSCOPE_HYPERPARAMETERS names dropout, momentum: what can be chosen is ")
    for name in {field.name for field in fields(Hyperparameters)} - {"architecture", "seed"}:
        assert name in sentence
    assert sentence.endswith(".") and "\n" not in sentence


@pytest.mark.parametrize("name", ["seed", "architecture"])
def test_what_has_a_setting_of_its_own_is_not_changed_by_the_back_door(name: str) -> None:
    with pytest.raises(HyperparameterError, match=f"names {name}: what can be chosen is "):
        choose("labelscope", 1, {name: {"seed": 2, "architecture": "seed"}[name]})
