"""A file says of itself that it was changed in the year 2446, or before there were files."""

import os
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
from sqlalchemy import Engine

from tests.flows.inspection import rows

YEAR_3169 = (
    10**11
)  # seconds since 1970; most file systems make 2446 of it, which is too many nanoseconds as well


@pytest.mark.parametrize("seconds", [YEAR_3169, -YEAR_3169], ids=["far ahead", "long ago"])
def test_a_time_stamp_that_fits_no_column_costs_neither_its_file_nor_another(
    flows: SimpleNamespace,
    own_database: str,
    engine: Engine,
    crate: Callable[[int], Path],
    seconds: int,
) -> None:
    folder = crate(2)
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    os.utime(files[0], ns=(seconds * 10**9,) * 2)
    for _ in range(2):  # the second run knows it again
        flows.ingest(folder)
        assert rows(engine, "SELECT count(*) FROM tracks") == [(len(files),)]
        assert rows(engine, "SELECT count(*) FROM clips WHERE status = 'rejected'") == [(0,)]
