"""Any content of labels.toml loads, or its error is one sentence with the line and the cure."""

import re
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from common.text import slug_of
from config.label_errors import ConfigurationError
from config.labels import read_labels
from tests.config.labels_file import SHIPPED, read_text, require_one_sentence

one_file = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


def loads_or_says_why(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    try:
        configuration = read_labels(file)
    except ConfigurationError as fault:
        require_one_sentence(fault, file)
    else:
        assert configuration.references


FRAGMENTS = st.sampled_from(
    [
        *(
            "[[label]]\n",
            "[label]\n",
            'name = "A"\n',
            "name = ",
            'playlists = ["deezer:1"]\n',
            "playlists = [\n",
        ),
        *(
            '"deezer:2",\n',
            '"folder:~/a\\u0000"',
            "]\n",
            '"""',
            "'''",
            "[previews]\n",
            "[training]\n",
            "allow = ",
        ),
        *('["deezer", "deezer"]\n', "[features]\n", "spotify = true\n", "spotify_days = ", "1e999\n", "-0\n"),
        *("[retention]\n", "order = ", "[[[[", "{", "}", "a.b.c = 1\n", "1979-05-27T07:32:00-23:59\n", "nan"),
        *(
            "#",
            "\r\n",
            "\r",
            "\t",
            "\ufeff",
            "\x85",
            "\u2028",
            "\\",
            "=",
            "slug = ",
            '"x-y"\n',
            "library = ",
            "]]",
        ),
        *(
            "inf\n",
            "9" * 4301,
            "'A'\n",
            "label = [{",
            'description = """\n',
            "[label.x]\n",
            "label.name = 1\n",
        ),
    ]
)


@one_file
@given(content=st.binary(max_size=200))
def test_any_bytes_load_or_are_explained(file: Path, content: bytes) -> None:
    loads_or_says_why(file, content)


@settings(one_file, max_examples=400)
@given(parts=st.lists(FRAGMENTS | st.text(max_size=5).filter(lambda text: text.isascii()), max_size=30))
def test_any_text_loads_or_is_explained(file: Path, parts: list[str]) -> None:
    loads_or_says_why(file, "".join(parts).encode())


@settings(one_file, max_examples=200)
@given(cut=st.tuples(st.integers(0, 4000), st.integers(0, 12)), put=FRAGMENTS | st.just(""))
def test_the_shipped_file_with_a_slip_loads_or_is_explained(
    file: Path, cut: tuple[int, int], put: str
) -> None:
    text = re.sub(r"(?m)^#.*\n", "", SHIPPED.read_text(encoding="utf-8"))
    at = cut[0] % len(text)
    loads_or_says_why(file, (text[:at] + put + text[at + cut[1] :]).encode())


TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), max_size=40).map(
    lambda text: " ".join(text.split())
)
DAYS = st.integers(1, 36_500)
PLAYLIST = (
    st.from_regex(r"spotify:[0-9A-Za-z]{22}", fullmatch=True)
    | st.integers(1, 10**12).map("deezer:{}".format)
    | st.from_regex(r"file:///nowhere/[a-z%]{0,3}", fullmatch=True).map(
        lambda uri: Path(uri.removeprefix("file://")).as_uri()
    )
)


@st.composite
def documents(draw: st.DrawFn) -> dict[str, Any]:
    """What a labels.toml may say, every value in its normal form."""
    names = draw(st.lists(TEXT.filter(bool), min_size=1, max_size=4, unique_by=slug_of))
    playlists = draw(st.lists(PLAYLIST, min_size=len(names), max_size=8, unique=True))
    labels = [
        {
            "name": name,
            "slug": slug_of(name),
            "description": draw(TEXT),
            "playlists": playlists[n :: len(names)],
        }
        for n, name in enumerate(names)
    ]
    origins = st.sampled_from(["folder", "library", "synth", "deezer", "spotify"])
    parts = {
        "previews": {
            "order": draw(st.permutations(["own", "deezer", "library"]))[: draw(st.integers(0, 3))],
            "library": "/nowhere/" + draw(st.sampled_from(["Music", "Mu sic", "Müsic", "mu'\\\"sic"])),
            "ask_again_days": draw(DAYS),
        },
        "training": {"allow": draw(st.lists(origins, unique=True))},
        "features": {"spotify": draw(st.booleans()), "reccobeats": draw(st.booleans())},
        "retention": {"spotify_days": draw(DAYS), "deezer_days": draw(DAYS)},
        "taste": {
            "labels": dict.fromkeys(names, draw(st.floats(-1, 1))),
            "unknown": draw(st.floats(-1, 1)),
            "variety": draw(st.floats(0, 1)),
        },
    }
    folders = st.sampled_from(["C:/Users/me/Music", "//nas/music", "/Volumes/Müsic"])
    paths = draw(st.dictionaries(folders, st.sampled_from(["/nowhere/Music", "/nowhere/Mu sic"])))
    return {"label": labels, **parts, "paths": paths}


def as_toml(document: dict[str, Any]) -> str:
    sections = [("[[label]]", label) for label in document["label"]]
    sections += [(f"[{name}]", part) for name, part in document.items() if name != "label"]
    lines = []
    for header, values in sections:
        lines += [header, *(f"{as_value(key)} = {as_value(value)}" for key, value in values.items()), ""]
    return "\n".join(lines)


def as_value(value: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(as_value, value))}]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{as_value(key)} = {as_value(one)}" for key, one in value.items()) + "}"
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return str(value).lower()


@one_file
@given(document=documents())
def test_every_well_formed_configuration_comes_back_as_it_was_written(
    file: Path, document: dict[str, Any]
) -> None:
    configuration = read_text(file, as_toml(document))
    back = configuration.model_dump(mode="json", by_alias=True)
    for label in back["label"]:
        label["playlists"] = [
            name["external_id"]
            if name["provider"] == "folder"
            else f"{name['provider']}:{name['external_id']}"
            for name in label["playlists"]
        ]
    assert back == document
    assert [entry.slug for entry in configuration.references] == [
        label["slug"] for label in document["label"] for _ in label["playlists"]
    ]
