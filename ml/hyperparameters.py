"""Every choice of a training that is not data, and the choices that stand for each architecture."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Final

from ml.dataset import CROP_FRAMES


@dataclass(frozen=True, slots=True)
class Hyperparameters:
    """Equal values and equal crops repeat a training on the same machine. docs/model.md says what each is worth."""

    architecture: str  # the layers: see ml.networks.ARCHITECTURES
    crop_frames: int = CROP_FRAMES  # frames that the network sees at once: 2.97 s at 22 050 Hz and hop 512
    batch_size: int = 32  # crops to a gradient step
    epochs: int = 40  # passes over the training clips; at most, where `patience` may end it sooner
    minimum_steps: int = 150  # gradient steps at least, however small the crate
    learning_rate: float = 0.001  # the highest of the schedule
    warm_up: float = 0.0  # share of the steps in which the rate rises, to fall as a cosine; 0: it is constant
    weight_decay: float = 0.0  # of AdamW
    patience: int | None = None  # epochs without a better validation loss that end a training; None: none do
    label_smoothing: float = 0.0  # share of each label's certainty that is spread over all labels
    weight_average: float = 0.0  # momentum of the moving average of weights that is kept; 0: the last ones
    random_crops: int | None = None  # crops from anywhere in each clip and epoch; None: its consecutive ones
    gain_db: float = 0.0  # deviation of the gain that each training crop is given at random
    equaliser_db: float = 0.0  # deviation of the random equaliser that each training crop goes through
    masks: float = 0.0  # widest share of the bands, and of the frames, that is masked (SpecAugment); 0: none
    mixup: float = 0.0  # alpha of the beta distribution by which pairs of crops are mixed; 0: they are not
    members: int = (
        1  # times that each network of the architecture is trained, from other beginnings each time
    )
    seed: int = 1  # of initial weights, dropout and the order and places of crops


PRESETS: Final = {
    "labelscope": Hyperparameters(
        "labelscope",
        warm_up=0.1,
        weight_decay=0.01,
        random_crops=4,
        equaliser_db=4.0,
        minimum_steps=400,
    ),
    "seed": Hyperparameters("seed", batch_size=64, learning_rate=0.0003, patience=8),
}
"""What each architecture is trained with."""


class HyperparameterError(ValueError):
    """A choice that does not exist; the message names those that do."""


def choose(architecture: str, seed: int, changes: Mapping[str, Any]) -> Hyperparameters:
    """The preset of an architecture with some changes, by name.

    Raises HyperparameterError for a name that cannot be chosen, and where nothing would be trained.
    """
    names = [field.name for field in fields(Hyperparameters) if field.name not in ("architecture", "seed")]
    if unknown := sorted(set(changes) - set(names)):
        raise HyperparameterError(
            f"LABELSCOPE_HYPERPARAMETERS names {', '.join(unknown)}: what can be chosen is {', '.join(names)}."
        )
    for name in ("batch_size", "epochs", "minimum_steps", "members"):
        if changes.get(name, 1) < 1:
            raise HyperparameterError(
                f"LABELSCOPE_HYPERPARAMETERS sets {name} to {changes[name]}: take 1 or more."
            )
    return replace(PRESETS[architecture], seed=seed, **changes)
