"""Names, titles and errors with control characters, at a real terminal."""

import io
import json
import os
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.text import Text

from cli.output import rows, screen, status_tables
from cli.output.streams import FilteredStream
from common.text import UNSAFE, UNSAFE_BUT_LINES, visible
from flows.prefect_tools.console import SafeConsole
from flows.prefect_tools.markdown import escape_markdown
from report.format import plain_text
from tests.cli.terminal import OWN, at_terminal

EVIL = "a\x1b]0;owned\x07b\x1b[2Jc\u202ed\x9b31me\u2066f\rg"
AS_SQL = "||".join(f"chr({ord(sign)})" for sign in EVIL)

nasty = st.text(st.one_of(st.sampled_from(EVIL + "\n\t\x85\u2028\u200f\u061c\ud800=+@"), st.characters()))


COMMANDS: list[tuple[tuple[str, ...], dict[str, str], int]] = [
    *((("sql", f"SELECT {AS_SQL} AS title", "--format", form, "--exact"), {}, 0) for form in rows.Format),
    (("sql", f"SELECT CAST({AS_SQL} AS integer)"), {}, 1),  # PostgreSQL quotes the value
    (("sql", f"SELECT '{EVIL}' +"), {}, 1),  # the line of the query
    (("report", f"{EVIL}/x.html"), {}, 2),
    (("fly" + EVIL,), {}, 2),
    (("status", EVIL), {}, 2),
    (("run", "--folder", EVIL), {}, 1),
    (("mix", EVIL), {}, 1),
    (("predict", EVIL), {}, 1),
    (("similar", EVIL), {}, 1),
    (("status",), {"LABELSCOPE_LABELS": EVIL}, 1),
]


def test_no_format_and_no_error_lets_a_text_control_the_terminal(database_url: str, tmp_path: Path) -> None:
    environment = os.environ | {"DATABASE_URL": database_url, "LABELSCOPE_HOME": str(tmp_path)}
    ended = at_terminal([(arguments, extra) for arguments, extra, _ in COMMANDS], environment)
    assert [command.code for command in ended] == [code for *_, code in COMMANDS], ended
    for command, (arguments, *_) in zip(ended, COMMANDS, strict=True):
        sent = OWN.sub("", command.sent)
        assert not UNSAFE_BUT_LINES.search(sent), (arguments, sent)
        assert "owned" in sent or arguments[0] == "similar", (arguments, sent)
    assert json.loads(OWN.sub("", ended[2].sent)) == [{"title": EVIL}]


@given(nasty)
def test_nothing_that_is_drawn_controls_the_terminal(text: str) -> None:
    drawn = io.StringIO()
    console = SafeConsole(file=drawn, width=60)
    console.print(Text(text), rows.rows_as_table([text, "n"], [[text, 1]], text), text, markup=False)
    assert not UNSAFE_BUT_LINES.search(drawn.getvalue())
    assert not any(UNSAFE.search(line) for line in screen._lines(text, 0))
    assert not UNSAFE.search(plain_text(text)) and not UNSAFE.search(escape_markdown(text))
    assert not UNSAFE_BUT_LINES.search(rows.as_json({text: [text]}))
    assert json.loads(rows.as_json([text])) == [text]
    assert status_tables.first_sentence(text) is None or text


@given(nasty)
def test_what_anything_writes_is_filtered_and_ours_is_not(text: str) -> None:
    behind = io.StringIO()
    stream = FilteredStream(behind)
    stream.write(text)
    stream.writelines([text])
    assert behind.getvalue() == 2 * visible(text, lines=True)
    behind.seek(0)
    behind.truncate()
    stream.rich_proxied_file.write(f"\x1b[31m{text}\x1b[0m")
    assert not UNSAFE_BUT_LINES.search(OWN.sub("", behind.getvalue()))


FORMULAS = [
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "＝1",
    "＋1",
    "－1",
    "＠1",
    ' "=1',
    "a;=1",
    "a\n-1",
]


@pytest.mark.parametrize("text", FORMULAS)
def test_a_cell_like_a_formula_gets_an_apostrophe_unless_exact(text: str) -> None:
    safe = rows.csv_cell(text, exact=False)
    assert safe != text and safe.replace("'", "") == text
    assert not rows.FORMULA.search(safe)
    assert rows.csv_cell(text, exact=True) == text


def test_numbers_and_plain_text_stay_what_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    rows.write_rows(["n", "=n"], [[-1, -0.5], ["a - b", None], ["=1,2", True]], rows.Format.CSV)
    assert capsys.readouterr().out == "n,'=n\n-1,-0.5\na - b,\n\"'=1,2\",True\n"


def test_where_a_program_reads_csv_is_exact(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    rows.write_rows(["t"], [[EVIL]], rows.Format.CSV, exact=True)
    assert sys.stdout.getvalue() == f't\n"{EVIL}"\n'  # type: ignore[attr-defined]
