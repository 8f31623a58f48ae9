"""A labels.toml for tests: how to write, read and judge one."""

import re
from pathlib import Path

from config.label_errors import ConfigurationError
from config.labels import Configuration, read_labels
from config.settings import Settings

SHIPPED = Settings.model_fields["labels"].default
ONE_LABEL = '[[label]]\nname = "Drumcode"\nplaylists = ["deezer:1"]\n'
SPOTIFY_ID = "2a9vewgAKwZoYkJVBqJoLH"


def read_text(file: Path, content: str) -> Configuration:
    file.write_text(content, encoding="utf-8")
    return read_labels(file)


def require_one_sentence(fault: ConfigurationError, file: Path) -> None:
    sentence = str(fault)
    assert re.fullmatch(r"[^\n\r]+; [^\n\r]+\.", sentence)
    assert len(sentence) < 400 + len(str(file))
    for jargon in (
        "Input should",
        "Extra inputs",
        "Value error",
        "pydantic",
        "tuple",
        "validat",
        "Field req",
    ):
        assert jargon not in sentence
    if fault.line is None:
        assert sentence.startswith(f"{file}: there is no label; ")
    else:
        assert sentence.startswith(f"{file}, line {fault.line}: ")
        assert 1 <= fault.line <= file.read_bytes().count(b"\n") + 1
