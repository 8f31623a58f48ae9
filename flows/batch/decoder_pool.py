"""Processes that decode clips. A file that hangs or kills its decoder affects no other file."""

from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor, CancelledError
from concurrent.futures import TimeoutError as DecoderTimeout
from contextlib import contextmanager
from multiprocessing import current_process, get_context
from pathlib import Path
from signal import SIGHUP, SIGINT, SIGTERM
from weakref import WeakSet

from pebble import ProcessExpired, ProcessFuture, ProcessPool

from config.settings import Settings
from flows.home.dask_setting import ClusterError
from ml.extract import ClipJob, Extraction, Failure, extract_clip, initialise_worker
from ml.features.spectrogram import SpectrogramConfig

Schedule = Callable[[ClipJob, SpectrogramConfig, Path], ProcessFuture[Extraction | Failure]]
STOP_SIGNALS = (-SIGHUP, -SIGINT, -SIGTERM)


@contextmanager
def decoders(settings: Settings) -> Iterator[Schedule]:
    """A function that schedules clips on decoder processes. They start with the first clip.

    They are spawned, since a fork would copy the locks of this process' threads. When the block fails, they are
    stopped at once. Raises ClusterError in a Dask worker that may not start processes.
    """
    if current_process().daemon:
        raise ClusterError(
            "This Dask worker may not start decoder processes: start it with"
            " DASK_DISTRIBUTED__WORKER__DAEMON=False in its environment."
        )
    scheduled: WeakSet[ProcessFuture[Extraction | Failure]] = WeakSet()
    with ProcessPool(
        max_workers=settings.workers, initializer=initialise_worker, context=get_context("spawn")
    ) as pool:

        def schedule(
            job: ClipJob, recipe: SpectrogramConfig, folder: Path
        ) -> ProcessFuture[Extraction | Failure]:
            limit = settings.extraction_timeout_seconds
            future = pool.schedule(extract_clip, args=(job, recipe, folder), timeout=limit)
            scheduled.add(future)
            return future

        try:
            yield schedule
        # Every kind, as also Ctrl-C and a cancelled run must stop the decoders.
        except BaseException:
            pool.stop()  # type: ignore[no-untyped-call]
            # A stopped pool never ends these, so threads that wait for them would hang.
            for future in list(scheduled):
                future.cancel()  # type: ignore[no-untyped-call]
            raise


def outcome_of(
    clip_id: int, uri: str, future: ProcessFuture[Extraction | Failure], settings: Settings
) -> Extraction | Failure:
    """Wait for the decoder of a clip; its result, or a failure with its reason.

    Raises a decoder's OSError, such as a full disk, and InterruptedError where decoders were stopped: neither is a
    fault of the clip.
    """
    try:
        return future.result()
    except DecoderTimeout as error:
        # A time-out of the file system has the same class, with an int as errno; it is no fault of the clip.
        if isinstance(error.errno, int):
            raise
        limit = settings.extraction_timeout_seconds
        cure = "re-encode it, or raise LABELSCOPE_EXTRACTION_TIMEOUT_SECONDS"
        return Failure(clip_id, "timeout", f"{uri} took longer than {limit} s; {cure}.")
    except ProcessExpired as expired:
        if expired.exitcode in STOP_SIGNALS:
            raise InterruptedError("The decoder processes were stopped; run again to carry on.") from expired
        sentence = f"{uri} ended its decoder process (exit code {expired.exitcode}); re-encode it."
        return Failure(clip_id, "decoder_crashed", sentence)
    except (OSError, BrokenExecutor, CancelledError):
        raise
    # Whatever a library raises for this clip, the other clips go on.
    except Exception as error:  # noqa: BLE001
        problem = f"{type(error).__name__}: {' '.join(str(error).split())}"
        cure = "try it once more with `labelscope extract --again`, then re-encode it"
        return Failure(clip_id, "extraction_failed", f"{uri} could not be analysed ({problem}); {cure}.")
