"""How well mixes are segmented: synthetic mixes with known labels, of tracks that no model was trained on.

Run as `python -m bench.mix TRACKS`, a folder with one sub-folder of full-length tracks for each label
(`python -m bench.mix.long_tracks TRACKS` makes one). Recordings are split into four folds. For each fold a model is
trained on the clips of two others and calibrated on the third. It is tested on a mix of all tracks of its fold. The
parameters of ml.mixes.segmentation for this test are set on mixes of the other folds' tracks. Then: mixes of one label
and of five in turn, sounds of no label, labels that a model was trained without, and the cost of a mix of 90 minutes.
Half an hour or more on two cores; `--keep FOLDER` keeps models and analyses, to print the tables again in minutes.
"""

import argparse
import tempfile
from contextlib import ExitStack
from pathlib import Path

from bench.mix.choices import set_choices
from bench.mix.sessions import analyse_folds, analyse_special_mixes
from bench.mix.sets import read_tracks
from bench.mix.strange_sounds import white_noise
from bench.mix.tables import (
    print_concentration,
    print_cost,
    print_special_mixes,
    print_strange,
    print_tested,
)
from ml.mixes.segmentation import TimelineChoices


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("tracks", type=Path)
    parser.add_argument("--keep", type=Path, help="a folder for models and analyses")
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
        sessions = analyse_folds(tracks, folder)
        chosen = []
        for session in sessions:
            others = [
                other.tuning for other in sessions if not other.validation_groups & session.tested_groups
            ]
            chosen.append(set_choices(others))
            print(f"set without fold {len(chosen) - 1}: {chosen[-1]}")
        on_all = set_choices([session.tuning for session in sessions])
        print(f"set on all: {on_all}")
        print_tested(sessions, chosen, "Parameters set on the mixes of other folds:")
        print_tested(sessions, [TimelineChoices()] * len(sessions), f"The defaults, {TimelineChoices()}:")
        print_concentration(sessions, chosen)
        print_strange(sessions, chosen)
        print_special_mixes(analyse_special_mixes(tracks, folder), on_all)
        if not arguments.no_cost:
            print_cost(tracks, folder, white_noise(folder))


if __name__ == "__main__":
    main()
