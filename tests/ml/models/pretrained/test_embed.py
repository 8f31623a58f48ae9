"""The embedding of sound: its input, its weights' origin, and the original network's own figures."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import librosa
import numpy as np
import pytest
from numpy.typing import NDArray

from common.files import sha256_of
from ml.models.pretrained import source as sources
from ml.models.pretrained.embed import embed, embed_patches, network
from ml.models.pretrained.errors import WeightsError
from ml.models.pretrained.log_mel import log_mel, patches
from ml.models.pretrained.source import MSD, MTT, Source, WeightFile, verified_files, weights_installed
from sound.decode import load_mono
from tests.ml.models.pretrained.checkpoint_writer import random_tensors, write_checkpoint

SHARED = Path(__file__).resolve().parents[5] / "shared"
REFERENCE = SHARED / "pretrained" / "musicnn-reference.npz"
both = pytest.mark.parametrize("source", [MSD, MTT], ids=lambda source: source.name)
installed = pytest.mark.skipif(
    not (weights_installed(MSD) and weights_installed(MTT)), reason="needs `make pretrained`"
)


@pytest.fixture(scope="module")
def made_up(tmp_path_factory: pytest.TempPathFactory) -> Source:
    """A network with random weights, installed as a package that can be imported."""
    root = tmp_path_factory.mktemp("site")
    package = root / "made_up_weights"
    package.mkdir()
    (package / "__init__.py").write_text("raise RuntimeError('code of the package runs')")
    index, data = write_checkpoint(package, random_tensors())
    files = [WeightFile(path.name, sha256_of(path)) for path in (index, data)]
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(root)
        yield replace(MSD, name="made up", package=package.name, index=files[0], data=files[1])


def noise(seconds: float, rate: int) -> NDArray[np.float32]:
    return (0.1 * np.random.default_rng(1).standard_normal(round(seconds * rate))).astype(np.float32)


def test_log_mel_equals_librosas() -> None:
    samples = noise(4, 16000)
    mel = librosa.feature.melspectrogram(y=samples, sr=16000, n_fft=512, hop_length=256, n_mels=96)
    np.testing.assert_allclose(log_mel(samples, 16000), np.log10(10000 * mel.T + 1), atol=1e-4)


def test_the_rest_that_fills_no_patch_is_left_out() -> None:
    samples = noise(8, 22050)
    assert patches(samples, 22050).shape == (2, 187, 96)
    np.testing.assert_array_equal(patches(samples, 22050).reshape(-1, 96), log_mel(samples, 22050)[:374])


def test_short_sound_is_repeated_until_it_fills_a_patch() -> None:
    samples = noise(0.5, 16000)
    frames = log_mel(samples, 16000)
    of_sound = patches(samples, 16000)
    assert of_sound.shape == (1, 187, 96)
    np.testing.assert_array_equal(of_sound[0], np.concatenate([frames] * 10)[:187])


def test_sound_without_samples_is_refused() -> None:
    with pytest.raises(ValueError, match="no samples"):
        log_mel(np.empty(0, dtype=np.float32), 16000)


def test_an_embedding_is_the_mean_of_those_of_its_patches(made_up: Source) -> None:
    samples = noise(34, 16000)  # more patches than are computed at once
    of_patches = embed_patches(patches(samples, 16000), made_up)
    assert of_patches.shape == (11, 753)
    embedding = embed(samples, 16000, made_up)
    assert embedding.shape == (753,) and embedding.dtype == np.float32
    np.testing.assert_allclose(embedding, of_patches.mean(axis=0), rtol=1e-5)
    alone = [embed_patches(patches(samples, 16000)[number : number + 1], made_up)[0] for number in (0, 10)]
    np.testing.assert_allclose(of_patches[[0, 10]], alone, atol=1e-5)


def test_weights_are_found_without_running_their_package(made_up: Source) -> None:
    assert weights_installed(made_up)
    assert made_up.package not in sys.modules


def test_a_package_that_is_not_installed_has_no_weights() -> None:
    absent = replace(MSD, package="no_such_package")
    assert not weights_installed(absent)
    with pytest.raises(WeightsError, match="no_such_package is not installed; install it with"):
        verified_files(absent)


def test_weights_of_another_version_are_refused(made_up: Source) -> None:
    changed = replace(made_up, data=replace(made_up.data, sha256="0" * 64))
    assert weights_installed(changed)
    with pytest.raises(WeightsError, match=r"data-00000-of-00001' is missing, or is not that of"):
        network(changed)


def test_the_embedding_loads_no_keras() -> None:
    """Extraction's processes have none, and must stay small."""
    program = "import sys, ml.models.pretrained.embed; sys.exit(bool({'keras', 'jax'} & sys.modules.keys()))"
    subprocess.run([sys.executable, "-c", program], check=True, cwd=Path(sources.__file__).parents[3])


@installed
@both
def test_activations_equal_those_of_the_original(source: Source) -> None:
    if not REFERENCE.is_file():
        pytest.skip("needs ../shared/pretrained")
    with np.load(REFERENCE) as reference:
        names = {key.split("/")[1] for key in reference if key.startswith(source.name)}
        assert len(names) == 3
        for name in names:
            samples = load_mono(SHARED / "corpus" / name.replace("__", "/"), sample_rate=16000)
            channels = network(source).channels(patches(samples, 16000))
            hidden, tags = network(source).tags(channels)
            found = {"mean_pool": channels.mean(axis=1), "penultimate": hidden, "tags": tags}
            for part, values in found.items():
                np.testing.assert_allclose(
                    values.mean(axis=0), reference[f"{source.name}/{name}/{part}"], atol=0.001
                )


@installed
@both
def test_the_installed_weights_are_those_of_the_source(source: Source) -> None:
    verified_files(source)
