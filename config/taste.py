"""The section [taste] of labels.toml, checked against the labels of labels.toml and of crates."""

from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path

from common.text import slug_of
from config.label_errors import ConfigurationError
from config.labels import Configuration, Taste
from config.playlist_names import show
from config.toml_lines import line_of


def taste_of(configuration: Configuration, path: Path, stored: Iterable[tuple[str, str]]) -> Taste | None:
    """The taste with slugs as keys, for labels that [taste.labels] names by their names or slugs.

    `stored`: slugs and names of further labels, such as those of a crate. None where labels.toml has no [taste].

    Raises ConfigurationError, with the line in the file at `path`, for a name that no label has, and for a label that
    is named twice.
    """
    if configuration.taste is None:
        return None
    labels = [*((label.slug, label.name) for label in configuration.labels), *stored]
    slugs: dict[str, str] = {}
    for slug, name in labels:
        for alias in (name, slug, slug_of(name)):
            slugs.setdefault(alias, slug)
    weights: dict[str, float] = {}
    for name, weight in configuration.taste.labels.items():
        slug_named = slugs.get(name) or slugs.get(slug_of(name))
        if slug_named is None:
            near = get_close_matches(name, [label_name for _, label_name in labels], 1, 0.5)
            cure = f"write {show(near[0])}" if near else 'write one as in `labelscope sql "TABLE labels"`'
            raise _fault(path, name, f"there is no label {show(name)}; {cure}")
        if slug_named in weights:
            raise _fault(path, name, f"{show(name)} has a weight above already; remove one of the two")
        weights[slug_named] = weight
    return configuration.taste.model_copy(update={"labels": weights})


def _fault(path: Path, name: str, fault: str) -> ConfigurationError:
    text = path.expanduser().read_text(encoding="utf-8-sig", errors="replace")
    return ConfigurationError(path, line_of(text, ("taste", "labels", name)), fault)
