"""Input of `bench.mix`: full-length tracks, their clips as a dataset, and mixes of tracks."""

import itertools
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from bench.mix.made_mixes import Piece, render
from bench.mix.scores import Stretch
from ml.data.crops import Example
from ml.data.dataset import Dataset
from ml.evaluation.calibration import Calibration
from ml.features.descriptors import audio_features
from ml.features.spectrogram import SpectrogramConfig, log_mel, save_spectrogram
from ml.mixes.analyse import WindowScores, analyse
from ml.models.scorer import Scorer
from sound.clips import plan_clips
from sound.decode import load_mono
from sound.errors import AudioError

CONFIG = SpectrogramConfig()
CLIPS_A_TRACK = 3
CLIP_S = 30.0
SHORTEST_TRACK_S = 60.0
LONGEST_PIECE_S = (
    300.0  # of a track in a mix; one label has so long tracks that they would fill half of every mix
)
DEFAULT_TEMPO = 120.0  # of a track without one
TURN_S = 240.0  # of one label, where labels take turns
TURNS = 15


@dataclass(frozen=True, slots=True)
class Track:
    """A full-length track."""

    path: Path
    label: str
    group: str  # the recording: all its versions are in one split
    duration_s: float
    tempo: float

    def piece(self, longest_s: float = LONGEST_PIECE_S) -> Piece:
        return Piece(self.path, self.label, 0.0, min(self.duration_s, longest_s), self.tempo)


@dataclass(frozen=True, slots=True)
class AnalysedMix:
    """A mix with its true labels, its analysis, and the calibration of the model."""

    fold: int
    truth: tuple[Stretch, ...]
    scores: WindowScores
    calibration: Calibration


def read_tracks(folder: Path) -> list[Track]:
    """The tracks of FOLDER/<label>/<track> that last a minute or more, and are not silent in the middle."""
    tracks = []
    for path in sorted(folder.glob("*/*")):
        duration_s = soundfile.info(path).duration
        middle = _sound(path, duration_s / 2 - CLIP_S / 2)
        if duration_s >= SHORTEST_TRACK_S and middle is not None:
            label = path.parent.name
            tracks.append(Track(path, label, f"{label}/{_recording(path)}", duration_s, _tempo(middle)))
    return tracks


def _recording(path: Path) -> str:
    """The name of the shortest file in the folder that is a prefix of this one's, up to an underscore."""
    names = sorted((other.stem.rstrip("_") for other in path.parent.iterdir()), key=len)
    return next(name for name in names if f"{path.stem.rstrip('_')}_".startswith(f"{name}_"))


def _sound(path: Path, offset_s: float, duration_s: float = CLIP_S) -> NDArray[np.float32] | None:
    """A clip; None where it is silent, or not there."""
    with suppress(AudioError):
        return load_mono(path, offset_s=max(0.0, offset_s), duration_s=duration_s)
    return None


def _tempo(samples: NDArray[np.float32]) -> float:
    return audio_features(samples, CONFIG.sample_rate).tempo_bpm or DEFAULT_TEMPO


def read_dataset(tracks: Sequence[Track], folder: Path) -> Dataset:
    """Clips as ingest cuts them, up to three windows of 30 s a track; spectrograms below `folder`."""
    labels = tuple(sorted({track.label for track in tracks}))
    examples = []
    for number, track in enumerate(tracks):
        for offset_s, duration_s in plan_clips(track.duration_s, CLIPS_A_TRACK):
            if (samples := _sound(track.path, offset_s, duration_s)) is None:
                continue
            spectrogram = log_mel(samples, CONFIG)
            path = folder / save_spectrogram(folder, spectrogram).path
            examples.append(Example(number, len(examples), labels.index(track.label), path, len(spectrogram)))
    groups = {number: track.group for number, track in enumerate(tracks)}
    return Dataset(tuple(examples), labels, groups, CONFIG.to_dict())


def render_and_analyse(
    fold: int, pieces: Sequence[Piece], scorer: Scorer, folder: Path, seed: int
) -> AnalysedMix:
    """Render a mix of these pieces in this order, and analyse it. The file is removed afterwards."""
    path = folder / "mix.flac"
    truth = render(pieces, path, np.random.default_rng(seed))
    scores = analyse(path, scorer)
    path.unlink()
    return AnalysedMix(fold, truth, scores, scorer.card.calibration)


def shuffled(tracks: Sequence[Track], seed: int) -> list[Piece]:
    """All tracks once, in any order."""
    order = np.random.default_rng(seed).permutation(len(tracks))
    return [tracks[position].piece() for position in order]


def in_turns(tracks: Sequence[Track], seed: int) -> list[Piece]:
    """Labels in turn, four minutes each; where there are too few tracks, they are repeated."""
    random = np.random.default_rng(seed)
    labels = random.permutation(sorted({track.label for track in tracks}))
    stock = {label: _endless([track for track in tracks if track.label == label]) for label in labels}
    pieces: list[Piece] = []
    for turn in range(TURNS):
        missing_s = TURN_S
        while missing_s > 1:
            piece = next(stock[labels[turn % len(labels)]])
            length_s = min(piece.length_s, missing_s)
            pieces.append(Piece(piece.path, piece.label, piece.start_s, length_s, piece.tempo))
            missing_s -= length_s
    return pieces


def _endless(tracks: Sequence[Track]) -> Iterator[Piece]:
    """Parts of four minutes at most, of every track in turn, without end."""
    for track in itertools.cycle(tracks):
        for start_s in np.arange(0, track.duration_s - SHORTEST_TRACK_S / 2, TURN_S).tolist():
            length_s = min(TURN_S, track.duration_s - start_s)
            yield Piece(track.path, track.label, start_s, length_s, track.tempo)


@dataclass(frozen=True, slots=True)
class ByTime:
    """Seconds of clips whose label is predicted correctly: by single clips, and by all clips of their track."""

    clips: float
    tracks: float
    total: float


def clip_accuracy(tracks: Sequence[Track], scorer: Scorer) -> ByTime:
    """The accuracy for consecutive clips of 30 s of the parts of these tracks that the mixes use."""
    by_clip = by_track = total = 0.0
    for track in tracks:
        offsets = np.arange(0, track.piece().length_s - CLIP_S, CLIP_S).tolist()
        sounds = (_sound(track.path, offset_s) for offset_s in offsets)
        scores = scorer.score_many(log_mel(sound, CONFIG) for sound in sounds if sound is not None)
        clips = np.array([crops.mean(axis=0) for crops in scores])
        true = scorer.labels.index(track.label)
        by_clip += CLIP_S * float((clips.argmax(axis=1) == true).sum())
        by_track += CLIP_S * len(clips) * float(clips.mean(axis=0).argmax() == true)
        total += CLIP_S * len(clips)
    return ByTime(by_clip, by_track, total)
