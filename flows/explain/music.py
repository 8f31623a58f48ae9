"""The spectrograms and audio features of a stored track, or of a file. Nothing is stored."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from config.settings import Settings
from db.read.clips import TrackFeatures
from flows.checks.files import file_problems, too_short
from flows.explain.request import ExplanationError, Request
from flows.home.environment import spectrogram_folder
from flows.scoring.files import samples_of_clips
from ml.features.descriptors import AudioFeatures, spectrogram_and_features
from ml.features.spectrogram import SpectrogramConfig, load_whole_spectrogram
from ml.models.scorer import Scorer

CURE: Final = "run `labelscope maintain --thorough --repair`, then `labelscope extract`."


@dataclass(frozen=True, slots=True)
class Clip:
    """A clip with its start within the file, in seconds, and its spectrogram (frames, bands) in dB."""

    start_s: float
    spectrogram: NDArray[np.floating]


@dataclass(frozen=True, slots=True)
class Music:
    """The clips of a track or file in order of time, and its audio features."""

    clips: Sequence[Clip]
    features: TrackFeatures


def load(settings: Settings, scorer: Scorer, request: Request) -> Music:
    """The music of a request. Raises UnusableFileError, and ExplanationError where a spectrogram is lost."""
    config = SpectrogramConfig.from_dict(scorer.spectrogram_config)
    if request.path is not None:
        return _music_of_file(request.path, config, scorer.card.crop_frames, settings.windows_per_track)
    assert request.features is not None
    folder = spectrogram_folder(settings, config.fingerprint())
    clips = []
    for row in request.spectrograms:
        try:
            spectrogram = load_whole_spectrogram(folder / row.path, row.frames, config.n_mels)
        except (OSError, ValueError) as problem:
            raise ExplanationError(f"A spectrogram of {request.name} is lost or damaged: {CURE}") from problem
        clips.append(Clip(row.offset_s, spectrogram))
    return Music(clips, request.features)


def _music_of_file(path: Path, config: SpectrogramConfig, crop_frames: int, windows: int) -> Music:
    clips, features = [], []
    with file_problems(path):
        for start_s, samples in samples_of_clips(path, config.sample_rate, windows):
            spectrogram, of_clip = spectrogram_and_features(samples, config)
            if len(spectrogram) >= crop_frames:
                clips.append(Clip(start_s, spectrogram))
                features.append(of_clip)
    if not clips:
        raise too_short(path)
    return Music(clips, _medians(features))


def _medians(clips: Sequence[AudioFeatures]) -> TrackFeatures:
    """The features of a track from those of its clips, as the database computes them."""
    rows = [asdict(clip) for clip in clips]
    values = {name: [row[name] for row in rows if row[name] is not None] for name in TrackFeatures._fields}
    return TrackFeatures(
        **{name: float(np.median(of_clips)) if of_clips else None for name, of_clips in values.items()}
    )
