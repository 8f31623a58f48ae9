"""The page is one file of limited size, and runs only its own scripts, whatever the names contain."""

import base64
import hashlib
import json
import re
from datetime import UTC, datetime
from html.parser import HTMLParser

import pytest

from report.bounds import LABELS, POINTS
from report.page import Page, render
from report.sections import confusion, coverage, curves, labels, map, mixes, sound, spectrograms, trainings
from tests.report.samples import HOSTILE, page, sections

FIXED_SIZE = 5_600_000  # bytes: Plotly's script, style and text
LARGEST_SIZE = 9_000_000  # bytes, with the longest names everywhere, and spectrograms of noise


class Elements(HTMLParser):
    """All elements of a page with their attributes, and the text of its scripts."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[tuple[str | None, str]] = []
        self.kind: str | None = None
        self.inside = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self.inside = tag == "script"
        self.kind = dict(attrs).get("type")

    def handle_endtag(self, tag: str) -> None:
        self.inside = False

    def handle_data(self, data: str) -> None:
        if self.inside:
            self.scripts.append((self.kind, data))


@pytest.fixture(scope="module")
def text() -> str:
    return render(page(*sections()))


def test_names_from_the_network_are_text_and_nothing_else(text: str) -> None:
    found = Elements(text)
    assert [tag for tag, _ in found.elements].count("script") == 4
    assert not [
        tag for tag, _ in found.elements if tag in ("img", "iframe", "object", "link", "base", "form")
    ]
    attributes = {name for _, of_element in found.elements for name in of_element}
    assert not [name for name in attributes if name.startswith("on")]
    links = [of_element["href"] for tag, of_element in found.elements if tag == "a"]
    assert all(link and link.startswith("#") for link in links)
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
    assert not re.search("[\u202e\u2028\x00]", text)


def test_the_data_of_charts_cannot_end_their_element(text: str) -> None:
    [data] = [script for kind, script in Elements(text).scripts if kind == "application/json"]
    assert not re.search("[<>&\u2028\u2029]", data)
    figures = json.loads(data)
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in json.dumps(figures["map"])


def test_only_its_own_scripts_may_run_and_nothing_may_be_fetched(text: str) -> None:
    found = Elements(text)
    [policy] = [
        str(of_element["content"])
        for tag, of_element in found.elements
        if tag == "meta" and of_element.get("http-equiv") == "Content-Security-Policy"
    ]
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    allowed = set(re.findall(r"'sha256-([^']+)'", policy))
    running = [script for kind, script in found.scripts if kind is None]
    assert len(running) == len(allowed) == 3
    assert {
        base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in running
    } == allowed
    assert "unsafe-eval" not in policy and "'unsafe-inline'" not in policy.split("style-src")[0]
    assert "connect-src" not in policy


def test_every_section_has_its_heading_charts_and_tables(text: str) -> None:
    found = Elements(text)
    ids = {of_element.get("id") for _, of_element in found.elements}
    assert ids >= {section.key for section in sections()}
    figures = [
        of_element for tag, of_element in found.elements if tag == "div" and "data-figure" in of_element
    ]
    assert len(figures) == sum(len(section.charts) for section in sections())
    assert all(figure["role"] == "img" and len(str(figure["aria-label"])) > 40 for figure in figures)
    for section in sections():
        assert section.tables or all(chart.table for chart in section.charts)


def test_the_page_stays_of_one_size_however_much_there_is() -> None:
    small = len(render(page(*sections())).encode())
    many = tuple(f"{number} " + HOSTILE[number % 5] for number in range(200))
    large = render(page(*sections(many, rows=2_000)[:6], *sections(many[:LABELS], tracks=POINTS)[6:]))
    assert small < FIXED_SIZE
    assert len(large.encode()) < LARGEST_SIZE
    assert "The first 200 of 2000 rows" in large


def test_the_page_of_an_empty_home_names_the_commands_to_run() -> None:
    empty = (
        coverage.section([], []),
        labels.section([], None),
        confusion.section([], []),
        curves.section([], (), None),
        trainings.section([]),
        sound.section([], {}),
        spectrograms.section([], 0),
        map.section([], {}, "#bdbdbd", 0),
        mixes.section([], [], {}, "#bdbdbd", 0),
    )
    text = render(Page(datetime.now(UTC), "There is nothing here yet.", (), empty, "0.1.0"))
    for section in empty:
        assert len(section.sentences) == 1 and not section.charts
        assert section.sentences[0] in text.replace("&#39;", "'")
