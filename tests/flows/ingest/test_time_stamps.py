"""Files with impossible modification times, such as in the year 2446 or before 1970."""

import os
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
from sqlalchemy import Engine

from tests.flows.inspection import rows

YEAR_3169 = 10**11
"""Seconds since 1970. Most file systems store 2446 instead, whose nanoseconds do not fit a column, either."""


@pytest.mark.parametrize("seconds", [YEAR_3169, -YEAR_3169], ids=["far ahead", "long ago"])
def test_a_time_that_fits_no_column_rejects_no_file(
    flows: SimpleNamespace,
    own_database: str,
    engine: Engine,
    crate: Callable[[int], Path],
    seconds: int,
) -> None:
    folder = crate(2)
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    os.utime(files[0], ns=(seconds * 10**9,) * 2)
    for _ in range(2):  # the second run skips it
        flows.ingest(folder)
        assert rows(engine, "SELECT count(*) FROM tracks") == [(len(files),)]
        assert rows(engine, "SELECT count(*) FROM clips WHERE status = 'rejected'") == [(0,)]
