"""Text on Prefect's pages, which take artifacts and their descriptions for Markdown."""

import re

from common.text import spaced


def escape_markdown(text: str) -> str:
    """Text on one line whose signs mean nothing to Markdown or HTML; an address in it is no link.

    Characters that steer, such as overrides of the reading direction, become spaces.
    """
    return re.sub(r"([\\`*_{}\[\]<>()#+!|~&$:.-])", r"\\\1", spaced(text))
