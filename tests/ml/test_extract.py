"""From a clip to its stored spectrogram and features, as a worker process does it."""

import os
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from ml.extract import ClipJob, Extraction, Failure, extract_clip
from ml.features.fingerprint import fingerprint
from ml.features.spectrogram import SpectrogramConfig, load_spectrogram, log_mel
from sound.decode import load_mono

RECIPE = SpectrogramConfig()
ROOT = Path(__file__).resolve().parents[2]


def test_a_clip_is_stored_and_described(tmp_path: Path, tone_mp3: Path) -> None:
    result = extract_clip(ClipJob(7, tone_mp3, offset_s=1.0, duration_s=5.0), RECIPE, tmp_path)
    assert isinstance(result, Extraction)
    assert (result.clip_id, result.frames, result.too_short) == (7, 1 + 5 * 22050 // 512, False)
    stored = load_spectrogram(tmp_path / result.path)
    expected = log_mel(load_mono(tone_mp3, offset_s=1.0, duration_s=5.0), RECIPE)
    assert np.array_equal(stored, expected.astype(np.float16))
    assert result.bytes == (tmp_path / result.path).stat().st_size
    assert result.features.key == 9
    assert result.fingerprint == fingerprint(stored)
    assert pickle.loads(pickle.dumps(result)) == result


def test_the_same_clip_twice_is_one_file(tmp_path: Path, tone_mp3: Path) -> None:
    first = extract_clip(ClipJob(1, tone_mp3), RECIPE, tmp_path / "store")
    again = extract_clip(ClipJob(1, tone_mp3), RECIPE, tmp_path / "store")
    assert first == again
    assert len([path for path in (tmp_path / "store").rglob("*") if path.is_file()]) == 1


@pytest.mark.parametrize(
    ("samples", "too_short"), [(100, True), (8000, True), (127 * 512 - 1, True), (127 * 512, False)]
)
def test_short_clips_are_stored_and_flagged(tmp_path: Path, samples: int, too_short: bool) -> None:
    path = tmp_path / "short.wav"
    soundfile.write(path, 0.1 * np.ones(samples, dtype=np.float32), 22050)
    result = extract_clip(ClipJob(1, path), RECIPE, tmp_path)
    assert isinstance(result, Extraction)
    assert (result.frames, result.too_short) == (1 + samples // 512, too_short)
    assert load_spectrogram(tmp_path / result.path).shape == (result.frames, 128)


@pytest.mark.parametrize(
    ("content", "reason"), [(b"", "empty"), (b"only words", "not_audio"), (None, "missing")]
)
def test_a_file_that_cannot_be_used_is_a_failure(tmp_path: Path, content: bytes | None, reason: str) -> None:
    path = tmp_path / os.fsdecode(b"bad \xff\n.mp3")
    if content is not None:
        path.write_bytes(content)
    result = extract_clip(ClipJob(3, path), RECIPE, tmp_path / "store")
    assert isinstance(result, Failure)
    assert (result.clip_id, result.reason) == (3, reason)
    result.detail.encode()
    assert not (tmp_path / "store").exists()


def test_a_store_that_cannot_be_written_is_no_fault_of_the_clip(tmp_path: Path, tone_mp3: Path) -> None:
    (tmp_path / "store").write_text("a file where the folder should be")
    with pytest.raises(OSError):
        extract_clip(ClipJob(1, tone_mp3), RECIPE, tmp_path / "store")


def test_a_worker_has_one_thread(tmp_path: Path, tone_mp3: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from threadpoolctl import threadpool_info\n"
        "from ml.extract import *; from ml.features.spectrogram import SpectrogramConfig\n"
        "initialise_worker()\n"
        "assert all(pool['num_threads'] == 1 for pool in threadpool_info())\n"
        "clip = extract_clip(ClipJob(1, Path(sys.argv[1])), SpectrogramConfig(), Path(sys.argv[2]))\n"
        "print(clip.clip_id)"
    )
    command = [sys.executable, "-B", "-c", program, tone_mp3, tmp_path]
    assert subprocess.run(command, cwd=ROOT, capture_output=True, text=True).stdout == "1\n"


def test_the_bad_do_not_stop_the_good(tmp_path: Path, tone_mp3: Path) -> None:
    words = tmp_path / "words.mp3"
    words.write_text("words " * 1000)
    jobs = [ClipJob(number, path) for number, path in enumerate([tone_mp3, words, tone_mp3])]
    kinds = [type(extract_clip(job, RECIPE, tmp_path / "store")) for job in jobs]
    assert kinds == [Extraction, Failure, Extraction]
