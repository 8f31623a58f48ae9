"""A process that pickles an example of each error of Labelscope, and prints the names of their classes.

Importing all errors imports Prefect too, so it must be a process of its own.
"""

import ast
import importlib
import inspect
import pickle
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from common.errors import LabelscopeError

ROOT = Path(__file__).parents[2]
PACKAGES = ("cli", "common", "config", "db", "flows", "labelscope", "ml", "report", "services", "sources")
SAMPLES: dict[str, Any] = {
    "datetime": datetime(2026, 1, 1, tzinfo=UTC),
    "Path": Path("file.toml"),
    "bool": True,
    "int": 7,
    "float": 1.5,
}


def modules_with_errors() -> list[str]:
    """Modules that derive a class from an error; only these are imported, as others take seconds."""
    files = sorted(file for package in PACKAGES for file in (ROOT / package).rglob("*.py"))
    return [
        ".".join(file.relative_to(ROOT).with_suffix("").parts)
        for file in files
        if any(_derives_from_error(node) for node in ast.walk(ast.parse(file.read_text("utf-8"))))
    ]


def _derives_from_error(node: ast.AST) -> bool:
    return isinstance(node, ast.ClassDef) and any("Error" in ast.unparse(base) for base in node.bases)


def all_subclasses(kind: type[LabelscopeError]) -> set[type[LabelscopeError]]:
    return {kind}.union(*(all_subclasses(subclass) for subclass in kind.__subclasses__()))


def example(kind: type[LabelscopeError]) -> LabelscopeError:
    """An error whose constructor got a value for each parameter, by its annotation."""
    if not inspect.isfunction(kind.__init__):
        return kind("What failed; the cure.")
    parameters = inspect.signature(kind).parameters.values()
    positional = [_sample(p) for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD]
    keywords = {p.name: _sample(p) for p in parameters if p.kind is p.KEYWORD_ONLY}
    return kind(*positional, **keywords)


def _sample(parameter: inspect.Parameter) -> Any:
    annotation = str(parameter.annotation)
    samples = (value for name, value in SAMPLES.items() if name in annotation)
    return next(samples, f"text of {parameter.name}")


def main() -> None:
    for module in modules_with_errors():
        importlib.import_module(module)
    for kind in sorted(
        all_subclasses(LabelscopeError), key=lambda kind: f"{kind.__module__}.{kind.__name__}"
    ):
        error = example(kind)
        copy = pickle.loads(pickle.dumps(error))
        state, expected = (copy.args, vars(copy)), (error.args, vars(error))
        if type(copy) is not kind or state != expected:
            sys.exit(f"{kind.__name__} becomes {copy!r} with {state}, expected {expected}.")
        sys.stdout.write(f"{kind.__name__}\n")


if __name__ == "__main__":
    main()
