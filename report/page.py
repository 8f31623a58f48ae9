"""The whole page as one HTML file that loads nothing else and runs only its own scripts.

Names on the page come from the network. Jinja escapes them in HTML, `format.chart_text` in charts, and `_as_data` in
the data of charts. As a second defence, the content security policy lists the hashes of the page's three scripts: a
browser runs no other script and fetches nothing.
"""

import base64
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from report import bounds
from report.components import Figure, Section, Tile
from report.format import timestamp

HERE: Final = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Page:
    """The contents of the page, from top to bottom."""

    made_at: datetime
    lead: str
    tiles: Sequence[Tile]
    sections: Sequence[Section]
    version: str


def render(page: Page) -> str:
    """The page as HTML."""
    environment = Environment(
        loader=FileSystemLoader(HERE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_keep_units,
    )
    environment.filters["data_uri"] = _data_uri
    figures = {chart.key: chart.figure for section in page.sections for chart in section.charts}
    theme, *scripts = [(HERE / "theme.js").read_text(), _plotly(), (HERE / "page.js").read_text()]
    return environment.get_template("page.html").render(
        page=page,
        moment=timestamp(page.made_at),
        bounds=bounds,
        style=Markup((HERE / "page.css").read_text()),
        figures=_as_data(figures),
        theme=Markup(theme),
        scripts=[Markup(script) for script in scripts],
        policy=_policy([theme, *scripts]),
    )


def _keep_units(value: object) -> object:
    """No line break between a number and its %."""
    return value.replace(" %", "\u202f%") if type(value) is str else value


@cache
def _plotly() -> str:
    from plotly.offline import get_plotlyjs

    script: str = get_plotlyjs()
    # A browser normalises line ends before it computes the hash.
    return script.replace("\r\n", "\n")


def _as_data(figures: dict[str, Figure]) -> Markup:
    """JSON that cannot close the script element around it."""
    text = json.dumps(figures, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    for letter in "<>&\u2028\u2029":
        text = text.replace(letter, f"\\u{ord(letter):04x}")
    return Markup(text)


def _policy(scripts: Sequence[str]) -> str:
    """The content security policy: these scripts, inline styles and inline images; nothing from the network."""
    hashes = " ".join(f"'sha256-{_hash(script)}'" for script in scripts)
    return (
        f"default-src 'none'; script-src {hashes}; style-src 'unsafe-inline'; img-src data: blob:;"
        " base-uri 'none'; form-action 'none'"
    )


def _hash(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()


def _data_uri(png: bytes) -> str:
    return f"data:image/png;base64,{base64.b64encode(png).decode()}"
