"""The tempo of a clip, from the strength of its onsets."""

from typing import Final

import librosa
import numpy as np
from numpy.typing import NDArray

from ml.features.stft import HOP_LENGTH, hann

WINDOW_S: Final = 8.0  # length of one column of the tempogram
STEP: Final = 8  # frames from one column of the tempogram to the next: 0.2 s
SHORTEST_S: Final = 4.0  # eight beats at 120 BPM; fewer repetitions are guesswork


def tempo_of(onset_strength: NDArray[np.float32], sample_rate: int) -> float | None:
    """Beats per minute from the onset strength, (frames,), by librosa.feature.tempo with its prior around 120 BPM.

    Two changes: the tempogram only has every eighth column, since that takes an eighth of the time and hardly changes
    its mean. And a frame is 6 BPM wide at 128 BPM, so the lag that librosa picks is refined on its multiples.
    """
    frames_a_second = sample_rate / HOP_LENGTH
    if len(onset_strength) < SHORTEST_S * frames_a_second or np.ptp(onset_strength) == 0:
        return None
    length = int(WINDOW_S * frames_a_second)
    padded = np.pad(onset_strength, length // 2, mode="linear_ramp")
    windows = np.lib.stride_tricks.sliding_window_view(padded, length)[::STEP] * hann(length)
    columns = librosa.util.normalize(librosa.autocorrelate(windows), norm=np.inf, axis=-1)
    repetition = columns.mean(axis=0)
    tempo = librosa.feature.tempo(tg=repetition[:, None], sr=sample_rate, hop_length=HOP_LENGTH)
    return float(60 * frames_a_second / _refine_lag(repetition, 60 * frames_a_second / float(tempo[0])))


def _refine_lag(autocorrelation: NDArray[np.floating], lag: float) -> float:
    """Refine a lag, in frames, on the peaks near its multiples: the error of the n-th one is n times smaller."""
    multiple = 1
    while (near := round(lag * multiple)) + 2 < len(autocorrelation):
        peak = near - 1 + int(np.argmax(autocorrelation[near - 1 : near + 2]))
        left, top, right = autocorrelation[peak - 1 : peak + 2].astype(float)
        if top <= 0 or top < max(left, right) or left == right == top:
            break  # no peak near this multiple: keep the lag of the one before
        lag = (peak + (left - right) / (2 * (left - 2 * top + right))) / multiple  # vertex of the parabola
        multiple *= 2
    return lag
