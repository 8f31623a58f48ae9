"""The file labels.toml: labels, their playlists, and the permitted uses of what a run collects."""

import math
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    StrictInt,
    StrictStr,
    ValidationError,
    ValidationInfo,
    field_validator,
)
from pydantic_core import ErrorDetails

from common.text import one_line, slug_of
from config.label_errors import EXAMPLES, ConfigurationError, explain, not_toml, unreadable
from config.playlist_names import PlaylistName, absolute, parse_playlist, show
from config.toml_lines import Place, line_of

LARGEST_BYTES = 1 << 20

Origin = Literal["folder", "library", "synth", "deezer", "spotify"]
PreviewSource = Literal["own", "deezer", "library"]


def _playlist(value: object, info: ValidationInfo) -> PlaylistName:
    if isinstance(value, PlaylistName):
        return value
    if not isinstance(value, str):
        raise ValueError('a playlist must be text; put it in quotes, such as "deezer:908622995"')
    return parse_playlist(value, _folder(info))


def _path(value: object, info: ValidationInfo) -> Path | None:
    if value is None or isinstance(value, Path):
        return value
    if not isinstance(value, str) or not value.strip():
        raise ValueError('a folder must be text; put its path in quotes, such as "~/Music"')
    return absolute(value, _folder(info))


def _folder(info: ValidationInfo) -> Path:
    return info.context["folder"] if info.context else Path.cwd()


Text = Annotated[StrictStr, AfterValidator(one_line)]
Days = Annotated[StrictInt, Field(ge=1, le=36_500)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)


class PlaylistEntry(_Part):
    """A playlist to read, and the label of its tracks."""

    provider: str  # "spotify", "deezer", or "folder" for all that consists of the user's files
    external_id: str  # the bare id, the absolute file: uri of a folder, or that of a DJ library with its kind
    slug: str
    name: str
    description: str


class LabelEntry(_Part):
    """A label and its playlists. By default the slug is made of the name."""

    name: Text
    slug: Text = ""
    description: Text = ""
    playlists: tuple[Annotated[PlaylistName, BeforeValidator(_playlist)], ...]

    @field_validator("playlists")
    @classmethod
    def _some(cls, playlists: tuple[PlaylistName, ...]) -> tuple[PlaylistName, ...]:
        if not playlists:
            raise ValueError(f"this label has no playlist; add {EXAMPLES['playlists']}")
        return playlists

    @field_validator("name")
    @classmethod
    def _of_a_length(cls, name: str) -> str:
        if not 1 <= len(name) <= 200:
            raise ValueError("a label's name must have 1 to 200 characters; write it as it is printed")
        return name

    @field_validator("slug")
    @classmethod
    def _from_name(cls, slug: str, info: ValidationInfo) -> str:
        if slug and (slug_of(slug) != slug or len(slug) > 200):
            cure = f'write words of lower-case letters and digits joined by hyphens, such as "{slug_of(slug[:50])}"'
            raise ValueError(f"{show(slug)} is no slug; {cure}")
        return slug or slug_of(info.data.get("name", ""))


class Previews(_Part):
    """The sources of a track's audio, in order. The first that has it is used."""

    order: tuple[PreviewSource, ...] = ("own", "deezer", "library")
    library: Annotated[Path | None, BeforeValidator(_path)] = None  # absolute; need not exist
    ask_again_days: Days = 30


class Training(_Part):
    """The origins that may be trained on: of a clip's audio, and of the playlist that gives its label."""

    allow: tuple[Origin, ...] = ("folder", "library", "synth", "deezer")


class Features(_Part):
    """The services whose audio features are collected."""

    spotify: StrictBool = True
    reccobeats: StrictBool = False


class Retention(_Part):
    """Days for which a provider's data is stored. None is unlimited, which Spotify's terms do not allow."""

    spotify_days: Days = 30
    deezer_days: Days | None = None

    @property
    def days(self) -> dict[str, int]:
        """Provider -> days, for the providers with a limit."""
        limits = {"spotify": self.spotify_days, "deezer": self.deezer_days}
        return {provider: days for provider, days in limits.items() if days is not None}


def _weight(value: object) -> float:
    """A number from -1 to 1. NaN and integers of any size are refused too."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not -1 <= value <= 1:
        raise ValueError("a weight must be a number from -1 to 1; write it without quotes, such as 0.5")
    return float(value)


def _variety(value: object) -> float:
    """A number from 0 to 1."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise ValueError("variety must be a number from 0 to 1; write it without quotes, such as 0.5")
    return float(value)


Weight = Annotated[float, BeforeValidator(_weight)]


class Taste(_Part):
    """The listener's preferences for mixes: a weight of each label, and the wanted variety.

    Weights range from -1 (avoid) to 1 (prefer). `config.taste.taste_of` checks the names of labels, which takes the
    database.
    """

    labels: dict[StrictStr, Weight] = Field(default_factory=dict)  # by name or slug; others weigh 1
    unknown: Weight = 0.1  # of music that resembles none of the labels
    # 0: one label is enough; 1 - 1/n: as varied as n labels in equal parts
    variety: Annotated[float, BeforeValidator(_variety)] = 0.25


class Configuration(_Part):
    """The checked content of labels.toml. `labels` are its [[label]] sections."""

    labels: tuple[LabelEntry, ...] = Field(alias="label")
    previews: Previews = Previews()
    training: Training = Training()
    features: Features = Features()
    retention: Retention = Retention()
    taste: Taste | None = None  # without one, mixes get no verdict
    # folders as DJ libraries write them -> folders here
    paths: dict[StrictStr, Annotated[Path, BeforeValidator(_path)]] = Field(default_factory=dict)

    @field_validator("labels")
    @classmethod
    def _some(cls, labels: tuple[LabelEntry, ...]) -> tuple[LabelEntry, ...]:
        if not labels:
            raise ValueError(f"there is no label; add {EXAMPLES['label']}")
        return labels

    @property
    def references(self) -> tuple[PlaylistEntry, ...]:
        """Every playlist with its label, in the order of the file."""
        return tuple(
            PlaylistEntry(
                provider=playlist.provider,
                external_id=playlist.external_id,
                slug=label.slug,
                name=label.name,
                description=label.description,
            )
            for label in self.labels
            for playlist in label.playlists
        )


SETTINGS = {
    "": ("label", "previews", "training", "features", "retention", "taste", "paths"),
    "label": tuple(LabelEntry.model_fields),
    "previews": tuple(Previews.model_fields),
    "training": tuple(Training.model_fields),
    "features": tuple(Features.model_fields),
    "retention": tuple(Retention.model_fields),
    "taste": tuple(Taste.model_fields),
}


def read_labels(path: Path) -> Configuration:
    """The configuration in the file at `path`. Relative paths start at the folder of that file.

    Raises ConfigurationError for anything that is wrong with the file.
    """
    text = _read(path)
    try:
        document = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise not_toml(path, text, error) from None
    try:
        folder = path.expanduser().absolute().parent
        configuration = Configuration.model_validate(document, context={"folder": folder})
    except ValidationError as error:
        line, fault = _first_fault(text, error)
        raise ConfigurationError(path, line, explain(fault, SETTINGS)) from None
    _refuse_repeats(configuration, path, text)
    return configuration


def _first_fault(text: str, error: ValidationError) -> tuple[int | None, ErrorDetails]:
    """(line, fault) of the fault that comes first in the file."""
    # Missing keys come last, as often they are there, but misspelt.
    faults = sorted(
        error.errors(include_url=False), key=lambda fault: (fault["loc"][:2], fault["type"] == "missing")
    )
    # One fault of each section, and of few sections, as finding a line takes a while.
    fault_of_section = {fault["loc"][0]: fault for fault in reversed(faults)}
    with_lines = [(line_of(text, fault["loc"]), fault) for fault in list(fault_of_section.values())[-9:]]
    return min(with_lines, key=lambda pair: pair[0] or math.inf)


def _read(path: Path) -> str:
    try:
        with path.expanduser().open("rb") as file:
            content = file.read(LARGEST_BYTES + 1)
    except (OSError, ValueError, RuntimeError) as error:  # ValueError: NUL in a path; RuntimeError: no such ~
        raise unreadable(path, error) from None
    if len(content) > LARGEST_BYTES:
        raise ConfigurationError(path, None, "it is larger than 1 MiB; name a file that lists labels")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ConfigurationError(path, line, "this is not UTF-8; save the file in that encoding") from None


def _refuse_repeats(configuration: Configuration, path: Path, text: str) -> None:
    """Raises ConfigurationError for a repeated value that must be unique, naming both lines."""
    first_place: dict[tuple[str, Any], Place] = {}
    for kind, value, place in _unique(configuration):
        first = first_place.setdefault((kind, value), place)
        if first is place:
            continue
        line, first_line = line_of(text, place), line_of(text, first)
        where = f"on line {first_line} already" if first_line != line else "twice on this line"
        raise ConfigurationError(path, line, REPEATED[kind].format(value=show(value), where=where))


REPEATED = {
    "name": "the label {value} is {where}; put its playlists together into one [[label]]",
    "slug": "the slug {value} is taken {where}; give one of the two labels another name, or a slug of its own",
    "playlist": "the playlist {value} is {where}; it can belong to one label once, so remove one of the two",
    "order": "{value} is {where}; remove one of the two",
    "allow": "{value} is {where}; remove one of the two",
}


def _unique(configuration: Configuration) -> list[tuple[str, Any, Place]]:
    """(kind, value, place) of each value that must be unique within its kind."""
    values: list[tuple[str, Any, Place]] = []
    for number, label in enumerate(configuration.labels):
        values.append(("name", label.name, ("label", number, "name")))
        slug_from = "slug" if "slug" in label.model_fields_set else "name"
        values.append(("slug", label.slug, ("label", number, slug_from)))
        for index, playlist in enumerate(label.playlists):
            external_id = playlist.external_id
            name = external_id if playlist.provider == "folder" else f"{playlist.provider}:{external_id}"
            values.append(("playlist", name, ("label", number, "playlists", index)))
    for index, source in enumerate(configuration.previews.order):
        values.append(("order", source, ("previews", "order", index)))
    for index, origin in enumerate(configuration.training.allow):
        values.append(("allow", origin, ("training", "allow", index)))
    return values
