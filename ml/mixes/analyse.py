"""Analysis of a long recording from start to end: label scores every 1.5 s, the tempo every 30 s.

The sound is processed in spans of about half a minute. Each becomes a spectrogram exactly like a clip in a training;
the silence threshold is relative to the loudest value of the span. One thread makes spectrograms of what is decoded
(two more decode, for Opus) while the network scores the spectrograms before. So memory holds a few spans, whatever the
length of the recording.
"""

from collections import deque
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import librosa
import numpy as np
from numpy.typing import NDArray

from common.files import file_state
from ml.features.spectrogram import SpectrogramConfig, log_mel
from ml.features.stft import HOP_LENGTH
from ml.features.tempo import tempo_of
from ml.mixes.min_duration import SHORTEST_S, too_short
from ml.models.crop_scores import alternating, two_offsets
from ml.models.model_file import ModelCard
from ml.models.novelty import temporal_variance
from ml.models.scorer import Scorer
from sound.decode import SILENCE, Decoder, decoding
from sound.errors import AudioError
from sound.file_state import expect_unchanged

SPAN_CROPS: Final = 10  # from one span to the next: as many as a clip of 30 s has
DECODERS: Final = 2  # threads, where decoding takes longer than everything else
AHEAD: Final = 2  # spans that are ready or in progress while the network scores

# Called with the seconds that are analysed, and the length of the recording in seconds.
OnProgress = Callable[[float, float], None]


@dataclass(frozen=True, slots=True)
class WindowScores:
    """The analysis of a recording. Window w covers the seconds from w * step_s to w * step_s + window_s."""

    labels: tuple[str, ...]  # the columns of `probabilities`
    duration_s: float
    window_s: float
    step_s: float
    probabilities: NDArray[np.float32]  # (windows, labels) of the network, not calibrated; NaN in silence
    sounding: NDArray[np.bool_]  # (windows,) False: digital silence
    in_distribution: NDArray[np.bool_]  # (windows,) False: temporal variance unlike music (ml.models.novelty)
    span_s: float  # from one value of the tempo to the next
    tempo: NDArray[np.float32]  # (spans,) beats per minute; NaN where there is none


@dataclass(frozen=True, slots=True)
class Span:
    """The analysis of one span, without the network."""

    end_s: float
    sounding: NDArray[np.bool_]  # (windows,)
    in_distribution: NDArray[np.bool_]  # (windows,)
    tempo: float  # beats per minute; NaN where there is none


Spans = Generator[tuple[NDArray[np.float16], Span]]  # with the spectrogram of each, (frames, bands)


def analyse(path: Path, scorer: Scorer, on_progress: OnProgress = lambda *_: None) -> WindowScores:
    """Score every window of a recording: each has the length of a crop, and begins half a crop after the last one.

    `on_progress` is called in this thread.

    Raises AudioError with the reasons of sound.decode.load_mono except silent; with too_short below SHORTEST_S; and
    with changed where the file has changed since reading it began.
    """
    before = file_state(path)
    try:
        scores = _analyse(path, scorer, on_progress)
    except AudioError:
        expect_unchanged(path, before)  # a file that is still written to may look damaged
        raise
    expect_unchanged(path, before)
    if scores.duration_s < SHORTEST_S:
        raise too_short(path, scores.duration_s)
    return scores


def _analyse(path: Path, scorer: Scorer, on_progress: OnProgress) -> WindowScores:
    config = SpectrogramConfig.from_dict(scorer.spectrogram_config)
    crop = scorer.card.crop_frames
    frame_s = config.hop_length / config.sample_rate
    spans: list[Span] = []

    def spectrograms(ready: Spans) -> Iterator[NDArray[np.floating]]:
        for spectrogram, span in ready:
            yield from two_offsets(spectrogram, crop)
            spans.append(span)
            on_progress(span.end_s, sound.promised_s)

    with decoding(path, sample_rate=config.sample_rate, threads=DECODERS) as sound:
        with closing(_spans(path, sound, config, scorer.card)) as made, closing(_ahead(made)) as ready:
            scores = scorer.score_many(spectrograms(ready))
        duration_s = sound.decoded_s
    probabilities = np.concatenate(
        [alternating(*scores[first : first + 2]) for first in range(0, len(scores), 2)]
    )
    sounding = np.concatenate([span.sounding for span in spans])
    probabilities[~sounding] = np.nan
    return WindowScores(
        labels=scorer.labels,
        duration_s=duration_s,
        window_s=crop * frame_s,
        step_s=crop / 2 * frame_s,
        probabilities=probabilities,
        sounding=sounding,
        in_distribution=np.concatenate([span.in_distribution for span in spans]),
        span_s=SPAN_CROPS * crop * frame_s,
        tempo=np.array([span.tempo for span in spans], dtype=np.float32),
    )


def _spans(path: Path, sound: Decoder, config: SpectrogramConfig, card: ModelCard) -> Spans:
    """Spans whose windows, one every half crop, cover the whole recording without a gap.

    Each span has ten crops and a half: the window that begins with its last half crop begins the next span. Raises
    AudioError where there is not even one window.
    """
    crop, hop = card.crop_frames, config.hop_length
    end_s = 0.0
    for samples, advance in _overlapping_samples(sound, crop, hop):
        end_s += advance / config.sample_rate
        spectrogram = log_mel(samples, config)  # (frames, bands)
        if len(spectrogram) < crop:  # only where the whole recording is shorter than one window
            raise too_short(path, end_s)
        yield spectrogram.astype(np.float16), _describe(samples, spectrogram, config, card, end_s)


def _describe(
    samples: NDArray[np.float32],
    spectrogram: NDArray[np.float32],
    config: SpectrogramConfig,
    card: ModelCard,
    end_s: float,
) -> Span:
    """The span of samples (samples,) with their spectrogram (frames, bands)."""
    crop, hop = card.crop_frames, config.hop_length
    starts = np.sort(
        np.concatenate([np.arange(first, len(spectrogram) - crop + 1, crop) for first in (0, crop // 2)])
    )
    # (windows, bands, crop)
    windows = np.lib.stride_tricks.sliding_window_view(spectrogram, crop, axis=0)[starts]
    variance = temporal_variance(windows.swapaxes(1, 2), card.standardisation)
    low, high = card.temporal_variance_range
    onsets = librosa.onset.onset_strength(S=spectrogram.T, sr=config.sample_rate, hop_length=hop)
    peaks = np.array([np.abs(samples[start * hop : (start + crop) * hop]).max() for start in starts.tolist()])
    # tempo_of assumes HOP_LENGTH samples a frame; this rate gives it the same frames per second.
    tempo = tempo_of(onsets, round(config.sample_rate * HOP_LENGTH / hop))
    return Span(
        end_s=end_s,
        sounding=peaks >= SILENCE,
        in_distribution=(variance >= low) & (variance <= high),
        tempo=np.nan if tempo is None else tempo,
    )


def _overlapping_samples(sound: Decoder, crop: int, hop: int) -> Iterator[tuple[NDArray[np.float32], int]]:
    """Samples of overlapping spans, (samples,), with the number of samples from each to the next.

    The last span has between half and one and a half of the usual length: a shorter one could be all silence, and have
    no loud value to measure silence by.
    """
    advance = SPAN_CROPS * crop * hop
    length = advance + (crop // 2 - 1) * hop  # frame t is centred on sample t * hop
    held: list[NDArray[np.float32]] = []
    samples = 0
    for block in sound:
        held.append(block)
        samples += len(block)
        while samples >= length + advance // 2:
            joined = np.concatenate(held)
            yield joined[:length], advance
            held, samples = [joined[advance:]], samples - advance
    yield np.concatenate(held), samples


def _ahead(made: Spans) -> Spans:
    """The same spans, made in another thread, up to AHEAD of them in advance."""
    with ThreadPoolExecutor(1) as thread:
        pending = deque(thread.submit(next, made, None) for _ in range(AHEAD))
        while (span := pending.popleft().result()) is not None:
            pending.append(thread.submit(next, made, None))
            yield span
