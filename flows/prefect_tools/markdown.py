"""Plain text for Prefect's pages, which render artifacts and their descriptions as Markdown."""

import re

from common.text import spaced


def escape_markdown(text: str) -> str:
    """The text on one line, with all characters of Markdown and HTML escaped; a URL in it becomes no link.

    Control characters, and overrides of the reading direction, become spaces.
    """
    return re.sub(r"([\\`*_{}\[\]<>()#+!|~&$:.-])", r"\\\1", spaced(text))
