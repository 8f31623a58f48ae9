"""Decoders write nothing to the terminal, and sentences of commands get there all the same."""

import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf

from sound.decode import load_mono
from sound.errors import AudioError

PROGRAM = """
import os, sys
from cli.output.streams import filter_streams
filter_streams()
from sound.quiet import quiet
with quiet():
    with quiet():
        os.write(2, b"of a decoder")
    os.write(2, b"of a decoder")
    print("a sentence", file=sys.stderr)
os.write(2, b"of a crash")
"""


def test_damaged_mp3s_leave_stderr_empty(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    random = np.random.default_rng(1)  # some of these make libmpg123 warn
    whole = tmp_path / "whole.mp3"
    sf.write(whole, 0.1 * random.standard_normal(44_100 * 4), 44_100)
    content = whole.read_bytes()
    for number in range(40):
        damaged = bytearray(content)
        for start in random.integers(2_000, len(content) - 100, 1 + number % 8).tolist():
            damaged[start : start + 5] = random.bytes(5)
        path = tmp_path / f"{number}.mp3"
        path.write_bytes(damaged)
        with suppress(AudioError):
            load_mono(path)
    assert capfd.readouterr().err == ""


def test_sentences_pass_while_a_decoder_is_quiet_and_crashes_afterwards() -> None:
    ended = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    assert ended.stderr == "a sentence\nof a crash"
