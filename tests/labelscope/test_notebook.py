"""The notebook of the docs, and the cell in the page about queries, to the letter."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient
from sqlalchemy import Engine

from tests.flows.inspection import rows
from tests.stages import Stage

DOCS = Path(__file__).resolve().parents[2] / "docs"
GoOn = Callable[[Stage], Engine]


def test_the_cell_of_the_page_gives_what_the_view_has(trained: Stage, go_on: GoOn) -> None:
    engine = go_on(trained)
    page = (DOCS / "how-to" / "ask-the-database.md").read_text()
    [cell] = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    names: dict[str, Any] = {}
    exec(cell, names)
    accuracy = names["accuracy"]
    assert "label" in accuracy.columns
    assert list(accuracy["label"]) == [label for (label,) in rows(engine, "SELECT label FROM label_accuracy")]


def test_the_notebook_runs_in_jupyter(
    trained: Stage, go_on: GoOn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = go_on(trained)
    for name in ("HOME", "IPYTHONDIR", "JUPYTER_RUNTIME_DIR", "MPLCONFIGDIR"):
        monkeypatch.setenv(name, str(tmp_path / name))
    notebook = nbformat.read(DOCS / "notebook.ipynb", as_version=4)
    assert [cell.outputs for cell in notebook.cells if cell.cell_type == "code" and cell.outputs] == []
    NotebookClient(
        notebook, timeout=120, kernel_name="python3", resources={"metadata": {"path": tmp_path}}
    ).execute()
    outputs = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    assert [
        output for output in outputs if output.output_type not in ("execute_result", "display_data")
    ] == []
    shown = [output["data"] for output in outputs]
    assert any("image/png" in data for data in shown)
    assert any("Prediction(path=" in data["text/plain"] for data in shown)
    [(count,)] = rows(engine, "SELECT least(5, count(*) - 1) FROM embeddings")
    assert shown[-1]["text/html"].count("<tr") == count + 1
