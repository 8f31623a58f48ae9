"""Which labels are watched, by which playlists, and what may be done with what comes in: the file labels.toml."""

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
    """A playlist to watch, and the label that its tracks get."""

    provider: str  # "spotify", "deezer" or "folder"
    external_id: str  # the bare id; of a folder its absolute file: uri
    slug: str
    name: str
    description: str


class LabelEntry(_Part):
    """A label and the playlists that stand for it. Without a slug of its own it gets that of its name."""

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
    """Where a track's audio is looked for, and in which order; the first that has it wins."""

    order: tuple[PreviewSource, ...] = ("own", "deezer", "library")
    library: Annotated[Path | None, BeforeValidator(_path)] = None  # absolute; need not exist
    ask_again_days: Days = 30


class Training(_Part):
    """What may go into a model: the origins that a clip's audio, and the playlist that gives its label, may have."""

    allow: tuple[Origin, ...] = ("folder", "library", "synth", "deezer")


class Features(_Part):
    """Which services are asked for features computed elsewhere."""

    spotify: StrictBool = True
    reccobeats: StrictBool = False


class Retention(_Part):
    """For how many days what a provider sent is kept; None is for good, which Spotify's terms do not allow."""

    spotify_days: Days = 30
    deezer_days: Days | None = None

    @property
    def days(self) -> dict[str, int]:
        """Provider -> days, of those that have a limit."""
        limits = {"spotify": self.spotify_days, "deezer": self.deezer_days}
        return {provider: days for provider, days in limits.items() if days is not None}


def _weight(value: object) -> float:
    """-1 to 1. An integer of TOML has no limit, and a comparison with NaN is never true."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not -1 <= value <= 1:
        raise ValueError("a weight must be a number from -1 to 1; write it without quotes, such as 0.5")
    return float(value)


def _share(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise ValueError("variety must be a number from 0 to 1; write it without quotes, such as 0.5")
    return float(value)


Weight = Annotated[float, BeforeValidator(_weight)]


class Taste(_Part):
    """What the listener wants of a recording: weights from -1, to be avoided, to 1, liked; and how varied it should be.

    Whether there is a label of each name only the database can tell: `config.taste.taste_of` sees to it.
    """

    labels: dict[StrictStr, Weight] = Field(default_factory=dict)  # by name or slug; those not named weigh 1
    unknown: Weight = 0.1  # of music that is like none of the labels
    variety: Annotated[float, BeforeValidator(_share)] = (
        0.25  # 0: one label will do; 1 - 1/n: as n in equal parts
    )


class Configuration(_Part):
    """All of labels.toml, checked. In the file `labels` are the [[label]] sections."""

    labels: tuple[LabelEntry, ...] = Field(alias="label")
    previews: Previews = Previews()
    training: Training = Training()
    features: Features = Features()
    retention: Retention = Retention()
    taste: Taste = Taste()

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
    "": ("label", "previews", "training", "features", "retention", "taste"),
    "label": tuple(LabelEntry.model_fields),
    "previews": tuple(Previews.model_fields),
    "training": tuple(Training.model_fields),
    "features": tuple(Features.model_fields),
    "retention": tuple(Retention.model_fields),
    "taste": tuple(Taste.model_fields),
}


def read_labels(path: Path) -> Configuration:
    """The configuration in the file at `path`, against whose folder relative paths count.

    Raises ConfigurationError, whatever the file holds.
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
        # what is missing comes last: often it is there, misspelt
        every = sorted(
            error.errors(include_url=False), key=lambda fault: (fault["loc"][:2], fault["type"] == "missing")
        )
        # one of each section, and of a few: finding a line takes a while
        of_section = {fault["loc"][0]: fault for fault in reversed(every)}
        faults = [(line_of(text, fault["loc"]), fault) for fault in list(of_section.values())[-9:]]
        line, first = min(faults, key=lambda fault: fault[0] or math.inf)
        raise ConfigurationError(path, line, explain(first, SETTINGS)) from None
    _refuse_repeats(configuration, path, text)
    return configuration


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
    """Raises ConfigurationError for what may be there once only, naming both lines."""
    first: dict[tuple[str, Any], Place] = {}
    for kind, value, place in _unique(configuration):
        other = first.setdefault((kind, value), place)
        if other is place:
            continue
        line, above = line_of(text, place), line_of(text, other)
        where = f"on line {above} already" if above != line else "twice on this line"
        raise ConfigurationError(path, line, REPEATED[kind].format(value=show(value), where=where))


REPEATED = {
    "name": "the label {value} stands {where}; put its playlists together into one [[label]]",
    "slug": "the slug {value} is taken {where}; give one of the two labels another name, or a slug of its own",
    "playlist": "the playlist {value} stands {where}; it can speak for one label once, so remove one of the two",
    "order": "{value} stands {where}; remove one of the two",
    "allow": "{value} stands {where}; remove one of the two",
}


def _unique(configuration: Configuration) -> list[tuple[str, Any, Place]]:
    found: list[tuple[str, Any, Place]] = []
    for number, label in enumerate(configuration.labels):
        found.append(("name", label.name, ("label", number, "name")))
        says = "slug" if "slug" in label.model_fields_set else "name"
        found.append(("slug", label.slug, ("label", number, says)))
        for index, playlist in enumerate(label.playlists):
            found.append(
                (
                    "playlist",
                    f"{playlist.provider}:{playlist.external_id}",
                    ("label", number, "playlists", index),
                )
            )
    for index, source in enumerate(configuration.previews.order):
        found.append(("order", source, ("previews", "order", index)))
    for index, origin in enumerate(configuration.training.allow):
        found.append(("allow", origin, ("training", "allow", index)))
    return found
