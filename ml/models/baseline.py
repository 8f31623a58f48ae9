"""The yardstick: what a classical classifier makes of a clip, so that a network has something to beat.

Statistics of a stored spectrogram (timbre, onsets, tempo) go into a support vector machine. It knows nothing of
crops: a clip is one row. Describing a clip of 30 s takes 3 ms. Training grows with the square of the clips, so
that at most MOST_CLIPS take part.
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
from ml.features.descriptors import HOP_LENGTH, tempo_of

FEWEST_FRAMES: Final = 9  # that a delta is computed from
COEFFICIENTS: Final = 20  # of the cepstrum: the broad shape of the spectrum, which is its timbre
PENALTY: Final = 3.0  # C of the support vector machine
MOST_CLIPS: Final = 15_000  # in a training: 5 to 35 s on two cores, by how hard the labels are to tell apart
USUAL_TEMPO: Final = 120.0  # beats per minute where none can be told; librosa's own guess
FORMAT: Final = 1


class BaselineFileError(LabelscopeError):
    """A baseline file is missing, damaged or not the one that was asked for."""


@dataclass(frozen=True, slots=True)
class Baseline:
    """A trained yardstick. `card` travels in its file: label order, recipe and the like, plain JSON values."""

    pipeline: Pipeline = field(repr=False)
    card: dict[str, Any] = field(default_factory=dict)

    def probabilities(self, features: NDArray[np.floating]) -> NDArray[np.float64]:
        """Probabilities of clips from their features (clips, n): (clips, labels), rows summing to 1.

        They are the softmax of the machine's decision values, whose scale is arbitrary: the order of labels
        means something, how sure they are does not until ml.evaluation.calibration has found their temperature.
        """
        if len(features) == 0:
            return np.empty((0, len(self.pipeline.classes_)))
        decision = self.pipeline.decision_function(features)
        if decision.ndim == 1:  # of two labels: the distance to the border, positive on the second's side
            decision = np.column_stack([-decision, decision])
        odds = np.exp(decision - decision.max(axis=1, keepdims=True))
        shares: NDArray[np.float64] = odds / odds.sum(axis=1, keepdims=True)
        return shares


def clip_features(spectrogram: NDArray[np.floating], sample_rate: int = 22050) -> NDArray[np.float32]:
    """Describe a clip by its spectrogram (frames, bands) in dB, hop 512: float32 (65,), all finite.

    Mean and standard deviation of 20 cepstral coefficients, deviation of their deltas; mean, deviation, median
    and 90th percentile of the onset strength; the tempo in beats per minute.

    Raises ValueError for an array that is not (frames, bands) with at least 9 frames, which a delta needs.
    """
    if spectrogram.ndim != 2 or len(spectrogram) < FEWEST_FRAMES:
        raise ValueError(
            f"Expected a spectrogram of ({FEWEST_FRAMES} frames or more, bands), got {spectrogram.shape}."
        )
    decibels = np.asarray(spectrogram, dtype=np.float32).T
    cepstrum = librosa.feature.mfcc(S=decibels, n_mfcc=COEFFICIENTS)
    deltas = librosa.feature.delta(cepstrum, width=FEWEST_FRAMES)
    onsets = librosa.onset.onset_strength(S=decibels, sr=sample_rate, hop_length=HOP_LENGTH)
    strength = [onsets.mean(), onsets.std(), np.median(onsets), np.quantile(onsets, 0.9)]
    tempo = tempo_of(onsets, sample_rate) or USUAL_TEMPO
    statistics = [cepstrum.mean(axis=1), cepstrum.std(axis=1), deltas.std(axis=1), strength, [tempo]]
    return np.concatenate(statistics).astype(np.float32)


def train_baseline(
    features: NDArray[np.floating], label: NDArray[np.integer], number_of_labels: int, seed: int = 1
) -> Baseline:
    """Train on features (clips, n) and labels (clips,), positions below `number_of_labels`, all weighted alike.

    The same clips give the same machine; `seed` only says which clips take part where there are more than
    MOST_CLIPS.

    Raises ValueError where a label has no clip, or where there is but one label.
    """
    support = np.bincount(label, minlength=number_of_labels)
    if number_of_labels < 2 or len(support) > number_of_labels or support.min() == 0:
        raise ValueError(
            f"A baseline needs two labels or more and a clip of each, got {support.tolist()} clips of"
            f" {number_of_labels} labels: add clips, or leave out labels that have none."
        )
    rows = _at_most(MOST_CLIPS, label, seed)
    machine = SVC(C=PENALTY, kernel="rbf", class_weight="balanced", decision_function_shape="ovr")
    return Baseline(make_pipeline(StandardScaler(), machine).fit(features[rows], label[rows]))


def _at_most(clips: int, label: NDArray[np.integer], seed: int) -> NDArray[np.intp]:
    """Rows of at most so many clips: whole labels while they are small, the large ones cut to one size."""
    rows = np.random.default_rng(seed).permutation(len(label))
    sorted_rows = rows[np.argsort(label[rows], kind="stable")]
    sizes = np.bincount(label)
    # The clips of each label numbered from 0: keeping the lowest numbers fills the labels evenly.
    number = np.arange(len(label)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    return np.sort(sorted_rows[np.argsort(number, kind="stable")[:clips]])


def save_baseline(baseline: Baseline, path: Path) -> str:
    """Write the baseline to `path` (`.skops`: a zip of JSON and arrays, no pickle) and return its sha256.

    Atomic: the file appears under its name only when it is complete and on disk; an older one is replaced.
    """
    import skops.io  # takes a second, for every estimator that it knows; only files need it

    content = skops.io.dumps({"format": FORMAT, "card": baseline.card, "pipeline": baseline.pipeline})
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, content)
    return hashlib.sha256(content).hexdigest()


def load_baseline(path: Path, expected_sha256: str | None = None) -> Baseline:
    """The baseline of a file, for notebooks: no flow reads one. Only types of which one is made are built from it.

    Raises BaselineFileError where the file is missing, is not the expected one, is damaged, or holds another
    type.
    """
    import skops.io

    cure = "restore it from a backup or retrain."
    if not path.is_file():
        raise BaselineFileError(f"There is no baseline file at {str(path)!r}: {cure}")
    content = path.read_bytes()
    found = hashlib.sha256(content).hexdigest()
    if expected_sha256 not in (None, found):
        raise BaselineFileError(
            f"The baseline file {str(path)!r} has sha256 {found[:12]}…, not {str(expected_sha256)[:12]}…: it was"
            f" changed since it was saved, so {cure}"
        )
    try:
        if foreign := skops.io.get_untrusted_types(data=content):
            raise ValueError(f"it holds {', '.join(foreign)}")
        values = skops.io.loads(content, trusted=[])
        if values["format"] != FORMAT or not isinstance(values["pipeline"], Pipeline):
            raise ValueError("another format")
        return Baseline(values["pipeline"], values["card"])
    except Exception as error:  # whatever a foreign file makes skops trip over, the answer is one
        raise BaselineFileError(
            f"The file {str(path)!r} is no baseline of this version ({error}): {cure}"
        ) from error
