"""Log-mel spectrograms equal librosa's, and their files are whole or absent."""

import json
import resource
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import librosa
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.features.spectrogram import SpectrogramConfig, load_spectrogram, log_mel, save_spectrogram
from ml.features.stft import mel_basis
from sound.decode import load_mono

RECIPE = SpectrogramConfig()
RATE = RECIPE.sample_rate


def by_librosa(samples: np.ndarray, recipe: SpectrogramConfig = RECIPE) -> np.ndarray:
    power = librosa.feature.melspectrogram(
        y=samples,
        sr=recipe.sample_rate,
        n_fft=recipe.n_fft,
        hop_length=recipe.hop_length,
        n_mels=recipe.n_mels,
        fmin=recipe.fmin,
        fmax=recipe.fmax,
    )
    return librosa.power_to_db(power, ref=recipe.reference, amin=recipe.amin, top_db=recipe.top_db).T


def test_real_clips_equal_librosa(some_clips: list[Path]) -> None:
    for path in some_clips:
        samples = load_mono(path)
        ours = log_mel(samples, RECIPE)
        assert ours.dtype == np.float32 and ours.flags.c_contiguous
        assert ours.shape == (1 + len(samples) // 512, 128)
        theirs = librosa.power_to_db(librosa.feature.melspectrogram(y=librosa.load(path)[0], sr=RATE)).T
        assert np.abs(ours - theirs).max() < 0.01


@st.composite
def signals(draw: st.DrawFn) -> np.ndarray:
    """Tones, noise, clicks and silence, of any length and loudness."""
    length = draw(st.integers(1, 60_000))
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    time = np.arange(length) / RATE
    samples = draw(st.sampled_from([0.0, 1e-6, 1e-3, 0.3])) * random.normal(size=length)
    for hz in draw(st.lists(st.floats(0, RATE / 2), max_size=3)):
        samples += draw(st.sampled_from([1e-4, 0.05, 1.0])) * np.sin(2 * np.pi * hz * time)
    samples[draw(st.lists(st.integers(0, length - 1), max_size=4))] += 1.0
    return samples.astype(np.float32)


@settings(max_examples=60, deadline=None)
@given(signals())
@pytest.mark.filterwarnings("ignore:n_fft=.* is too large:UserWarning")
def test_made_signals_equal_librosa(samples: np.ndarray) -> None:
    ours, theirs = log_mel(samples, RECIPE), by_librosa(samples)
    assert ours.shape == theirs.shape
    assert np.abs(ours - theirs).max() < 0.01


@pytest.mark.parametrize(
    "recipe",
    [
        SpectrogramConfig(n_mels=40),
        SpectrogramConfig(n_fft=1024, hop_length=256, n_mels=96),
        SpectrogramConfig(sample_rate=16000, fmin=50.0, fmax=7000.0, reference=0.5, top_db=60.0),
        SpectrogramConfig(n_fft=512, n_mels=128),  # bands so narrow that some hold no bin
    ],
)
@pytest.mark.filterwarnings("ignore:Empty filters detected:UserWarning")
def test_other_recipes_equal_librosa(recipe: SpectrogramConfig) -> None:
    samples = np.random.default_rng(1).normal(size=30_000).astype(np.float32) * 0.1
    assert np.abs(log_mel(samples, recipe) - by_librosa(samples, recipe)).max() < 0.01


def test_the_mel_basis_is_librosas() -> None:
    theirs = librosa.filters.mel(sr=RATE, n_fft=2048, n_mels=128)
    assert np.abs(mel_basis(RATE, 2048, 128, 0.0, RATE / 2) - theirs).max() < 1e-7


@pytest.mark.parametrize("length", [0, 1, 511, 512, 2047, 30_000])
def test_silence_is_flat(length: int) -> None:
    spectrogram = log_mel(np.zeros(length, dtype=np.float32), RECIPE)
    assert spectrogram.shape == (1 + length // 512, 128)
    assert np.allclose(spectrogram, -100)


def test_the_samples_are_left_alone() -> None:
    samples = np.random.default_rng(1).normal(size=30_000).astype(np.float32)
    samples.flags.writeable = False
    assert np.array_equal(log_mel(samples, RECIPE), log_mel(samples, RECIPE))


def test_a_recipe_survives_json_with_its_fingerprint() -> None:
    values = json.loads(json.dumps(RECIPE.to_dict()))
    assert SpectrogramConfig.from_dict(values) == RECIPE
    whole_numbers = {name: int(value) if value == int(value) else value for name, value in values.items()}
    assert SpectrogramConfig.from_dict(whole_numbers).fingerprint() == RECIPE.fingerprint()
    assert len(RECIPE.fingerprint()) == 12
    with pytest.raises(TypeError, match="colour"):
        SpectrogramConfig.from_dict(values | {"colour": 1})


@pytest.mark.parametrize("name", list(RECIPE.to_dict()))
def test_each_parameter_changes_the_fingerprint(name: str) -> None:
    changed = replace(RECIPE, **{name: RECIPE.to_dict()[name] + 1})
    assert changed.fingerprint() != RECIPE.fingerprint()


def spectrogram_of_noise(frames: int = 300) -> np.ndarray:
    return np.random.default_rng(2).uniform(-100, 40, size=(frames, 128)).astype(np.float32)


def test_what_is_saved_comes_back(tmp_path: Path) -> None:
    spectrogram = spectrogram_of_noise()
    stored = save_spectrogram(tmp_path, spectrogram)
    path = tmp_path / stored.path
    assert stored.path == f"{stored.sha256[:2]}/{stored.sha256}.npy"
    assert stored.bytes == path.stat().st_size
    loaded = load_spectrogram(path)
    assert loaded.dtype == np.float16 and loaded.shape == (300, 128)
    assert np.abs(loaded.astype(np.float32) - spectrogram).max() <= 1 / 32
    with pytest.raises(ValueError, match="read-only"):
        loaded[0, 0] = 0


def test_many_writers_of_the_same_spectrogram_leave_one_file(tmp_path: Path) -> None:
    spectrogram = spectrogram_of_noise()
    with ThreadPoolExecutor(8) as pool:
        stored = set(pool.map(lambda _: save_spectrogram(tmp_path, spectrogram), range(40)))
    assert len(stored) == 1
    assert [str(path.relative_to(tmp_path)) for path in files_below(tmp_path)] == [stored.pop().path]


def test_a_full_disk_leaves_no_file(tmp_path: Path) -> None:
    # A limit on the size of files fails a write half way, as a full disk does.
    limit = 10_000
    program = (
        "import resource, signal, sys; from pathlib import Path; import numpy as np\n"
        "from ml.features.spectrogram import save_spectrogram\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        f"resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit}))\n"
        "try: save_spectrogram(Path(sys.argv[1]), np.ones((300, 128), dtype=np.float32))\n"
        "except OSError: print('refused')"
    )
    root = Path(__file__).resolve().parents[3]
    run = subprocess.run(
        [sys.executable, "-B", "-c", program, tmp_path], cwd=root, capture_output=True, text=True, check=True
    )
    assert run.stdout == "refused\n"
    assert files_below(tmp_path) == []
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] != limit  # this process was spared


def test_pickles_and_broken_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "spectrogram.npy"
    np.save(path, np.array([{"a": "pickle"}], dtype=object), allow_pickle=True)
    with pytest.raises(ValueError, match="extract its clip again"):
        load_spectrogram(path)
    whole = (tmp_path / save_spectrogram(tmp_path, spectrogram_of_noise()).path).read_bytes()
    for content in (b"", b"words", whole[:50], whole[:-1]):
        path.write_bytes(content)
        with pytest.raises(ValueError, match="extract its clip again"):
            load_spectrogram(path)
    np.save(path, np.ones((3, 128)))
    with pytest.raises(ValueError, match="float64"):
        load_spectrogram(path)
    with pytest.raises(FileNotFoundError):
        load_spectrogram(tmp_path / "nothing.npy")


def files_below(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]
