"""A long recording, heard front to back: probabilities of a window every 1.5 s, and the tempo every 30 s.

The sound goes through in spans of about half a minute, each of which becomes a spectrogram exactly as a clip does that
a model learns from: what counts as silent is measured from the loudest value of the span. Another
thread makes spectrograms of what is decoded (two more decode, of Opus) while the network scores those before, so memory
holds a few spans, whatever the length.
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
from ml.audio.containers import is_cut_short
from ml.audio.decode import SILENCE, Decoder, decoding
from ml.audio.errors import AudioError
from ml.audio.file_state import expect_unchanged
from ml.features.descriptors import HOP_LENGTH, tempo_of
from ml.features.spectrogram import SpectrogramConfig, log_mel
from ml.mixes.min_duration import SHORTEST_S, too_short
from ml.models.model_file import ModelCard
from ml.models.novelty import temporal_variance
from ml.models.scorer import Scorer

SPAN_CROPS: Final = 10  # from one span to the next: as many as a clip of 30 s has
DECODERS: Final = 2  # where decoding takes longest, of all that is done with a recording
AHEAD: Final = 2  # spans that are ready, or in the making, while the network scores

HeardSoFar = Callable[[float, float | None], None]


@dataclass(frozen=True, slots=True)
class WindowScores:
    """What was heard in a recording. Window w covers the seconds from w * step_s to w * step_s + window_s."""

    labels: tuple[str, ...]  # the columns of `probabilities`
    duration_s: float
    window_s: float
    step_s: float
    # (windows, labels) as the network says, not calibrated; NaN in silence
    probabilities: NDArray[np.float32]
    sounding: NDArray[np.bool_]  # (windows,) False: digital silence
    # (windows,) False: it moves less, or more, than what was learnt from (ml.models.novelty)
    in_distribution: NDArray[np.bool_]
    span_s: float  # from one value of the tempo to the next
    tempo: NDArray[np.float32]  # (spans,) beats a minute; NaN where there is none


@dataclass(frozen=True, slots=True)
class Span:
    """What a stretch of the recording says without the network."""

    end_s: float
    sounding: NDArray[np.bool_]  # (windows,)
    in_distribution: NDArray[np.bool_]  # (windows,)
    tempo: float


def analyse(
    path: Path,
    scorer: Scorer,
    heard_so_far: HeardSoFar = lambda *_: None,
) -> WindowScores:
    """Score every window of a recording: each is a crop long, and begins half a crop after the one before.

    `heard_so_far` is told, in this thread, how many seconds are heard, and of how many, where the file says so.

    Raises AudioError with the reasons of ml.audio.decode.load_mono but silent, and with too_short below SHORTEST_S and
    changed where the file is no longer what it was when reading it began.
    """
    before = file_state(path)
    try:
        heard = _hear(path, scorer, heard_so_far)
    except AudioError:
        expect_unchanged(path, before)  # a file that is still written to may look damaged
        raise
    expect_unchanged(path, before)
    if heard.duration_s < SHORTEST_S:
        raise too_short(path, heard.duration_s)
    return heard


def _hear(path: Path, scorer: Scorer, heard_so_far: HeardSoFar) -> WindowScores:
    recipe = SpectrogramConfig.from_dict(scorer.spectrogram_config)
    crop = scorer.card.crop_frames
    frame_s = recipe.hop_length / recipe.sample_rate
    spans: list[Span] = []

    def both_halves(made: Iterator[tuple[NDArray[np.float16], Span]]) -> Iterator[NDArray[np.float16]]:
        for spectrogram, span in made:
            yield spectrogram
            yield spectrogram[crop // 2 :]
            spans.append(span)
            heard_so_far(span.end_s, sound.promised_s)

    with decoding(path, sample_rate=recipe.sample_rate, threads=DECODERS) as sound:
        _expect_its_end(path)
        with closing(_spans(path, sound, recipe, scorer.card)) as made, closing(_ahead(made)) as ready:
            scores = scorer.score_many(both_halves(ready))
        duration_s = sound.decoded_s
    probabilities = np.concatenate(
        [_alternating(*scores[first : first + 2]) for first in range(0, len(scores), 2)]
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


def _spans(
    path: Path, sound: Decoder, recipe: SpectrogramConfig, card: ModelCard
) -> Generator[tuple[NDArray[np.float16], Span]]:
    """Spectrograms whose windows, every half crop, follow each other without a gap over the whole recording.

    Each span has ten crops and a half: the window that begins with its last half crop begins the next span. Raises
    AudioError where there is not even one window.
    """
    crop, hop = card.crop_frames, recipe.hop_length
    rate_of_tempo = round(recipe.sample_rate * HOP_LENGTH / hop)  # tempo_of counts frames of its own hop
    end_s = 0.0
    for samples, advance in _stretches(sound, crop, hop):
        end_s += advance / recipe.sample_rate
        spectrogram = log_mel(samples, recipe)
        if len(spectrogram) < crop:  # all that there is: the end of what is longer comes with more
            raise too_short(path, end_s)
        starts = np.sort(
            np.concatenate([np.arange(first, len(spectrogram) - crop + 1, crop) for first in (0, crop // 2)])
        )
        windows = np.lib.stride_tricks.sliding_window_view(spectrogram, crop, axis=0)[starts]
        lively = temporal_variance(windows.swapaxes(1, 2), card.standardisation)
        low, high = card.temporal_variance_range
        onsets = librosa.onset.onset_strength(S=spectrogram.T, sr=recipe.sample_rate, hop_length=hop)
        loudest = np.array(
            [np.abs(samples[start * hop : (start + crop) * hop]).max() for start in starts.tolist()]
        )
        tempo = tempo_of(onsets, rate_of_tempo)
        yield (
            spectrogram.astype(np.float16),
            Span(
                end_s=end_s,
                sounding=loudest >= SILENCE,
                in_distribution=(lively >= low) & (lively <= high),
                tempo=np.nan if tempo is None else tempo,
            ),
        )


def _stretches(sound: Decoder, crop: int, hop: int) -> Iterator[tuple[NDArray[np.float32], int]]:
    """Samples of overlapping spans, and how far each carries on.

    The last one has half a span more at most, and no less than half a span, as there would be too little in it to
    tell what is loud.
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


def _ahead(
    made: Iterator[tuple[NDArray[np.float16], Span]],
) -> Generator[tuple[NDArray[np.float16], Span]]:
    """The same, made in a thread of its own, AHEAD of them before they are asked for."""
    with ThreadPoolExecutor(1) as thread:
        waiting = deque(thread.submit(next, made, None) for _ in range(AHEAD))
        while (one := waiting.popleft().result()) is not None:
            waiting.append(thread.submit(next, made, None))
            yield one


def _alternating(even: NDArray[np.float32], odd: NDArray[np.float32]) -> NDArray[np.float32]:
    """The rows of both in turn, from the first of `even` on, which has as many as `odd` or one more."""
    rows = np.empty((len(even) + len(odd), even.shape[1]), dtype=np.float32)
    rows[::2], rows[1::2] = even, odd
    return rows


def _expect_its_end(path: Path) -> None:
    """What can be known before two hours are heard. Who reads a FLAC or MP3 to its end sees it there."""
    with path.open("rb") as file:
        if is_cut_short(file.fileno()):
            raise AudioError(
                "truncated",
                f"{str(path)!r} stops before its end: it is cut short or not complete; fetch it again.",
            )
