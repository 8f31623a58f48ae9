"""Reading sound files by libsndfile: fast, for files whose length it knows."""

from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from io import FileIO
from itertools import islice
from pathlib import Path
from typing import Final

import numpy as np
import soundfile
from numpy.typing import NDArray

from sound.open_file import opened_file
from sound.quiet import quiet

# 1.5 s at 44.1 kHz: small enough for the processor's cache, large enough for the loop around it not to matter.
BLOCK_FRAMES: Final = 1 << 16
PREROLL_S: Final = 1.0  # decoded and dropped before a window: after a seek MP3 needs data of earlier frames
# What each of several threads decodes at a time: a minute is hardly faster, and needs 120 MiB more.
PART_S: Final = 15.0


class LibsndfileStream(soundfile.SoundFile):  # type: ignore[misc]  # soundfile is not typed
    """A sound file that is read front to back.

    After each read soundfile seeks to the current position. For MP3 that empties the bit reservoir, from which the next
    frames need data: decoding block by block would click at the seams, and take longer.
    """

    def __init__(self, path: Path, file: FileIO) -> None:
        with quiet():
            super().__init__(file.fileno(), closefd=False)
        self._path = path

    def seekable(self) -> bool:
        return False

    def blocks(
        self, start_s: float, duration_s: float | None, threads: int = 1
    ) -> Iterator[tuple[int, NDArray[np.float32]]]:
        """Yield (sample rate, block) of a window; blocks are (frames, channels), and overwritten by the next.

        The sound ends where the decoder fails. `threads` may decode in parallel to the end of the file.
        """
        start = round(start_s * self.samplerate)
        wanted = None if duration_s is None else round(duration_s * self.samplerate)
        parallel = threads > 1 and wanted is None and self._is_worth_threads()
        found = self._parts(start, threads) if parallel else self._window(start, wanted)
        return ((self.samplerate, block) for block in found)

    def _window(self, start: int, wanted: int | None) -> Iterator[NDArray[np.float32]]:
        if start >= self.frames:
            return
        preroll = min(start, round(PREROLL_S * self.samplerate))
        left = self.frames if wanted is None else preroll + wanted
        memory = np.empty((BLOCK_FRAMES, self.channels), dtype=np.float32)
        with suppress(soundfile.SoundFileError):
            if start:
                with quiet():
                    self.seek(start - preroll)
            while left:
                with quiet():
                    block = self.read(out=memory[: min(left, BLOCK_FRAMES)])  # (frames, channels)
                if not len(block):
                    return
                left -= len(block)
                kept = block[preroll:]
                preroll -= len(block) - len(kept)
                if len(kept):
                    yield kept

    def _is_worth_threads(self) -> bool:
        """Whether decoding from the middle gives the same samples, and takes so long that threads pay.

        That is Opus: it takes six times as long as FLAC, and keeps no state for more than 80 ms (RFC 7845, 4.6).
        """
        return bool(self.subtype == "OPUS")

    def _parts(self, start: int, threads: int) -> Iterator[NDArray[np.float32]]:
        """The blocks to the end of the file, PART_S each, in order, decoded in parallel."""
        length = round(PART_S * self.samplerate)

        def decode_part(first: int) -> NDArray[np.float32]:
            with opened_file(self._path) as file, LibsndfileStream(self._path, file) as part:
                blocks = [block.copy() for block in part._window(first, min(length, self.frames - first))]
            return np.concatenate(blocks or [np.empty((0, self.channels), dtype=np.float32)])

        firsts = iter(range(start, self.frames, length))
        with ThreadPoolExecutor(threads) as pool:
            pending = deque(pool.submit(decode_part, first) for first in islice(firsts, threads))
            while pending:
                block = pending.popleft().result()
                pending.extend(pool.submit(decode_part, first) for first in islice(firsts, 1))
                if len(block):
                    yield block
                if len(block) < length:  # the end, or a position that cannot be decoded
                    return
