"""How well a mix is taken apart: made mixes whose truth is known, of tracks that the model never met.

Run as `python -m bench.mix TRACKS`, a folder with one sub-folder of full-length tracks for each label
(`python -m bench.long_tracks TRACKS` makes one). Recordings are dealt into five folds. In each, a model learns from the
clips of three, is calibrated on the fourth, and meets the fifth in a mix of all its tracks: that one is reported. The
numbers of ml.timeline that are reported with it were set on mixes of the other folds' tracks. Then: mixes of one label
and of five in turn, sounds that are no label's, and the cost of a mix of 90 minutes. About half an hour on two cores;
`--keep FOLDER` keeps the models and what they heard, so that the tables can be made anew in a minute.
"""

import argparse
import pickle
import shutil
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from bench.made_mixes import render
from bench.mix_choices import set_choices, shown, stretches
from bench.mix_cost import cost
from bench.mix_scores import boundaries, broken_seconds, errors, hits, right_seconds
from bench.mix_sets import (
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
from bench.strange_sounds import strange_sounds
from ml.calibration import Calibration
from ml.crossvalidation import train_on
from ml.hyperparameters import PRESETS
from ml.mix_figures import figures
from ml.model import save_model
from ml.predict import load_model
from ml.recording import Heard, hear
from ml.timeline import TimelineChoices, timeline
from ml.train import random_seed

FOLDS = 5
SEED = 11
REACHES_S = (10.0, 15.0, 30.0, 60.0)
LONG_MIX_S = 90 * 60.0
TEXT = Path(__file__).parents[1] / "docs" / "model.md"  # read aloud
FORMATS = (".flac", ".mp3", ".opus")


@dataclass(slots=True)
class Sessions:
    """All that was heard; the tables follow from it."""

    validation_groups: list[set[str]] = field(default_factory=list)  # of each fold
    tested_groups: list[set[str]] = field(default_factory=list)
    clips: list[ByTime] = field(default_factory=list)
    tuning: list[Listened] = field(default_factory=list)  # one a fold, of its validation tracks
    tested: list[Listened] = field(default_factory=list)  # one a fold, of tracks that nothing was learnt from
    alone: dict[str, list[Listened]] = field(default_factory=dict)  # of one label
    in_turns: list[Listened] = field(default_factory=list)
    strange: dict[str, list[tuple[Heard, Calibration]]] = field(default_factory=dict)


def hear_all(tracks: Sequence[Track], folder: Path) -> Sessions:
    """Train a model a fold, make the mixes and hear them; the models stay below `folder`."""
    crate = read_crate(tracks, folder)
    sounds = strange_sounds(folder, TEXT.read_text()) if shutil.which("espeak-ng") else {}
    sessions = Sessions()
    for number, division in enumerate(crate.divisions(FOLDS, SEED)):
        path = folder / f"fold{number}.keras"
        if not path.exists():
            scorer = train_on(crate, crate.sides(division), PRESETS["labelscope"], random_seed(SEED, number))
            save_model(scorer.network, scorer.card, path)
        scorer = load_model(path)
        validation, holdout = (
            [tracks[place] for place in rows] for rows in (division.validation, division.holdout)
        )
        sessions.validation_groups.append({track.group for track in validation})
        sessions.tested_groups.append({track.group for track in holdout})
        sessions.clips.append(clip_accuracy(holdout, scorer))
        sessions.tuning.append(listen(number, shuffled(validation, number), scorer, folder, number))
        sessions.tested.append(listen(number, shuffled(holdout, number), scorer, folder, number))
        for label in scorer.labels:
            own = [track for track in holdout if track.label == label]
            mix = listen(number, shuffled(own, number), scorer, folder, number)
            sessions.alone.setdefault(label, []).append(mix)
        sessions.in_turns.append(listen(number, in_turns(holdout, number), scorer, folder, number))
        for name, sound in sounds.items():
            heard = hear(sound, scorer), scorer.card.calibration
            sessions.strange.setdefault(name, []).append(heard)
        print(f"fold {number} heard", file=sys.stderr, flush=True)
    return sessions


def print_tested(sessions: Sessions, chosen: Sequence[TimelineChoices], title: str) -> None:
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
    for mix, clips, choices in zip(sessions.tested, sessions.clips, chosen, strict=True):
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


def print_uniformity(sessions: Sessions, chosen: Sequence[TimelineChoices]) -> None:
    print("\n| mix of held-out tracks | uniformity in each fold | entropy, bits |")
    print("|---|---|---|")
    rows = {f"{label} alone": mixes for label, mixes in sessions.alone.items()}
    for name, mixes in {**rows, "five labels in turn, four minutes each": sessions.in_turns}.items():
        found = [figures(shown(mix, choices), mix.heard) for mix, choices in zip(mixes, chosen, strict=True)]
        uniformity = ", ".join(f"{one.uniformity:.2f}" for one in found)
        entropy = ", ".join(f"{one.entropy:.2f}" for one in found)
        print(f"| {name} | {uniformity} | {entropy} |")


def print_strange(sessions: Sessions, chosen: Sequence[TimelineChoices]) -> None:
    print("\n| three minutes of | unknown, share in each fold | without the test of movement |")
    print("|---|---|---|")
    for name, all_heard in sessions.strange.items():
        with_test, without = [], []
        for (heard, calibration), choices in zip(all_heard, chosen, strict=True):
            plain = replace(heard, usual=np.ones_like(heard.usual))
            with_test.append(figures(timeline(heard, calibration, choices), heard).unlike)
            without.append(figures(timeline(plain, calibration, choices), heard).unlike)
        both = (", ".join(f"{one:.2f}" for one in shares) for shares in (with_test, without))
        print(f"| {name} | {' | '.join(both)} |")


def print_cost(tracks: Sequence[Track], folder: Path, warm_up: Path) -> None:
    """Of a mix of 90 minutes, in three formats."""
    print(
        "\n| 90-minute mix | bare decoding | heard, timeline and figures | times decoding | memory above the model's |"
    )
    print("|---|---|---|---|---|")
    pieces, left_s = [], LONG_MIX_S
    for piece in shuffled(tracks, SEED):
        pieces.append(piece)
        left_s -= piece.length_s
        if left_s < -300:  # the crossfades take some of it
            break
    for suffix in FORMATS:
        mix = folder / f"long{suffix}"
        if not mix.exists():
            render(pieces, mix, np.random.default_rng(SEED))
        found = cost(mix, folder / "fold0.keras", warm_up)
        print(
            f"| {suffix[1:]}, {found.minutes:.0f} min | {found.decoding_s:.1f} s | {found.hearing_s:.1f} s |"
            f" {found.hearing_s / found.decoding_s:.2f} | {found.mebibytes:.0f} MiB |",
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
        kept = folder / "heard.pickle"
        if not kept.exists():
            kept.write_bytes(pickle.dumps(hear_all(tracks, folder)))
        sessions: Sessions = pickle.loads(kept.read_bytes())
        chosen = []
        for tested in sessions.tested_groups:
            others = [
                mix
                for mix, groups in zip(sessions.tuning, sessions.validation_groups, strict=True)
                if not groups & tested
            ]
            chosen.append(set_choices(others))
            print(f"set without fold {len(chosen) - 1}: {chosen[-1]}")
        print(f"set on all: {set_choices(sessions.tuning)}")
        print_tested(sessions, chosen, "Numbers set on the mixes of other folds:")
        print_tested(sessions, [TimelineChoices()] * FOLDS, f"The numbers that stand, {TimelineChoices()}:")
        print_uniformity(sessions, chosen)
        print_strange(sessions, chosen)
        if not arguments.no_cost:
            warm_up = next(iter(strange_sounds(folder, TEXT.read_text()).values()))
            print_cost(tracks, folder, warm_up)


if __name__ == "__main__":
    main()
