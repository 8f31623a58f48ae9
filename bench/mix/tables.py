"""The tables that `bench.mix` prints, in Markdown."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from bench.mix.choices import stretches, timeline_of
from bench.mix.cost import cost
from bench.mix.made_mixes import render
from bench.mix.scores import boundaries, broken_seconds, errors, hits, right_seconds
from bench.mix.sessions import SEED, Session, SpecialMixes
from bench.mix.sets import Track, shuffled
from ml.mixes.segmentation import TimelineChoices, timeline
from ml.mixes.summary import summarise

REACHES_S = (10.0, 15.0, 30.0, 60.0)
LONG_MIX_S = 90 * 60.0
FORMATS = (".flac", ".mp3", ".opus")


def print_tested(sessions: Sequence[Session], chosen: Sequence[TimelineChoices], title: str) -> None:
    """The metrics of the tested mixes, with one set of parameters for each."""
    print(f"\n{title}")
    print(
        "| fold | minutes | tracks' label right: clips | tracks | mix, each second | unknown |"
        " label changes | found | "
        + " | ".join(f"hit, {reach:.0f} s" for reach in REACHES_S)
        + " | precision, 30 s | median error | over-segmented | under-segmented |"
    )
    print("|---" * (12 + len(REACHES_S)) + "|")
    sums: list[np.ndarray] = []
    all_errors: list[np.ndarray] = []
    for session, choices in zip(sessions, chosen, strict=True):
        mix, clips = session.tested, session.clips
        segments = stretches(timeline_of(mix, choices).segments)
        true, found = boundaries(mix.truth), boundaries(segments)
        deviations = errors(true, found)
        all_errors.append(deviations)
        sums.append(
            np.array(
                [
                    mix.truth[-1].end_s,
                    clips.clips,
                    clips.tracks,
                    clips.total,
                    right_seconds(mix.truth, segments),
                    sum(segment.end_s - segment.start_s for segment in segments if segment.label is None),
                    len(true),
                    len(found),
                    *(hits(true, found, reach) for reach in REACHES_S),
                    broken_seconds(mix.truth, segments),
                    broken_seconds(segments, mix.truth),
                ]
            )
        )
        _print_row(str(mix.fold), sums[-1], deviations)
    _print_row("all", np.sum(sums, axis=0), np.concatenate(all_errors))


def _print_row(name: str, sums: np.ndarray, deviations: np.ndarray) -> None:
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
        f"{np.median(deviations):.1f} s",
        f"{over / seconds:.3f}",
        f"{under / seconds:.3f}",
    ]
    print("| " + " | ".join(cells) + " |")


def print_concentration(sessions: Sequence[Session], chosen: Sequence[TimelineChoices]) -> None:
    print("\n| mix of held-out tracks | concentration in each fold | entropy, bits |")
    print("|---|---|---|")
    rows = {f"{label} alone": [session.alone[label] for session in sessions] for label in sessions[0].alone}
    rows["labels in turn, four minutes each"] = [session.in_turns for session in sessions]
    for name, mixes in rows.items():
        summaries = [
            summarise(timeline_of(mix, choices), mix.scores)
            for mix, choices in zip(mixes, chosen, strict=True)
        ]
        concentration = ", ".join(f"{summary.concentration:.2f}" for summary in summaries)
        entropy = ", ".join(f"{summary.entropy:.2f}" for summary in summaries)
        print(f"| {name} | {concentration} | {entropy} |")


def print_special_mixes(special: SpecialMixes, choices: TimelineChoices) -> None:
    print(
        "\n| label | unknown share by a model trained without it | concentration of a mix of training tracks |"
    )
    print("|---|---|---|")
    for label, mix in special.unknown_label.items():
        unknown_share = summarise(timeline_of(mix, choices), mix.scores).unknown_share
        trained = special.trained_alone[label]
        concentration = summarise(timeline_of(trained, choices), trained.scores).concentration
        print(f"| {label} | {unknown_share:.2f} | {concentration:.2f} |")
    turns = special.trained_in_turns
    print(f"| five in turn | | {summarise(timeline_of(turns, choices), turns.scores).concentration:.2f} |")


def print_strange(sessions: Sequence[Session], chosen: Sequence[TimelineChoices]) -> None:
    print("\n| three minutes of | unknown, share in each fold | without the test of temporal variance |")
    print("|---|---|---|")
    for name in sessions[0].strange:
        with_test, without_test = [], []
        for session, choices in zip(sessions, chosen, strict=True):
            scores, calibration = session.strange[name]
            untested = replace(scores, in_distribution=np.ones_like(scores.in_distribution))
            with_test.append(summarise(timeline(scores, calibration, choices), scores).unknown_share)
            without_test.append(summarise(timeline(untested, calibration, choices), scores).unknown_share)
        cells = (", ".join(f"{share:.2f}" for share in shares) for shares in (with_test, without_test))
        print(f"| {name} | {' | '.join(cells)} |")


def print_cost(tracks: Sequence[Track], folder: Path, warm_up: Path) -> None:
    """The cost of a mix of 90 minutes, in three formats."""
    print("\n| mix | bare decoding, s | of processors | analysis, s | of processors | times | memory added |")
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
        measured = cost(mix, folder / "fold0.keras", warm_up)
        times = measured.analysis.wall / measured.decoding.wall
        decoding, analysis = measured.decoding, measured.analysis
        print(
            f"| {suffix[1:]}, {measured.minutes:.0f} min | {decoding.wall:.1f} | {decoding.processor:.1f} |"
            f" {analysis.wall:.1f} | {analysis.processor:.1f} | {times:.2f} | {measured.mebibytes:.0f} MiB |",
            flush=True,
        )
