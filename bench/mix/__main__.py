"""How well a mix is taken apart: made mixes whose truth is known, of tracks that the model never met.

Run as `python -m bench.mix TRACKS`, a folder with one sub-folder of full-length tracks for each label
(`python -m bench.mix.long_tracks TRACKS` makes one). Recordings are dealt into four folds. In each, a model learns
from the clips of two, is calibrated on the third, and meets the fourth in a mix of all its tracks: that one is
reported. The numbers of ml.mixes.segmentation that are reported with it were set on mixes of the other folds' tracks.
Then: mixes of one label and of five in turn, sounds that are no label's, labels that the model never met, and the cost
of a mix of 90 minutes. Half an hour or more on two cores; `--keep FOLDER` keeps models and what they heard, to make
the tables anew in minutes.
"""

import argparse
import pickle
import shutil
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

import numpy as np

from bench.mix.choices import set_choices, shown, stretches
from bench.mix.cost import cost
from bench.mix.made_mixes import Piece, render
from bench.mix.scores import boundaries, broken_seconds, errors, hits, right_seconds
from bench.mix.sets import (
    ByTime,
    Listened,
    Track,
    clip_accuracy,
    in_turns,
    listen,
    read_crate,
    read_tracks,
    shuffled,
)
from bench.mix.strange_sounds import strange_sounds, white_noise
from ml.crossvalidation.crossvalidation import train_on
from ml.data.hyperparameters import PRESETS
from ml.evaluation.calibration import Calibration
from ml.mixes.analyse import WindowScores, analyse
from ml.mixes.segmentation import TimelineChoices, timeline
from ml.mixes.summary import summarise
from ml.models.model_file import save_model
from ml.models.scorer import Scorer, load_model
from ml.models.train import random_seed

FOLDS = 4
SEED = 11
REACHES_S = (10.0, 15.0, 30.0, 60.0)
LONG_MIX_S = 90 * 60.0
TEXT = Path(__file__).parents[2] / "docs" / "model.md"  # read aloud
MOST_TRACKS = 12  # in the mixes of one label: 40 minutes or so
FORMATS = (".flac", ".mp3", ".opus")


@dataclass(frozen=True, slots=True)
class Session:
    """All that one model heard; the tables follow from it."""

    validation_groups: frozenset[str]
    tested_groups: frozenset[str]
    clips: ByTime
    tuning: Listened  # of the validation tracks
    tested: Listened  # of tracks that nothing was learnt from
    alone: dict[str, Listened]  # of one label
    in_turns: Listened
    strange: dict[str, tuple[WindowScores, Calibration]]


def hear_all(tracks: Sequence[Track], folder: Path) -> list[Session]:
    """Train a model a fold, make the mixes and hear them. Models and what they heard stay below `folder`."""
    crate = read_crate(tracks, folder)
    sounds = strange_sounds(folder, TEXT.read_text()) if shutil.which("espeak-ng") else {}
    sessions = []
    for fold, division in enumerate(crate.grouped_folds(FOLDS, SEED)):
        model, kept = folder / f"fold{fold}.keras", folder / f"fold{fold}.pickle"
        if not model.exists():
            scorer = train_on(crate, crate.split(division), PRESETS["labelscope"], random_seed(SEED, fold))
            save_model(scorer.network, scorer.card, model)
        if not kept.exists():
            validation, holdout = (
                [tracks[place] for place in rows] for rows in (division.validation, division.holdout)
            )
            kept.write_bytes(
                pickle.dumps(_hear(load_model(model), validation, holdout, sounds, folder, fold))
            )
        sessions.append(pickle.loads(kept.read_bytes()))
        print(f"fold {fold} heard", file=sys.stderr, flush=True)
    return sessions


def _hear(
    scorer: Scorer,
    validation: Sequence[Track],
    holdout: Sequence[Track],
    sounds: dict[str, Path],
    folder: Path,
    fold: int,
) -> Session:
    def mixed(pieces: Sequence[Piece]) -> Listened:
        return listen(fold, pieces, scorer, folder, fold)

    own = {label: [track for track in holdout if track.label == label] for label in scorer.labels}
    return Session(
        validation_groups=frozenset(track.group for track in validation),
        tested_groups=frozenset(track.group for track in holdout),
        clips=clip_accuracy(holdout, scorer),
        tuning=mixed(shuffled(validation, fold)),
        tested=mixed(shuffled(holdout, fold)),
        alone={label: mixed(shuffled(tracks, fold)) for label, tracks in own.items()},
        in_turns=mixed(in_turns(holdout, fold)),
        strange={name: (analyse(sound, scorer), scorer.card.calibration) for name, sound in sounds.items()},
    )


@dataclass(frozen=True, slots=True)
class Beyond:
    """What else is asked of models: labels that were kept from them, and tracks that they learnt from."""

    foreign: dict[str, Listened]  # of one label, by a model that never met it
    learnt_alone: dict[str, Listened]  # of one label, of tracks that the first fold's model learnt from
    learnt_in_turns: Listened


def hear_beyond(tracks: Sequence[Track], folder: Path) -> Beyond:
    """Train a model without each label, and hear mixes of it; kept below `folder`."""
    kept = folder / "beyond.pickle"
    if kept.exists():
        return cast(Beyond, pickle.loads(kept.read_bytes()))
    crate = read_crate(tracks, folder)
    foreign = {}
    for place, label in enumerate(crate.labels):
        rest = crate.without(place)
        sides = rest.split(next(rest.grouped_folds(FOLDS, SEED)))
        scorer = train_on(rest, sides, PRESETS["labelscope"], random_seed(SEED, FOLDS, place))
        own = [track for track in tracks if track.label == label][:MOST_TRACKS]
        foreign[label] = listen(place, shuffled(own, place), scorer, folder, place)
        print(f"{label} heard as a stranger", file=sys.stderr, flush=True)
    division = next(crate.grouped_folds(FOLDS, SEED))
    scorer = load_model(folder / "fold0.keras")
    learnt = [tracks[place] for place in division.train]
    alone = {}
    for label in crate.labels:
        own = [track for track in learnt if track.label == label][:MOST_TRACKS]
        alone[label] = listen(0, shuffled(own, 0), scorer, folder, 0)
    beyond = Beyond(foreign, alone, listen(0, in_turns(learnt, 0), scorer, folder, 0))
    kept.write_bytes(pickle.dumps(beyond))
    return beyond


def print_tested(sessions: Sequence[Session], chosen: Sequence[TimelineChoices], title: str) -> None:
    """The figures of the tested mixes, one choice for each."""
    print(f"\n{title}")
    print(
        "| fold | minutes | tracks' label right: clips | tracks | mix, each second | unknown |"
        " label changes | found | "
        + " | ".join(f"hit, {reach:.0f} s" for reach in REACHES_S)
        + " | precision, 30 s | median error | over-segmented | under-segmented |"
    )
    print("|---" * (12 + len(REACHES_S)) + "|")
    sums: list[np.ndarray] = []
    every_error: list[np.ndarray] = []
    for session, choices in zip(sessions, chosen, strict=True):
        mix, clips = session.tested, session.clips
        said = stretches(shown(mix, choices).segments)
        true, found = boundaries(mix.truth), boundaries(said)
        off = errors(true, found)
        every_error.append(off)
        sums.append(
            np.array(
                [
                    mix.truth[-1].end_s,
                    clips.clips,
                    clips.tracks,
                    clips.all,
                    right_seconds(mix.truth, said),
                    sum(one.end_s - one.start_s for one in said if one.label is None),
                    len(true),
                    len(found),
                    *(hits(true, found, reach) for reach in REACHES_S),
                    broken_seconds(mix.truth, said),
                    broken_seconds(said, mix.truth),
                ]
            )
        )
        _print_row(str(mix.fold), sums[-1], off)
    _print_row("all", np.sum(sums, axis=0), np.concatenate(every_error))


def _print_row(name: str, sums: np.ndarray, off: np.ndarray) -> None:
    seconds, clips, tracks, clip_seconds, right, unknown, true, found, *rest = sums.tolist()
    reached, (over, under) = rest[:-2], rest[-2:]
    cells = [
        name,
        f"{seconds / 60:.0f}",
        f"{clips / clip_seconds:.3f}",
        f"{tracks / clip_seconds:.3f}",
        f"{right / seconds:.3f}",
        f"{unknown / seconds:.3f}",
        f"{true:.0f}",
        f"{found:.0f}",
        *(f"{number / true:.2f}" for number in reached),
        f"{reached[REACHES_S.index(30.0)] / max(1, found):.2f}",
        f"{np.median(off):.1f} s",
        f"{over / seconds:.3f}",
        f"{under / seconds:.3f}",
    ]
    print("| " + " | ".join(cells) + " |")


def print_uniformity(sessions: Sequence[Session], chosen: Sequence[TimelineChoices]) -> None:
    print("\n| mix of held-out tracks | uniformity in each fold | entropy, bits |")
    print("|---|---|---|")
    rows = {f"{label} alone": [session.alone[label] for session in sessions] for label in sessions[0].alone}
    rows["labels in turn, four minutes each"] = [session.in_turns for session in sessions]
    for name, mixes in rows.items():
        found = [
            summarise(shown(mix, choices), mix.heard) for mix, choices in zip(mixes, chosen, strict=True)
        ]
        uniformity = ", ".join(f"{one.concentration:.2f}" for one in found)
        entropy = ", ".join(f"{one.entropy:.2f}" for one in found)
        print(f"| {name} | {uniformity} | {entropy} |")


def print_beyond(beyond: Beyond, choices: TimelineChoices) -> None:
    print(
        "\n| label | unknown to a model that never met it | uniformity of a mix of tracks that were learnt from |"
    )
    print("|---|---|---|")
    for label, mix in beyond.foreign.items():
        unlike = summarise(shown(mix, choices), mix.heard).unknown_share
        learnt = beyond.learnt_alone[label]
        print(
            f"| {label} | {unlike:.2f} | {summarise(shown(learnt, choices), learnt.heard).concentration:.2f} |"
        )
    turns = beyond.learnt_in_turns
    print(f"| five in turn | | {summarise(shown(turns, choices), turns.heard).concentration:.2f} |")


def print_strange(sessions: Sequence[Session], chosen: Sequence[TimelineChoices]) -> None:
    print("\n| three minutes of | unknown, share in each fold | without the test of movement |")
    print("|---|---|---|")
    for name in sessions[0].strange:
        with_test, without = [], []
        for session, choices in zip(sessions, chosen, strict=True):
            heard, calibration = session.strange[name]
            plain = replace(heard, in_distribution=np.ones_like(heard.in_distribution))
            with_test.append(summarise(timeline(heard, calibration, choices), heard).unknown_share)
            without.append(summarise(timeline(plain, calibration, choices), heard).unknown_share)
        both = (", ".join(f"{one:.2f}" for one in shares) for shares in (with_test, without))
        print(f"| {name} | {' | '.join(both)} |")


def print_cost(tracks: Sequence[Track], folder: Path, warm_up: Path) -> None:
    """Of a mix of 90 minutes, in three formats."""
    print(
        "\n| mix | bare decoding, s | of processors | all of the hearing, s | of processors | times | memory added |"
    )
    print("|---|---|---|---|---|---|---|")
    pieces, left_s = [], LONG_MIX_S
    for piece in shuffled(tracks, SEED):
        pieces.append(piece)
        left_s -= piece.length_s
        if left_s < -720:  # the crossfades take some of it
            break
    for suffix in FORMATS:
        mix = folder / f"long{suffix}"
        if not mix.exists():
            render(pieces, mix, np.random.default_rng(SEED))
        found = cost(mix, folder / "fold0.keras", warm_up)
        times = found.hearing.wall / found.decoding.wall
        print(
            f"| {suffix[1:]}, {found.minutes:.0f} min | {found.decoding.wall:.1f} | {found.decoding.processor:.1f} |"
            f" {found.hearing.wall:.1f} | {found.hearing.processor:.1f} | {times:.2f} | {found.mebibytes:.0f} MiB |",
            flush=True,
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("tracks", type=Path)
    parser.add_argument("--keep", type=Path, help="a folder for models and what they heard")
    parser.add_argument("--no-cost", action="store_true", help="leave the long mix out")
    arguments = parser.parse_args()
    with ExitStack() as stack:
        folder = arguments.keep or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        folder.mkdir(parents=True, exist_ok=True)
        tracks = read_tracks(arguments.tracks)
        minutes = sum(track.duration_s for track in tracks) / 60
        print(
            f"{len(tracks)} tracks, {len({track.group for track in tracks})} recordings, {minutes:.0f} minutes"
        )
        sessions = hear_all(tracks, folder)
        chosen = []
        for session in sessions:
            others = [
                other.tuning for other in sessions if not other.validation_groups & session.tested_groups
            ]
            chosen.append(set_choices(others))
            print(f"set without fold {len(chosen) - 1}: {chosen[-1]}")
        on_all = set_choices([session.tuning for session in sessions])
        print(f"set on all: {on_all}")
        print_tested(sessions, chosen, "Numbers set on the mixes of other folds:")
        print_tested(
            sessions, [TimelineChoices()] * len(sessions), f"The numbers that stand, {TimelineChoices()}:"
        )
        print_uniformity(sessions, chosen)
        print_strange(sessions, chosen)
        print_beyond(hear_beyond(tracks, folder), on_all)
        if not arguments.no_cost:
            print_cost(tracks, folder, white_noise(folder))


if __name__ == "__main__":
    main()
