"""[taste] for the labels that there are: those of labels.toml, and those of crates."""

from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path

from common.text import slug_of
from config.label_errors import ConfigurationError
from config.labels import Configuration, Taste
from config.playlist_names import show
from config.toml_lines import line_of


def taste_of(configuration: Configuration, path: Path, known: Iterable[tuple[str, str]]) -> Taste:
    """The taste, with the slug of each label that [taste.labels] names by its name or its slug.

    `known` are slugs and names of labels that stand in no labels.toml, as those of a crate do.

    Raises ConfigurationError, with the line in the file at `path`, for a name that no label has, and for one label
    that is named twice.
    """
    everything = [*((label.slug, label.name) for label in configuration.labels), *known]
    slugs: dict[str, str] = {}
    for slug, name in everything:
        for said in (name, slug, slug_of(name)):
            slugs.setdefault(said, slug)
    weights: dict[str, float] = {}
    for name, weight in configuration.taste.labels.items():
        found = slugs.get(name) or slugs.get(slug_of(name))
        if found is None:
            near = get_close_matches(name, [known_as for _, known_as in everything], 1, 0.5)
            cure = (
                f"write {show(near[0])}"
                if near
                else 'write one as it stands in `labelscope sql "TABLE labels"`'
            )
            raise _fault(path, name, f"there is no label {show(name)}; {cure}")
        if found in weights:
            raise _fault(path, name, f"{show(name)} has a weight above already; remove one of the two")
        weights[found] = weight
    return configuration.taste.model_copy(update={"labels": weights})


def _fault(path: Path, name: str, fault: str) -> ConfigurationError:
    text = path.expanduser().read_text(encoding="utf-8-sig", errors="replace")
    return ConfigurationError(path, line_of(text, ("taste", "labels", name)), fault)
