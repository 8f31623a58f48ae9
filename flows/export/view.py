"""Write a view or table as CSV, row by row, so that memory holds few rows."""

import csv
import os
from pathlib import Path

from sqlalchemy import Engine, inspect

from common.files import describe, replacing
from db.engine import read_only
from flows.export.errors import ExportError
from flows.home.umask import output_file_mode

NO_LIMIT = 2**62


def write_view(engine: Engine, view: str, file: Path, timeout_seconds: int) -> int:
    """Write all rows to the CSV file, whole or not at all; returns their number. Raises ExportError."""
    views = sorted(inspect(engine).get_view_names())
    if view not in {*views, *inspect(engine).get_table_names()}:
        raise ExportError(f"There is no view {view!r}. Views: {', '.join(views)}.")
    quoted = engine.dialect.identifier_preparer.quote(view)
    target = Path(os.path.realpath(file))
    try:
        with (
            read_only(engine, f"SELECT * FROM {quoted}", timeout_seconds, NO_LIMIT) as answer,
            replacing(target) as draft,
        ):
            with draft.open("x", encoding="utf-8", newline="") as opened:
                os.fchmod(opened.fileno(), output_file_mode())
                rows = csv.writer(opened)
                rows.writerow(answer.columns)
                number = 0
                for row in answer.rows:
                    rows.writerow(row)
                    number += 1
            return number
    except OSError as error:
        raise ExportError(
            f"{file} cannot be written ({describe(error)}); free some space there, or name another file."
        ) from error
