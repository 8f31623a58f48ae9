"""Trainings in processes of their own."""

import math
import os
import signal
from collections.abc import Iterator

import pytest
from pebble import ProcessPool

from ml.crossvalidation.parallel import in_pool, training_processes


@pytest.fixture(scope="module")
def pool() -> Iterator[ProcessPool]:
    """Two processes, which take seconds to start."""
    with training_processes(2) as running:
        yield running


def test_results_come_in_the_order_of_the_tasks_and_each_is_reported(pool: ProcessPool) -> None:
    done: list[int] = []
    tasks = [(number, 2) for number in range(20)]
    assert in_pool(None, pow, tasks, lambda: done.append(1)) == [number**2 for number in range(20)]
    assert in_pool(pool, pow, tasks, lambda: done.append(1)) == [number**2 for number in range(20)]
    assert in_pool(pool, pow, []) == []
    assert len(done) == 40


def test_a_failure_is_raised_as_it_was_and_ends_the_processes() -> None:
    done: list[int] = []
    tasks = [(4.0,), (-1.0,), (9.0,)]
    with pytest.raises(ValueError):
        in_pool(None, math.sqrt, tasks, lambda: done.append(1))
    with pytest.raises(ValueError), training_processes(1) as pool:
        in_pool(pool, math.sqrt, tasks, lambda: done.append(1))
    assert len(done) == 2
    assert not pool.active


def test_a_process_keeps_to_one_core_and_leaves_ctrl_c_to_who_started_it(pool: ProcessPool) -> None:
    assert in_pool(pool, os.getenv, [("XLA_FLAGS",)]) == ["--xla_cpu_multi_thread_eigen=false"]
    assert in_pool(pool, signal.getsignal, [(signal.SIGINT,)]) == [signal.SIG_IGN]
    assert in_pool(pool, os.getpid, [()]) != [os.getpid()]
