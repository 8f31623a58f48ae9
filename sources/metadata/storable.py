"""Data of providers in a form that PostgreSQL can store."""

import hashlib
import re
from typing import Any

UNSTORABLE = re.compile("[\0\ud800-\udfff]")
MAX_KEY_BYTES = 1000
MAX_DEPTH = 30  # of nested JSON; Spotify's own has 6


def storable(value: Any, depth: int = MAX_DEPTH) -> Any:
    """The JSON without what PostgreSQL cannot store: NUL, lone surrogates, NaN, infinity, and deep nesting."""
    if isinstance(value, str):
        return value if value.isprintable() else UNSTORABLE.sub("\ufffd", value)
    if isinstance(value, float):
        return value if abs(value) < float("inf") else None
    if isinstance(value, dict):
        return {storable(str(k)): storable(v, depth - 1) for k, v in value.items()} if depth else None
    if isinstance(value, list):
        return [storable(element, depth - 1) for element in value] if depth else None
    return value


def text_in(value: object) -> str:
    """A text or number as text; "" for anything else, such as a list."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    return str(value)


def storable_key(text: str) -> str:
    """The text; above 1000 bytes, which no index can hold, its beginning and a hash of the whole text."""
    content = text.encode("utf-8", "replace")
    if len(content) <= MAX_KEY_BYTES:
        return text
    beginning = content[: MAX_KEY_BYTES - 80].decode("utf-8", "ignore")
    return f"{beginning}… {hashlib.sha256(content).hexdigest()}"
