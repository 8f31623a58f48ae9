"""Made mixes: as long as their truth says, equally loud through a crossfade, each label where it should be."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from bench.mix.made_mixes import RATE, Piece, render


def test_labels_sound_when_the_truth_says_so(tmp_path: Path) -> None:
    pieces, pitches = [], {"low": 200, "middle": 700, "high": 3000}
    for number, (label, hz) in enumerate(pitches.items()):
        rate = (44_100, 48_000, 22_050)[number]
        path = tmp_path / f"{label}.flac"
        soundfile.write(path, 0.3 * np.sin(2 * np.pi * hz * np.arange(60 * rate) / rate), rate)
        pieces.append(Piece(path, label, 5.0, 50.0, 120.0))
    truth = render(pieces, tmp_path / "mix.flac", np.random.default_rng(0), fades_in_bars=[4])
    mix, _ = soundfile.read(tmp_path / "mix.flac")
    assert mix.shape == (round((3 * 50 - 2 * 8) * RATE), 2)  # two crossfades of four bars of 2 s
    assert [stretch.label for stretch in truth] == list(pitches)
    assert [stretch.start_s for stretch in truth] == pytest.approx([0, 46, 88], abs=0.01)
    assert truth[-1].end_s == pytest.approx(len(mix) / RATE)
    seconds = mix[: len(mix) // RATE * RATE, 0].reshape(-1, RATE)
    assert np.sqrt(np.mean(seconds**2, axis=1)) == pytest.approx(
        np.full(len(seconds), 0.3 / np.sqrt(2)), rel=0.02
    )
    strongest = np.abs(np.fft.rfft(seconds)).argmax(axis=1)
    middles = np.arange(len(seconds)) + 0.5
    for middle, hz in zip(middles, strongest, strict=True):
        (label,) = [stretch.label for stretch in truth if stretch.start_s <= middle < stretch.end_s]
        assert hz == pytest.approx(pitches[label], abs=1)
