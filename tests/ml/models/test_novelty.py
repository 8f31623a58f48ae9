"""Temporal variance: of steady sound, of pulsing sound, and the range of the training crops."""

from pathlib import Path

import numpy as np
import pytest

from ml.data.crops import Standardisation, load_crops, standardisation
from ml.features.spectrogram import SpectrogramConfig, log_mel
from ml.models.novelty import temporal_variance, temporal_variance_range
from tests.ml.clips import CROP_FRAMES, rhythms

PLAIN = Standardisation(mean=(-30.0,) * 128, deviation=(15.0,) * 128)


def test_a_tone_varies_less_than_noise_and_noise_less_than_words() -> None:
    random = np.random.default_rng(0)
    rate = SpectrogramConfig().sample_rate
    time = np.arange(5 * rate) / rate
    noise = 0.1 * random.normal(size=len(time))
    sounds = [0.5 * np.sin(2 * np.pi * 440 * time), noise, noise * (time * 3 % 1 < 0.5)]
    middles = np.stack([log_mel(sound.astype(np.float32), SpectrogramConfig())[40:168] for sound in sounds])
    tone, steady, pulsing = temporal_variance(middles, PLAIN).tolist()
    assert tone < 1e-3 < steady < 0.1 < 1 < pulsing


def test_level_and_colour_do_not_count() -> None:
    crop = np.random.default_rng(0).normal(-30, 10, (1, 128, 128))
    louder = crop + np.linspace(0, 40, 128)
    assert temporal_variance(louder, PLAIN) == pytest.approx(temporal_variance(crop, PLAIN), rel=1e-4)


def test_nearly_all_training_crops_are_in_the_range(tmp_path: Path) -> None:
    crops = load_crops(rhythms(tmp_path, [0, 1, 2] * 20), crop_frames=CROP_FRAMES)
    statistics = standardisation(crops)
    low, high = temporal_variance_range(crops, statistics)
    values = temporal_variance(crops.take(np.arange(len(crops))), statistics)
    assert np.mean((values >= low) & (values <= high)) == pytest.approx(0.95, abs=0.02)
