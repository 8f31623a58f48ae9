"""`labelscope report`: the path of the page, and that it opens."""

import webbrowser
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Engine

from tests.stages import Stage

GoOn = Callable[[Stage], Engine]
Labelscope = Callable[..., str]


def test_it_prints_the_path_and_opens_the_page(
    trained: Stage, go_on: GoOn, labelscope: Labelscope, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    go_on(trained)
    opened: list[str] = []
    monkeypatch.setattr(webbrowser, "open", opened.append)
    page = tmp_path / "for a label.html"
    assert labelscope("report", str(page)).strip() == str(page)
    assert page.read_text().startswith("<!doctype html>") and opened == []
    path = Path(labelscope("report", "--open").strip())
    assert path.parent.name == "reports" and opened == [path.as_uri()]
    refusal = labelscope("report", str(tmp_path), expect=2).replace("│", " ")
    assert "is a folder; name a file in it" in " ".join(refusal.split())
