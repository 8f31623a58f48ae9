"""The models of `bench.mix` and their analyses of synthetic mixes; kept in a folder to print the tables again soon."""

import pickle
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from bench.mix.made_mixes import Piece
from bench.mix.sets import (
    AnalysedMix,
    ByTime,
    Track,
    clip_accuracy,
    in_turns,
    read_dataset,
    render_and_analyse,
    shuffled,
)
from bench.mix.strange_sounds import strange_sounds
from ml.crossvalidation.crossvalidation import train_on
from ml.data.hyperparameters import PRESETS
from ml.evaluation.calibration import Calibration
from ml.mixes.analyse import WindowScores, analyse
from ml.models.model_file import save_model
from ml.models.scorer import Scorer, load_model
from ml.models.train import random_seed

FOLDS = 4
SEED = 11
TEXT = Path(__file__).parents[2] / "docs" / "model.md"  # spoken by espeak-ng
MOST_TRACKS = 12  # in the mixes of one label: 40 minutes or so


@dataclass(frozen=True, slots=True)
class Session:
    """All analyses by the model of one fold; the tables follow from them."""

    validation_groups: frozenset[str]
    tested_groups: frozenset[str]
    clips: ByTime
    tuning: AnalysedMix  # of the validation tracks
    tested: AnalysedMix  # of the holdout tracks
    alone: dict[str, AnalysedMix]  # of holdout tracks of one label
    in_turns: AnalysedMix  # of holdout tracks
    strange: dict[str, tuple[WindowScores, Calibration]]


def analyse_folds(tracks: Sequence[Track], folder: Path) -> list[Session]:
    """Train a model a fold, and analyse its mixes. Models and analyses stay below `folder`."""
    dataset = read_dataset(tracks, folder)
    sounds = strange_sounds(folder, TEXT.read_text()) if shutil.which("espeak-ng") else {}
    sessions = []
    for fold, indices in enumerate(dataset.grouped_folds(FOLDS, SEED)):
        model, kept = folder / f"fold{fold}.keras", folder / f"fold{fold}.pickle"
        if not model.exists():
            split = dataset.split(indices)
            scorer = train_on(dataset, split, PRESETS["labelscope"], random_seed(SEED, fold))
            save_model(scorer.network, scorer.card, model)
        if not kept.exists():
            validation, holdout = (
                [tracks[position] for position in rows] for rows in (indices.validation, indices.holdout)
            )
            session = _analyse_fold(
                load_model(model), validation, holdout, sounds=sounds, folder=folder, fold=fold
            )
            kept.write_bytes(pickle.dumps(session))
        sessions.append(pickle.loads(kept.read_bytes()))
        print(f"fold {fold} analysed", file=sys.stderr, flush=True)
    return sessions


def _analyse_fold(
    scorer: Scorer,
    validation: Sequence[Track],
    holdout: Sequence[Track],
    *,
    sounds: dict[str, Path],
    folder: Path,
    fold: int,
) -> Session:
    def mixed(pieces: Sequence[Piece]) -> AnalysedMix:
        return render_and_analyse(fold, pieces, scorer, folder, fold)

    by_label = {label: [track for track in holdout if track.label == label] for label in scorer.labels}
    return Session(
        validation_groups=frozenset(track.group for track in validation),
        tested_groups=frozenset(track.group for track in holdout),
        clips=clip_accuracy(holdout, scorer),
        tuning=mixed(shuffled(validation, fold)),
        tested=mixed(shuffled(holdout, fold)),
        alone={label: mixed(shuffled(tracks, fold)) for label, tracks in by_label.items()},
        in_turns=mixed(in_turns(holdout, fold)),
        strange={name: (analyse(sound, scorer), scorer.card.calibration) for name, sound in sounds.items()},
    )


@dataclass(frozen=True, slots=True)
class SpecialMixes:
    """Mixes of labels that the model was trained without, and of tracks that it was trained on."""

    unknown_label: dict[str, AnalysedMix]  # of one label, by a model trained without it
    trained_alone: dict[str, AnalysedMix]  # of training tracks of one label, by the model of the first fold
    trained_in_turns: AnalysedMix


def analyse_special_mixes(tracks: Sequence[Track], folder: Path) -> SpecialMixes:
    """Train a model without each label, and analyse mixes of it. The analyses stay below `folder`."""
    kept = folder / "special.pickle"
    if kept.exists():
        return cast(SpecialMixes, pickle.loads(kept.read_bytes()))
    dataset = read_dataset(tracks, folder)
    unknown_label = {}
    for number, label in enumerate(dataset.labels):
        others = dataset.without(number)
        split = others.split(next(others.grouped_folds(FOLDS, SEED)))
        scorer = train_on(others, split, PRESETS["labelscope"], random_seed(SEED, FOLDS, number))
        of_label = [track for track in tracks if track.label == label][:MOST_TRACKS]
        unknown_label[label] = render_and_analyse(number, shuffled(of_label, number), scorer, folder, number)
        print(f"{label} analysed by a model without it", file=sys.stderr, flush=True)
    indices = next(dataset.grouped_folds(FOLDS, SEED))
    scorer = load_model(folder / "fold0.keras")
    trained = [tracks[position] for position in indices.train]
    alone = {}
    for label in dataset.labels:
        of_label = [track for track in trained if track.label == label][:MOST_TRACKS]
        alone[label] = render_and_analyse(0, shuffled(of_label, 0), scorer, folder, 0)
    trained_in_turns = render_and_analyse(0, in_turns(trained, 0), scorer, folder, 0)
    special = SpecialMixes(unknown_label, alone, trained_in_turns)
    kept.write_bytes(pickle.dumps(special))
    return special
