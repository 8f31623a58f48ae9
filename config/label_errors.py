"""Faults of labels.toml as sentences: where, what, and the cure."""

import re
import tomllib
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path

from pydantic_core import ErrorDetails

from common.errors import LabelscopeError
from common.files import describe
from config.playlist_names import show
from config.toml_lines import Place, oversized_line, unfinished_line

EXAMPLES = {
    "label": '[[label]] with a name and playlists, such as name = "Drumcode"',
    "name": 'name = "Drumcode"',
    "playlists": 'playlists = ["deezer:908622995"]',
    "paths": '"C:/Users/me/Music" = "~/Music"',
}


class ConfigurationError(LabelscopeError):
    """labels.toml cannot be used. The message is one sentence with the cure.

    `line`: the line in the file, from 1; None where no line is at fault, such as for a missing file.
    """

    def __init__(self, path: Path, line: int | None, fault: str) -> None:
        shown = re.sub(r"[^\S ]|[^ -~\w]", "?", str(path).encode(errors="replace").decode())
        super().__init__(f"{shown}{f', line {line}' if line else ''}: {fault}.")
        self.line = line


def unreadable(path: Path, error: OSError | ValueError | RuntimeError) -> ConfigurationError:
    """The error for a path without a readable file."""
    faults: dict[type[Exception], str] = {
        FileNotFoundError: "there is no such file; write one, or name the one that you have",
        IsADirectoryError: "this is a folder; name the file inside of it",
        PermissionError: "you may not read it; change its permissions with chmod",
    }
    cause = describe(error) if isinstance(error, OSError) else "the path is not one that a file can have"
    return ConfigurationError(
        path, None, faults.get(type(error), f"it cannot be read ({cause}); name another")
    )


def not_toml(path: Path, text: str, error: ValueError | RecursionError) -> ConfigurationError:
    """The error for a text that `tomllib` cannot parse."""
    if not isinstance(error, tomllib.TOMLDecodeError):
        fault = "this value is too long or too deeply nested; write a shorter one"
        return ConfigurationError(path, oversized_line(text), fault)
    reason, _, position = str(error).rpartition(" (at ")
    match = re.search(r"line (\d+), column (\d+)", position)
    line = int(match[1]) if match else unfinished_line(text)
    if reason.startswith("Cannot"):  # overwrite, declare, redefine, mutate
        fault = "this is set above already; keep one of the two"
    elif not match:
        fault = 'what begins here does not end; close each quote " and each bracket ['
    else:
        reason = reason[:1].lower() + reason[1:]
        cure = "write key = value, with text in quotes and lists in [ ]"
        fault = f"column {match[2]} cannot be understood ({reason}); {cure}"
    return ConfigurationError(path, line, fault)


def explain(error: ErrorDetails, settings: Mapping[str, Sequence[str]]) -> str:
    """What is wrong with a value, and the cure. `settings`: section ("" for the top level) -> its keys."""
    place: Place = error["loc"]
    value = error["input"]
    key = next((str(part) for part in reversed(place) if isinstance(part, str)), "")
    section = str(place[0]) if len(place) > 1 else ""
    limits = error.get("ctx", {})
    match error["type"]:
        case "value_error":
            return str(limits["error"])
        case "extra_forbidden":
            where = _section(section) if section else "labels.toml"
            return f"{show(key)} is not a key of {where}; {_nearest(key, settings[section])}"
        case "missing":
            where = f"this {section} has" if section else "there is"
            return f"{where} no {key}; add {EXAMPLES[key]}"
        case "literal_error" if not isinstance(value, str):
            return f"{key} must hold text only; put each entry in quotes"
        case "literal_error":
            allowed = limits["expected"].replace("'", '"').replace(" or ", " and ")
            return f"{show(value)} is not a value of {key}; choose from {allowed}"
        case "bool_type":
            return f"{key} must be true or false; write one of the two, without quotes"
        case "int_type" | "greater_than_equal" | "less_than_equal":
            return (
                f"{key} must be a whole number of days from 1 to 36500; write it without quotes, such as 30"
            )
        case "string_type":
            return f"{key} must be text; put it in quotes"
        case "tuple_type" if key == "label":
            return "a label's section has two brackets on each side; write [[label]]"
        case "tuple_type":
            return f"{key} must be a list; put its entries in brackets [ ]"
        case "dict_type" if key == "paths":
            return f"{key} must be a section; write [paths] with a line for each, such as {EXAMPLES[key]}"
        case "dict_type":
            return (
                f"{key} must be a section; write [{section}.{key}] with a line for each, such as Drumcode = 1"
            )
        case _ if key == "label":
            return "a label must be a section of its own; write [[label]] and its name and playlists below"
        case _:
            keys = f"{', '.join(settings[key])} below" if key in settings else "its settings below"
            return f"{key} must be a section; write [{key}] with {keys}"


def _section(name: str) -> str:
    return "[[label]]" if name == "label" else f"[{name}]"


def _nearest(key: str, valid_keys: Sequence[str]) -> str:
    """The cure for a key that does not exist: the most similar key, else all of them."""
    near = get_close_matches(key.lower(), valid_keys, 1, 0.7)
    if not near:
        return f"remove it, or write one of {', '.join(valid_keys)}"
    return "write [[label]]" if near == ["label"] else f"write {near[0]}"
