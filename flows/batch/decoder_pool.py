"""Processes that decode clips: a file that hangs or kills its decoder costs only itself."""

from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor, CancelledError
from concurrent.futures import TimeoutError as TooSlow
from contextlib import contextmanager
from multiprocessing import current_process, get_context
from pathlib import Path
from signal import SIGHUP, SIGINT, SIGTERM
from typing import Any
from weakref import WeakSet

from pebble import ProcessExpired, ProcessFuture, ProcessPool

from config.settings import Settings
from flows.home.dask_setting import ClusterError
from ml.extract import ClipJob, Extraction, Failure, extract_clip, initialise_worker
from ml.features.spectrogram import SpectrogramConfig

Schedule = Callable[[ClipJob, SpectrogramConfig, Path], ProcessFuture[Any]]
STOPPED_FROM_OUTSIDE = (-SIGHUP, -SIGINT, -SIGTERM)


@contextmanager
def decoders(settings: Settings) -> Iterator[Schedule]:
    """A function that hands work to processes that decode; they are stopped when the block fails.

    They start with the first clip. They are spawned, since a fork would copy the locks of this process' threads.
    """
    if current_process().daemon:
        raise ClusterError(
            "This Dask worker may not start the processes that decode: start it with"
            " DASK_DISTRIBUTED__WORKER__DAEMON=False in its environment."
        )
    scheduled: WeakSet[ProcessFuture[Any]] = WeakSet()
    with ProcessPool(
        max_workers=settings.workers, initializer=initialise_worker, context=get_context("spawn")
    ) as pool:

        def schedule(job: ClipJob, recipe: SpectrogramConfig, folder: Path) -> ProcessFuture[Any]:
            limit = settings.extraction_timeout_seconds
            future = pool.schedule(extract_clip, args=(job, recipe, folder), timeout=limit)
            scheduled.add(future)
            return future

        try:
            yield schedule
        except BaseException:
            pool.stop()  # type: ignore[no-untyped-call]
            for future in list(scheduled):  # a stopped pool leaves whoever waits for these to wait for ever
                future.cancel()  # type: ignore[no-untyped-call]
            raise


def outcome_of(clip: Any, future: ProcessFuture[Any], settings: Settings) -> Extraction | Failure:
    """What a decoder made of a clip. A decoder's OSError comes through: a full disk is no fault of the clip."""
    try:
        outcome: Extraction | Failure = future.result()
    except TooSlow as error:
        # A time-out of the file system is the same class, with a number where pebble's has a sentence; it is no
        # fault of the clip.
        if isinstance(error.errno, int):
            raise
        limit = settings.extraction_timeout_seconds
        cure = "re-encode it, or raise LABELSCOPE_EXTRACTION_TIMEOUT_SECONDS"
        return Failure(clip.id, "timeout", f"{clip.uri} took longer than {limit} s; {cure}.")
    except ProcessExpired as expired:
        if expired.exitcode in STOPPED_FROM_OUTSIDE:
            raise InterruptedError(
                "The processes that decode were stopped; run again to carry on."
            ) from expired
        sentence = (
            f"{clip.uri} ended the process that decoded it (exit code {expired.exitcode}); re-encode it."
        )
        return Failure(clip.id, "decoder_crashed", sentence)
    except (OSError, BrokenExecutor, CancelledError):
        raise
    except Exception as error:  # noqa: BLE001  (whatever a library makes of this clip, the others go on)
        problem = f"{type(error).__name__}: {' '.join(str(error).split())}"
        cure = "try it once more with `labelscope extract --again`, then re-encode it"
        return Failure(clip.id, "extraction_failed", f"{clip.uri} could not be analysed ({problem}); {cure}.")
    return outcome
