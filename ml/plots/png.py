"""A matplotlib figure as PNG, with any text in it."""

import io
import warnings
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def short(name: str, most: int = 32) -> str:
    """A name on one line, cut to `most` characters."""
    line = " ".join(name.split())
    return line if len(line) <= most else f"{line[: most - 1]}…"


def as_png(figure: "Figure") -> bytes:
    """The figure as PNG. Text is shown unchanged: a dollar sign does not begin a formula."""
    from matplotlib.text import Text

    for text in figure.findobj(Text):
        text.set_parse_math(False)
    content = io.BytesIO()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph")  # of names in scripts that no installed font has
        figure.savefig(content, format="png")
    return content.getvalue()
