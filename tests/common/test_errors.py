"""Errors cross the borders of processes, so each subclass of LabelscopeError can be pickled."""

import ast
import importlib
import inspect
import pickle
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from common.errors import LabelscopeError

ROOT = Path(__file__).parents[2]
PACKAGES = ("cli", "common", "config", "db", "flows", "ml", "report", "services", "sources")


def modules_with_errors() -> list[str]:
    """Modules that define an exception; only these are imported, as others take seconds."""
    files = sorted(file for package in PACKAGES for file in (ROOT / package).rglob("*.py"))
    return [
        ".".join(file.relative_to(ROOT).with_suffix("").parts)
        for file in files
        if any(_defines_error(node) for node in ast.walk(ast.parse(file.read_text("utf-8"))))
    ]


def _defines_error(node: ast.AST) -> bool:
    return isinstance(node, ast.ClassDef) and any(
        name.endswith(("Error", "LoginNeeded", "RateLimited")) for name in map(ast.unparse, node.bases)
    )


def all_subclasses(kind: type[LabelscopeError]) -> set[type[LabelscopeError]]:
    return {kind}.union(*(all_subclasses(subclass) for subclass in kind.__subclasses__()))


def example(kind: type[LabelscopeError]) -> LabelscopeError:
    """An error whose constructor gets a value for each parameter, by its annotation."""
    if kind.__init__ is LabelscopeError.__init__:
        return kind("What failed; the cure.")
    parameters = list(inspect.signature(kind).parameters.values())
    positional = [_value(p) for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD]
    keywords = {p.name: _value(p) for p in parameters if p.kind is p.KEYWORD_ONLY}
    return kind(*positional, **keywords)


def _value(parameter: inspect.Parameter) -> Any:
    annotation = str(parameter.annotation)
    for part, value in {
        "datetime": datetime(2026, 1, 1, tzinfo=UTC),
        "Path": Path("file.toml"),
        "bool": True,
        "int": 7,
        "float": 1.5,
    }.items():
        if part in annotation:
            return value
    return f"text of {parameter.name}"


def test_each_error_can_be_pickled() -> None:
    for module in modules_with_errors():
        importlib.import_module(module)
    kinds = {kind for kind in all_subclasses(LabelscopeError) if not kind.__module__.startswith("tests")}
    assert len(kinds) > 20
    for kind in sorted(kinds, key=lambda kind: f"{kind.__module__}.{kind.__name__}"):
        error = example(kind)
        copy = pickle.loads(pickle.dumps(error))
        assert (type(copy), copy.args, vars(copy)) == (kind, error.args, vars(error)), kind


def test_a_pickled_error_keeps_its_message_and_attributes() -> None:
    class OddError(LabelscopeError):
        def __init__(self, *, reason: str) -> None:
            super().__init__(f"It failed because of {reason}; try again.")
            self.reason = reason

    rebuild, arguments = OddError(reason="rain").__reduce__()
    copy = rebuild(*arguments)
    assert str(copy) == "It failed because of rain; try again." and copy.reason == "rain"
