"""Text on Prefect's pages, which take artifacts and their descriptions for Markdown."""

import re


def as_it_is(text: str) -> str:
    """Text whose signs mean nothing to Markdown or HTML; an address in it is no link."""
    return re.sub(r"([\\`*_{}\[\]<>()#+!|~&$:.-])", r"\\\1", text)
