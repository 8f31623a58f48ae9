"""A figure of matplotlib to a PNG, whatever the names on it."""

import io
import warnings
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def short(name: str, most: int = 32) -> str:
    """A name on one line, and no longer than there is room for."""
    line = " ".join(name.split())
    return line if len(line) <= most else f"{line[: most - 1]}…"


def as_png(figure: "Figure") -> bytes:
    """The figure as PNG. Names stand there as they are: a dollar begins no formula in them."""
    from matplotlib.text import Text

    for text in figure.findobj(Text):
        text.set_parse_math(False)
    content = io.BytesIO()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph")  # of names in scripts that no font at hand has
        figure.savefig(content, format="png")
    return content.getvalue()
