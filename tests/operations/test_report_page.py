"""The report in a real browser: nothing is fetched, nothing fails, everything opens, and it fits a telephone."""

import io
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from shutil import which
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import Engine, text

from config.settings import Settings
from tests.processes import wait_until
from tests.stages import Stage

CHROMIUM = which("chromium") or which("chromium-browser") or which("google-chrome")
PICTURES = os.environ.get("LABELSCOPE_PICTURES")  # a folder for screenshots
PICTURED = os.environ.get("LABELSCOPE_PICTURED")  # the report that they show, in place of the test's own
LARGEST_PICTURE = 300_000  # bytes
DESKTOP = {"width": 1280, "height": 900}
PHONE = {"width": 390, "height": 844}
SECTIONS = (
    "Coverage",
    "What the new music sounds like",
    "How well each label is recognised",
    "What was taken for what",
    "How the model learnt",
    "Accuracy over trainings",
    "How the labels sound",
    "What the model sees",
    "The map",
    "The latest mixes",
)
MIX = """
    INSERT INTO mixes (sha256, path, title, bytes, duration_s, model_id, status, entropy, concentration,
                       changes_per_hour, unknown_share, tempo_bpm, verdict, verdict_reason, taste, analysis_s)
    VALUES (repeat('0', 64), '/a set.mp3', 'A set <i>of</i> two hours', 1, 7200, 1, 'analysed', 1, 0.5,
            2, 0.5, 128, 'listen', 'It sounds like you.', '{}', 60)
"""
SEGMENTS = """
    INSERT INTO mix_segments (mix_id, number, start_s, end_s, label_id, confidence)
    VALUES (1, 0, 0, 3600, 1, 0.9), (1, 1, 3600, 7200, NULL, 0.3)
"""

GoOn = Callable[[Stage], Engine]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine (Debian: apt install chromium)"),
    pytest.mark.timeout(600),
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    sync_api = pytest.importorskip("playwright.sync_api")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@dataclass
class Visit:
    """A page that is open, and all that it has complained about or asked for."""

    page: Any
    complaints: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    fetched: list[str] = field(default_factory=list)

    def has(self, locator: str) -> bool:
        return bool(self.page.locator(locator).count())

    def overflow(self) -> int:
        """Pixels by which the page is wider than the window."""
        root = "document.documentElement"
        return int(self.page.evaluate(f"{root}.scrollWidth - {root}.clientWidth"))

    def wait_for_charts(self) -> None:
        """Until the browser has drawn all of them, in idle time."""
        drawn = (
            "[...document.querySelectorAll('[data-figure]')].every((plot) => plot.querySelector('.main-svg'))"
        )
        wait_until(lambda: self.page.evaluate(drawn), 60)  # the page's policy forbids Playwright's own way


@pytest.fixture
def visit(browser: Any) -> Iterator[Callable[..., Visit]]:
    """Opens a file in a window of its own, and notes errors, warnings and requests."""
    contexts = []

    def open_page(path: Path, viewport: dict[str, int], scheme: str = "light") -> Visit:
        phone = viewport is PHONE
        context = browser.new_context(
            viewport=viewport,
            color_scheme=scheme,
            is_mobile=phone,
            has_touch=phone,
            reduced_motion="reduce",  # a link leads there at once
        )
        contexts.append(context)
        visit = Visit(context.new_page())
        visit.page.on("console", lambda message: visit.complaints.append(f"{message.type}: {message.text}"))
        visit.page.on("pageerror", lambda error: visit.complaints.append(str(error)))
        visit.page.on("dialog", lambda dialog: visit.complaints.append(dialog.message))
        visit.page.on("request", lambda request: visit.requests.append(request.url))
        visit.page.on("requestfinished", lambda request: visit.fetched.append(request.url))
        visit.page.goto(path.as_uri())
        visit.wait_for_charts()
        return visit

    yield open_page
    for context in contexts:
        context.close()


@pytest.fixture
def report(flows: SimpleNamespace, rivals: Stage, go_on: GoOn) -> Path:
    """The report of a home with two trainings, a mix, and names that try to be more than names."""
    from flows.report.page import write_report

    engine = go_on(rivals)
    with engine.begin() as connection:
        connection.execute(text("UPDATE tracks SET title = '<script>alert(1)</script>' WHERE id % 2 = 0"))
        connection.execute(
            text("UPDATE tracks SET title = '<a href=''javascript:alert(2)''>%{x}' WHERE id % 2 = 1")
        )
        connection.execute(
            text("UPDATE labels SET name = '</script><img src=x onerror=alert(3)>' WHERE id = 1")
        )
        connection.execute(text("UPDATE labels SET name = repeat('very long ', 30) WHERE id = 2"))
        connection.execute(text(MIX))
        connection.execute(text(SEGMENTS))
    return write_report(Settings()).path


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_everything_is_there_and_opens(report: Path, visit: Callable[..., Visit], viewport: Any) -> None:
    visited = visit(report, viewport)
    page = visited.page
    assert [heading.inner_text() for heading in page.locator("h2").all()] == list(SECTIONS)
    assert visited.overflow() == 0
    charts, images = page.locator("[data-figure]"), page.locator(".spectrogram svg")
    assert charts.count() >= 13 and images.count() == 3
    for picture in [*charts.all(), *images.all()]:
        assert len(picture.get_attribute("aria-label")) > 40
        assert picture.bounding_box()["width"] > 250

    for details in page.locator("details").all():
        if details.get_attribute("open") is None:
            assert details.locator("table, p").first.is_hidden()
            details.locator("summary").click()
        assert details.locator("table, p").first.is_visible()
    assert visited.overflow() == 0

    for link in page.locator(".bar nav a").all():
        link.click()
        there = f"""
            Math.abs(document.querySelector('{link.get_attribute("href")}').getBoundingClientRect().top - 64) < 5
            || innerHeight + scrollY >= document.documentElement.scrollHeight - 2
        """
        wait_until(lambda there=there: page.evaluate(there), 20)

    switch = page.locator("#map .legend button").first
    points = "() => document.querySelectorAll('#map .scatterlayer .point').length"
    before = page.evaluate(points)
    assert before == 12
    switch.click()
    assert switch.get_attribute("aria-pressed") == "false" and page.evaluate(points) == 8
    switch.click()
    assert page.evaluate(points) == before
    assert visited.complaints == []
    assert visited.requests == [report.as_uri(), *_embedded(visited.requests)]


def _embedded(addresses: list[str]) -> list[str]:
    """Pictures within the page itself, which a browser counts as requests, too."""
    return [address for address in addresses if address.startswith("data:image/png;base64,")]


def test_names_are_text_in_pictures_too(report: Path, visit: Callable[..., Visit]) -> None:
    visited = visit(report, DESKTOP)
    page = visited.page
    page.locator("#map .plot").scroll_into_view_if_needed()
    texts = set()
    for point in page.locator("#map .scatterlayer .point").all():
        box = point.bounding_box()
        page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        page.wait_for_timeout(120)
        texts |= {text.text_content() for text in page.locator("#map .hovertext").all()}
    shown = " ".join(texts)
    assert "<script>alert(1)</script>" in shown and "javascript:alert(2)" in shown and "%{x}" in shown
    assert not visited.has(".plot a") and not visited.has("main img") and not visited.has("main script")
    assert "</script><img src=x onerror=alert(3)>" in page.locator("#labels").text_content()
    assert "A set <i>of</i> two hours" in page.locator("#mixes .annotation-text").first.text_content()
    assert visited.complaints == []


def test_dark_and_light_follow_the_system_and_the_button(report: Path, visit: Callable[..., Visit]) -> None:
    visited = visit(report, DESKTOP, "dark")
    page = visited.page
    ground = "() => getComputedStyle(document.body).backgroundColor"
    letters = "() => getComputedStyle(document.querySelector('#labels .ytick text')).fill"
    dark = page.evaluate(ground), page.evaluate(letters)
    button = page.get_by_role("button", name="Dark theme")
    assert button.get_attribute("aria-pressed") == "true"
    button.click()
    light = page.evaluate(ground), page.evaluate(letters)
    assert button.get_attribute("aria-pressed") == "false"
    assert [_brightness(colour) for colour in light] == [
        pytest.approx(1, abs=0.1),
        pytest.approx(0, abs=0.15),
    ]
    assert [_brightness(colour) for colour in dark] == [pytest.approx(0, abs=0.1), pytest.approx(1, abs=0.15)]
    page.reload()
    visited.wait_for_charts()
    assert page.evaluate(ground) == light[0], "what a person chose was forgotten"
    button.click()
    page.emulate_media(media="print")
    assert not page.locator(".bar").is_visible()
    assert visited.complaints == []


def _brightness(colour: str) -> float:
    return sum(int(part) for part in re.findall(r"\d+", colour)[:3]) / (3 * 255)


def test_a_script_that_is_not_its_own_does_not_run(
    report: Path, visit: Callable[..., Visit], tmp_path: Path
) -> None:
    """The last line of defence: should a name come through as markup after all."""
    attacked = tmp_path / "attacked.html"
    markup = (
        "<script>document.title = 'taken'</script><img src='https://example.org/x.png' onerror='alert(4)'>"
    )
    attacked.write_text(report.read_text().replace("<footer>", f"{markup}<footer>"))
    visited = visit(attacked, DESKTOP)
    visited.page.wait_for_timeout(300)
    assert visited.page.title().startswith("Labelscope, ")
    assert not [address for address in visited.fetched if "example.org" in address]
    assert len(visited.complaints) >= 2 and all(
        "Content Security Policy" in message for message in visited.complaints
    )


def test_it_prints_with_all_its_charts(report: Path, visit: Callable[..., Visit], tmp_path: Path) -> None:
    visited = visit(report, DESKTOP, "dark")
    content = visited.page.pdf(format="A4")
    assert content.startswith(b"%PDF") and len(content) > 100_000
    assert visited.page.evaluate("document.documentElement.dataset.theme") == "dark", "it did not come back"
    assert visited.complaints == []


@pytest.mark.skipif(PICTURES is None, reason="no LABELSCOPE_PICTURES")
@pytest.mark.parametrize(
    ("name", "viewport", "scheme", "begin", "height"),
    [
        ("report", DESKTOP, "light", "#top", 1500),
        ("report-dark", DESKTOP, "dark", "#map", 1300),
        ("report-phone", PHONE, "light", "#top", 1690),
        ("report-phone-dark", PHONE, "dark", "#map", 1690),
    ],
)
def test_pictures_for_the_docs(
    report: Path,
    visit: Callable[..., Visit],
    name: str,
    viewport: dict[str, int],
    scheme: str,
    begin: str,
    height: int,
) -> None:
    from PIL import Image

    page = visit(Path(PICTURED) if PICTURED else report, viewport, scheme).page
    top = page.locator(begin).bounding_box()["y"] - (80 if begin == "#top" else 24)
    page.evaluate("scrollTo({ top: 0, behavior: 'instant' })")
    whole = page.evaluate("document.body.scrollHeight")
    clip = {"x": 0, "y": max(top, 0), "width": viewport["width"], "height": min(height, whole - max(top, 0))}
    picture = Image.open(io.BytesIO(page.screenshot(full_page=True, clip=clip)))
    path = Path(str(PICTURES)) / f"{name}.png"
    picture.quantize(200).save(path, optimize=True)
    assert path.stat().st_size < LARGEST_PICTURE
