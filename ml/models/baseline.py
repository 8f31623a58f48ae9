"""The baseline: a classical classifier that a network has to beat.

Statistics of a stored spectrogram (timbre, onsets, tempo) are the features of a support vector machine. It has one row
for each clip, and no crops. The features of a clip of 30 s take 3 ms. The time of a training grows with the square of
the clips, so at most MOST_CLIPS take part.
"""

import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import librosa
import numpy as np
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from common.errors import LabelscopeError
from common.files import write_whole
from ml.features.stft import HOP_LENGTH
from ml.features.tempo import tempo_of

FEWEST_FRAMES: Final = 9  # width of a delta
COEFFICIENTS: Final = 20  # of the cepstrum: the broad shape of the spectrum, which is its timbre
PENALTY: Final = 3.0  # C of the support vector machine
MOST_CLIPS: Final = 15_000  # in a training: 5 to 35 s on two cores, longer for similar labels
DEFAULT_TEMPO: Final = 120.0  # beats per minute, of clips without a tempo; librosa's default
FORMAT: Final = 1


class BaselineFileError(LabelscopeError):
    """A baseline file is missing, damaged or has another sha256 than expected."""


@dataclass(frozen=True, slots=True)
class Baseline:
    """A trained baseline. `card` is stored with it: label order, spectrogram parameters, temperatures; JSON values."""

    pipeline: Pipeline = field(repr=False)
    card: dict[str, Any] = field(default_factory=dict)

    def probabilities(self, features: NDArray[np.floating]) -> NDArray[np.float64]:
        """Probabilities of clips from their features (clips, n): (clips, labels), rows summing to 1.

        They are the softmax of decision values, whose scale is arbitrary. Only their order is meaningful until
        ml.evaluation.calibration has scaled them by a temperature.
        """
        if len(features) == 0:
            return np.empty((0, len(self.pipeline.classes_)))
        decision = self.pipeline.decision_function(features)
        if decision.ndim == 1:  # of two labels: the distance to the border, positive for the second one
            decision = np.column_stack([-decision, decision])
        odds = np.exp(decision - decision.max(axis=1, keepdims=True))
        shares: NDArray[np.float64] = odds / odds.sum(axis=1, keepdims=True)
        return shares


def clip_features(spectrogram: NDArray[np.floating], sample_rate: int = 22050) -> NDArray[np.float32]:
    """The features of a clip by its spectrogram (frames, bands) in dB, hop 512: float32 (65,), all finite.

    Mean and standard deviation of 20 cepstral coefficients, deviation of their deltas; mean, deviation, median
    and 90th percentile of the onset strength; the tempo in beats per minute.

    Raises ValueError for other shapes, and for fewer than the 9 frames that a delta needs.
    """
    if spectrogram.ndim != 2 or len(spectrogram) < FEWEST_FRAMES:
        raise ValueError(
            f"Expected a spectrogram of ({FEWEST_FRAMES} frames or more, bands), got {spectrogram.shape}."
        )
    decibels = np.asarray(spectrogram, dtype=np.float32).T  # (bands, frames)
    cepstrum = librosa.feature.mfcc(S=decibels, n_mfcc=COEFFICIENTS)  # (coefficients, frames)
    deltas = librosa.feature.delta(cepstrum, width=FEWEST_FRAMES)
    onsets = librosa.onset.onset_strength(S=decibels, sr=sample_rate, hop_length=HOP_LENGTH)
    strength = [onsets.mean(), onsets.std(), np.median(onsets), np.quantile(onsets, 0.9)]
    tempo = tempo_of(onsets, sample_rate) or DEFAULT_TEMPO
    statistics = [cepstrum.mean(axis=1), cepstrum.std(axis=1), deltas.std(axis=1), strength, [tempo]]
    return np.concatenate(statistics).astype(np.float32)


def train_baseline(
    features: NDArray[np.floating],
    label: NDArray[np.integer],
    number_of_labels: int,
    seed: int = 1,
    most_clips: int = MOST_CLIPS,
) -> Baseline:
    """Train on features (clips, n) and labels (clips,), positions below `number_of_labels`, all with the same weight.

    The same clips give the same baseline. `seed` only selects the clips where there are more than `most_clips`.

    Raises ValueError where a label has no clip, or where there is but one label.
    """
    support = np.bincount(label, minlength=number_of_labels)
    if number_of_labels < 2 or len(support) > number_of_labels or support.min() == 0:
        raise ValueError(
            f"A baseline needs two labels or more and a clip of each, got {support.tolist()} clips of"
            f" {number_of_labels} labels: add clips, or leave out labels that have none."
        )
    rows = _at_most(most_clips, label, seed)
    machine = SVC(C=PENALTY, kernel="rbf", class_weight="balanced", decision_function_shape="ovr")
    return Baseline(make_pipeline(StandardScaler(), machine).fit(features[rows], label[rows]))


def _at_most(clips: int, label: NDArray[np.integer], seed: int) -> NDArray[np.intp]:
    """Rows of at most so many clips, (rows,): small labels completely, large ones reduced to one size."""
    rows = np.random.default_rng(seed).permutation(len(label))
    sorted_rows = rows[np.argsort(label[rows], kind="stable")]
    sizes = np.bincount(label)
    # Clips are numbered from 0 within each label: the lowest numbers fill the labels evenly.
    number_in_label = np.arange(len(label)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    return np.sort(sorted_rows[np.argsort(number_in_label, kind="stable")[:clips]])


def save_baseline(baseline: Baseline, path: Path) -> str:
    """Write the baseline to `path` (`.skops`: a zip of JSON and arrays, no pickle); returns its sha256, 64 hex digits.

    Atomic: the file appears under its name only when it is complete and on disk; an older one is replaced.
    """
    import skops.io  # takes a second, and only files need it

    content = skops.io.dumps({"format": FORMAT, "card": baseline.card, "pipeline": baseline.pipeline})
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, content)
    return hashlib.sha256(content).hexdigest()


def load_baseline(path: Path, expected_sha256: str | None = None) -> Baseline:
    """The baseline of a file, for notebooks: no flow reads one. Only objects of trusted types are created.

    Raises BaselineFileError where the file is missing, has another sha256, is damaged, or holds another type.
    """
    import skops.io

    cure = "restore it from a backup or retrain."
    if not path.is_file():
        raise BaselineFileError(f"There is no baseline file at {str(path)!r}: {cure}")
    content = path.read_bytes()
    actual = hashlib.sha256(content).hexdigest()
    if expected_sha256 not in (None, actual):
        raise BaselineFileError(
            f"The baseline file {str(path)!r} has sha256 {actual[:12]}…, not {str(expected_sha256)[:12]}…: it was"
            f" changed since it was saved, so {cure}"
        )
    try:
        if foreign := skops.io.get_untrusted_types(data=content):
            raise ValueError(f"it holds {', '.join(foreign)}")
        values = skops.io.loads(content, trusted=[])
        if values["format"] != FORMAT or not isinstance(values["pipeline"], Pipeline):
            raise ValueError("another format")
        return Baseline(values["pipeline"], values["card"])
    # A file from elsewhere can make skops raise anything.
    except Exception as error:
        raise BaselineFileError(
            f"The file {str(path)!r} is no baseline of this version ({error}): {cure}"
        ) from error
