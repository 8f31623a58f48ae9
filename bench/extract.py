"""Processor time from a sound file to its log-mel spectrogram and to its whole extraction, for each format.

Run as `python -m bench.extract [CRATE] --clips 20`. CRATE is a folder with files of about 30 s, by default the
corpus beside the checkout, and generated music where that is missing. All other files are made from these: stereo has
one clip on the left and another one on the right. Columns:

- decoding: the file's own samples, by libsndfile, or by PyAV where that cannot read the format
- librosa: librosa.load, melspectrogram and power_to_db
- sonara: the same by sonara, a package in Rust that Labelscope does not use; `pip install sonara` for this bench alone
- ours: load_mono and log_mel
- extraction: all that `labelscope extract` does with a clip, the features and the fingerprint too, but no rows

Programs take turns, ten files each, on one thread, after a warm-up. Times are milliseconds of processor time, the best
of some turns a file and the median over files. A busy machine slows down everything, so compare the ratios.
"""

import argparse
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any, Final

import av
import librosa
import numpy as np
import soundfile
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from ml.extract import ClipJob, Extraction, extract_clip
from ml.features.spectrogram import SpectrogramConfig, log_mel
from sound.decode import load_mono
from sources.synth.crate import render_crate

CONFIG: Final = SpectrogramConfig()
CORPUS: Final = Path(__file__).resolve().parents[2] / "shared" / "corpus"
SEED: Final = 7
TURNS: Final = 3
# Clips that a program takes before the next one's turn, as a worker takes clip after clip.
IN_A_ROW: Final = 10
RATE: Final = 44100  # of the files that are made; 48000 for Opus, which has no other

RATIOS: Final = (("librosa", "ours"), ("ours", "decoding"), ("extraction", "decoding"))

Program = Callable[[Path], object]


def by_librosa(path: Path) -> Any:
    samples, rate = librosa.load(path)
    return librosa.power_to_db(librosa.feature.melspectrogram(y=samples, sr=rate))


def by_sonara(path: Path) -> Any:
    import sonara  # absent in most environments

    samples, rate = sonara.load(str(path), sr=CONFIG.sample_rate)
    mel = sonara.melspectrogram(y=samples, sr=rate, n_mels=CONFIG.n_mels, fmax=CONFIG.fmax)
    return sonara.power_to_db(mel)


def ours(path: Path) -> NDArray[np.float32]:
    return log_mel(load_mono(path), CONFIG)


def decoding(path: Path) -> object:
    if path.suffix != ".m4a":
        return soundfile.read(path, dtype="float32")
    with av.open(str(path)) as container:
        return [frame.to_ndarray() for frame in container.decode(audio=0)]


def extraction(path: Path, folder: Path) -> None:
    result = extract_clip(ClipJob(0, path), CONFIG, folder)
    if not isinstance(result, Extraction):
        raise SystemExit(result.detail)


@dataclass(frozen=True, slots=True)
class Format:
    """How files of a format are made of samples (samples, channels) at a sample rate."""

    name: str
    suffix: str
    channels: int
    rate: int
    write: Callable[[Path, NDArray[np.float32], int], None]


def write_sound(path: Path, samples: NDArray[np.float32], rate: int, **options: str) -> None:
    soundfile.write(path, samples, rate, **options)


def write_m4a(path: Path, samples: NDArray[np.float32], rate: int) -> None:
    """AAC in MP4, by PyAV."""
    with av.open(str(path), "w", format="ipod") as container:
        stream = container.add_stream("aac", rate=rate, layout="stereo" if samples.shape[1] == 2 else "mono")
        frame = av.AudioFrame.from_ndarray(
            np.ascontiguousarray(samples.T), format="fltp", layout=stream.layout.name
        )
        frame.sample_rate = rate
        container.mux([*stream.encode(frame), *stream.encode(None)])


FORMATS: Final = (
    Format("mono MP3", ".mp3", 1, RATE, partial(write_sound, format="MP3")),
    Format("stereo MP3", ".mp3", 2, RATE, partial(write_sound, format="MP3")),
    Format("stereo FLAC", ".flac", 2, RATE, write_sound),
    Format("stereo Opus", ".opus", 2, 48000, partial(write_sound, format="OGG", subtype="OPUS")),
    Format("stereo M4A (AAC)", ".m4a", 2, RATE, write_m4a),
)


def clips_of(crate: Path | None, count: int, folder: Path) -> list[Path]:
    """Some sound files of the crate, or of generated music below `folder`."""
    if crate is None:
        crate = folder / "crate"
        render_crate(crate, tracks_per_label=8, artists_per_label=4)
    clips = sorted(path for path in crate.rglob("*") if path.suffix in (".mp3", ".flac", ".ogg", ".wav"))
    if len(clips) < 2:
        raise SystemExit(f"{crate} holds {len(clips)} sound files; give a folder with at least two.")
    chosen = np.random.default_rng(SEED).permutation(len(clips))[:count]
    return [clips[index] for index in chosen]


def make_files(clips: list[Path], made: Format, folder: Path) -> list[Path]:
    """Files of a format. A clip that is one already is used as it is."""
    paths = []
    for number, (left, right) in enumerate(zip(clips, clips[1:] + clips[:1], strict=True)):
        if (made.name, left.suffix) == ("mono MP3", ".mp3") and soundfile.info(left).channels == 1:
            paths.append(left)
            continue
        channels = [librosa.load(path, sr=made.rate)[0] for path in (left, right)[: made.channels]]
        length = min(map(len, channels))
        samples = np.stack([channel[:length] for channel in channels], axis=1)
        paths.append(folder / f"{made.name} {number:03d}{made.suffix}")
        made.write(paths[-1], samples, made.rate)
    return paths


def milliseconds(program: Program, path: Path) -> float:
    begin = time.process_time()
    program(path)
    return 1000 * (time.process_time() - begin)


def usable(programs: dict[str, Program], path: Path) -> tuple[dict[str, Program], dict[str, str]]:
    """The programs that can read a file, warmed up, and why the others cannot."""
    able, unable = {}, {}
    for name, program in programs.items():
        try:
            program(path)
            able[name] = program
        except ModuleNotFoundError:
            unable[name] = "not installed"
        except Exception as problem:  # noqa: BLE001  (each library has its own)
            sentence = str(problem).splitlines()[0] if str(problem) else type(problem).__name__
            unable[name] = f"cannot read this format ({sentence[:100]})"
    return able, unable


def measure(programs: dict[str, Program], paths: list[Path], turns: int) -> dict[str, float]:
    """Median milliseconds a clip of each program."""
    best: dict[str, list[float]] = {name: [] for name in programs}
    for first in range(0, len(paths), IN_A_ROW):
        row = paths[first : first + IN_A_ROW]
        times = [
            {name: [milliseconds(program, path) for path in row] for name, program in programs.items()}
            for _ in range(turns)
        ]
        for name, of_program in best.items():
            of_program += [min(of_path) for of_path in zip(*(turn[name] for turn in times), strict=True)]
    return {name: median(values) for name, values in best.items()}


def lines_of(
    made: Format, times: dict[str, float], unable: dict[str, str], names: list[str]
) -> Iterator[str]:
    """The row of a format, and why values are missing in it."""
    cells = [f"{times[name]:11.1f}" if name in times else f"{'-':>11}" for name in names]
    ratios = []
    for over, under in RATIOS:
        ratios.append(
            f"{times[over] / times[under]:20.2f}" if {over, under} <= times.keys() else f"{'-':>20}"
        )
    yield f"{made.name:<17}" + "".join(cells) + "".join(ratios)
    for name, reason in unable.items():
        yield f"    {name}: {reason}"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("crate", type=Path, nargs="?", default=CORPUS if CORPUS.is_dir() else None)
    parser.add_argument("--clips", type=int, default=20)
    parser.add_argument("--turns", type=int, default=TURNS)
    arguments = parser.parse_args()
    threadpool_limits(limits=1)
    warnings.filterwarnings("ignore", module="librosa|bench|__main__")  # that librosa reads M4A by audioread
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        programs: dict[str, Program] = {
            "decoding": decoding,
            "librosa": by_librosa,
            "sonara": by_sonara,
            "ours": ours,
            "extraction": partial(extraction, folder=folder / "spectrograms"),
        }
        clips = clips_of(arguments.crate, arguments.clips, folder)
        print(
            f"{len(clips)} clips of each format; milliseconds of processor time a clip (median), and ratios"
        )
        print(
            f"{'':<17}"
            + "".join(f"{program:>11}" for program in programs)
            + "".join(f"{f'{over}/{under}':>20}" for over, under in RATIOS),
            flush=True,
        )
        worst = 0.0
        for made in FORMATS:
            paths = make_files(clips, made, folder)
            able, unable = usable(programs, paths[0])
            for line in lines_of(made, measure(able, paths, arguments.turns), unable, list(programs)):
                print(line, flush=True)
            if made.suffix != ".m4a":  # where librosa's reader begins at another sample
                differences = (np.abs(by_librosa(path).T - ours(path)).max() for path in paths[:3])
                worst = max(worst, *map(float, differences))
        print(f"largest difference from librosa: {worst:.5f} dB")


if __name__ == "__main__":
    main()
