"""The notebook cell of the docs, to the letter."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from tests.flows.inspection import rows
from tests.stages import Stage

PAGE = Path(__file__).resolve().parents[2] / "docs" / "how-to" / "ask-the-database.md"


def test_a_table_of_pandas_has_what_the_view_has(trained: Stage, go_on: Callable[[Stage], Engine]) -> None:
    engine = go_on(trained)
    [cell] = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    names: dict[str, Any] = {}
    exec(cell, names)
    accuracy = names["accuracy"]
    assert "label" in accuracy.columns
    assert list(accuracy["label"]) == [label for (label,) in rows(engine, "SELECT label FROM label_accuracy")]
