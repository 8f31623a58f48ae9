"""What commands say, where it was once untrue or read badly."""

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Engine

from tests.stages import Stage

GoOn = Callable[[Stage], Engine]
Labelscope = Callable[..., str]
ROOT = Path(__file__).resolve().parents[2]


def test_an_extraction_that_finds_nothing_to_do_says_so(
    extracted: Stage, go_on: GoOn, labelscope: Labelscope
) -> None:
    go_on(extracted)
    assert labelscope("extract") == "extract  no clip waits\n"


def test_predict_without_a_model_names_the_cure_and_fails(
    extracted: Stage, go_on: GoOn, labelscope: Labelscope
) -> None:
    go_on(extracted)
    output = labelscope("predict", expect=1)
    assert output == labelscope("predict", __file__, expect=1)
    assert "`labelscope run` trains one" in output


@pytest.mark.parametrize(
    ("command", "word"),
    [("sql", "{QUERY}"), ("promote", "{MODEL}"), ("predict", "[FILE]..."), ("login", "{SERVICE}")],
)
def test_what_is_to_be_given_is_in_capitals(labelscope: Labelscope, command: str, word: str) -> None:
    assert f"{command} [OPTIONS] {word}" in labelscope(command, "-h")


def test_the_help_of_up_names_its_settings(labelscope: Labelscope) -> None:
    output = labelscope("up", "--help")
    for name in ("UI_PORT", "PIPELINE_CRON", "MAINTAIN_CRON", "TIMEZONE"):
        assert f"LABELSCOPE_{name}" in output


def test_all_pages_write_commands_alike_and_explain_how_to_find_them() -> None:
    for page in (ROOT / "README.md", ROOT / "docs" / "README.md"):
        assert ". .venv/bin/activate" in page.read_text()
    for page in (ROOT / "README.md", *(ROOT / "docs").rglob("*.md")):
        assert ".venv/bin/labelscope" not in page.read_text()


def test_a_name_steers_no_terminal(trained: Stage, go_on: GoOn, labelscope: Labelscope) -> None:
    go_on(trained)
    for sign in ("\x1b", "\x9b", "\u2028", "\u202e", "\u2066"):
        output = labelscope("sql", f"SELECT 'one' || chr({ord(sign)}) || 'two' AS name")
        assert output.splitlines()[1].strip() == "one\ufffdtwo"
