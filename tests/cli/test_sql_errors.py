"""A wrong statement is shown with a caret at the mistake, and with PostgreSQL's hint."""

import json
from collections.abc import Callable

import pytest

Labelscope = Callable[..., str]


@pytest.fixture(autouse=True)
def database(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", database_url)


def test_the_line_with_a_caret_and_the_hint_are_shown(labelscope: Labelscope) -> None:
    output = labelscope("sql", "SELECT\tid,\n       nam\n  FROM labels", expect=1).splitlines()
    assert output == [
        'labelscope: PostgreSQL: column "nam" does not exist',
        "LINE 2:        nam",
        "               ^",
        'HINT: Perhaps you meant to reference the column "labels.name".',
    ]


def test_of_a_long_line_the_part_that_is_wrong_is_shown(labelscope: Labelscope) -> None:
    query = f"SELECT {'1, ' * 100}nonsense, {'2, ' * 100}3"
    _, line, caret, cure = labelscope("sql", query, expect=1).splitlines()
    assert cure.endswith("shows the columns of that view.")
    assert len(line) < 110 and line[caret.index("^") :].startswith("nonsense")
    assert line.startswith("LINE 1: …") and line.endswith("…")


def test_a_statement_that_takes_too_long_names_the_timeout(labelscope: Labelscope) -> None:
    output = labelscope("sql", "SELECT pg_sleep(60)", "--timeout", "1", expect=1)
    assert output == "labelscope: The statement takes longer than 1 s: raise --timeout.\n"


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("DELETE FROM labels", "cannot execute DELETE in a read-only transaction"),
        ("SELECT 1; SELECT 2", "run one at a time"),
        ("COPY labels TO STDOUT", "use SELECT with --format csv"),
        ("SELECT 1 / 0", "PostgreSQL: division by zero"),
        ("SELECT '10000-01-01'::timestamptz", "cast it to text"),
    ],
)
def test_what_has_no_place_is_one_line(labelscope: Labelscope, query: str, sentence: str) -> None:
    [output] = labelscope("sql", query, expect=1).splitlines()
    assert sentence in output


def test_json_of_many_rows_is_what_json_of_one_list_is(labelscope: Labelscope) -> None:
    query = "SELECT n, chr(8232) || n AS t, NULL AS nothing FROM generate_series(1, {}) n"
    for number in (0, 1, 3):
        output = labelscope("sql", query.format(number), "--format", "json")
        rows = [{"n": n, "t": f"\u2028{n}", "nothing": None} for n in range(1, number + 1)]
        assert json.loads(output) == rows
        whole = json.dumps(rows, ensure_ascii=False, indent=1) + "\n"
        assert output == whole.replace("\u2028", "\\u2028")  # which would end a line
