"""labels.toml: what it says, and what is said of one that is wrong."""

import os
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from common.text import slug_of
from config.label_errors import ConfigurationError
from config.labels import Configuration, read_labels
from config.playlist_names import PlaylistName, parse_playlist
from config.settings import Settings
from sources.records import path_of

SHIPPED = Settings.model_fields["labels"].default
ONE_LABEL = '[[label]]\nname = "Drumcode"\nplaylists = ["deezer:1"]\n'
SPOTIFY_ID = "2a9vewgAKwZoYkJVBqJoLH"

one_file = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "labels.toml"


def fault_of(file: Path, content: str | bytes) -> ConfigurationError:
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(ConfigurationError) as caught:
        read_labels(file)
    return caught.value


def test_the_shipped_file_holds_five_labels_and_six_playlists() -> None:
    configuration = read_labels(SHIPPED)
    assert [(entry.slug, entry.provider, entry.external_id) for entry in configuration.references] == [
        ("drumcode", "spotify", SPOTIFY_ID),
        ("ostgut-ton", "spotify", "6Edpq3cmRdPdIyzU4J80TC"),
        ("lobster-theramin", "spotify", "215TGFgN1aCZ94BBouUYKv"),
        ("kompakt", "spotify", "7nU5hYoDxu0DmdRm2DQRUt"),
        ("kompakt", "spotify", "3kCDl9f7jQ8sjVN8wInerl"),
        ("dirtybird", "spotify", "2XlbQn0hmv6eH8C16CGIN2"),
    ]
    assert all(label.description.endswith(".") for label in configuration.labels)
    assert configuration.retention.days == {"spotify": 30}


def test_what_comes_from_spotify_is_not_trained_on_unless_the_user_says_so(file: Path) -> None:
    for training in (read_labels(SHIPPED).training, _read(file, ONE_LABEL).training):
        assert training.allow == ("folder", "library", "synth", "deezer")
    assert _read(file, ONE_LABEL + '[training]\nallow = ["spotify"]').training.allow == ("spotify",)
    assert _read(file, ONE_LABEL + "[training]\nallow = []").training.allow == ()


def test_settings_that_are_left_out_are_those_of_the_shipped_file(file: Path) -> None:
    short, shipped = _read(file, ONE_LABEL), read_labels(SHIPPED)
    for part in ("previews", "training", "features", "retention", "taste"):
        assert getattr(short, part) == getattr(shipped, part)
    assert short.retention.days == {"spotify": 30}
    assert _read(file, ONE_LABEL + "[retention]\ndeezer_days = 7").retention.days == {
        "spotify": 30,
        "deezer": 7,
    }


def _read(file: Path, content: str) -> Configuration:
    file.write_text(content, encoding="utf-8")
    return read_labels(file)


@pytest.mark.parametrize(
    "text",
    [
        f"spotify:{SPOTIFY_ID}",
        f"spotify:playlist:{SPOTIFY_ID}",
        f"spotify:user:adam:playlist:{SPOTIFY_ID}",
        f"https://open.spotify.com/playlist/{SPOTIFY_ID}",
        f"https://open.spotify.com/intl-de/playlist/{SPOTIFY_ID}?si=0f6b&pi=x",
        f"https://open.spotify.com/intl-pt-BR/playlist/{SPOTIFY_ID}/#top",
        f"https://open.spotify.com/embed/playlist/{SPOTIFY_ID}?utm_source=generator",
        f"https://open.spotify.com/user/adam/playlist/{SPOTIFY_ID}",
        f"  Open.Spotify.com/playlist/{SPOTIFY_ID} ",
    ],
)
def test_every_way_to_name_a_spotify_playlist(text: str) -> None:
    assert parse_playlist(text, Path("/")) == PlaylistName("spotify", SPOTIFY_ID)


@pytest.mark.parametrize(
    "text",
    [
        "deezer:908622995",
        "deezer:playlist:908622995",
        "https://www.deezer.com/playlist/908622995",
        "https://www.deezer.com/en/playlist/908622995?utm_campaign=clipboard",
        "http://deezer.com/pt-br/playlist/908622995/",
        "www.deezer.com/us/playlist/908622995",
    ],
)
def test_every_way_to_name_a_deezer_playlist(text: str) -> None:
    assert parse_playlist(text, Path("/")) == PlaylistName("deezer", "908622995")


def test_a_folder_is_known_by_where_it_really_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: Path
) -> None:
    real = Path(os.path.realpath(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "link").symlink_to(tmp_path / "crate")
    uri = parse_playlist("folder:crate/Ostgut  Ton", tmp_path).external_id
    assert uri == (real / "crate" / "Ostgut  Ton").as_uri()
    assert path_of(uri) == real / "crate" / "Ostgut  Ton"
    for same in (
        "folder:./x/../crate/Ostgut  Ton",
        "folder:link/Ostgut  Ton",
        uri,
        f"Folder: {path_of(uri)}",
    ):
        assert parse_playlist(same, tmp_path).external_id == uri
    assert path_of(parse_playlist("folder:~/Music", real).external_id) == real / "home" / "Music"

    configuration = _read(file, ONE_LABEL + '[previews]\nlibrary = "~/Music"')
    assert configuration.previews.library == real / "home" / "Music"
    monkeypatch.chdir("/")
    assert _read(file, ONE_LABEL + '[previews]\nlibrary = "m"').previews.library == real / "m"


@pytest.mark.parametrize(
    ("playlist", "says"),
    [
        (
            "https://open.spotify.com/album/2a9vewgAKwZoYkJVBqJoLH",
            "no playlist but an album; put a playlist's",
        ),
        ("spotify:2a9vewgAKwZoYkJVBqJoL", "not the address of a Spotify playlist; copy it"),
        ("https://www.deezer.com/en/playlist/liked", "not the address of a Deezer playlist; copy it"),
        ("deezer:٤٢", "not the address of a Deezer playlist"),
        ("https://spotify.link/AbC", "short link; open it in a browser"),
        ("~/Music/Drumcode", "names no playlist; write spotify:ID, deezer:ID, folder:PATH"),
        ("folder:", "names no playlist"),
        ("folder:~nobody-has-this-name/x", "no such home folder; write the path out"),
        ("folder:a\0b", "NUL"),
        ("", "names no playlist"),
        ("https://evil.example/open.spotify.com/playlist/2a9vewgAKwZoYkJVBqJoLH", "not the address"),
    ],
)
def test_what_names_no_playlist(playlist: str, says: str) -> None:
    with pytest.raises(ValueError, match=r".+; .+") as caught:
        parse_playlist(playlist, Path("/"))
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("content", "line", "says"),
    [
        # not TOML
        (
            "[[label]]\nname = Drumcode\n",
            2,
            "column 8 cannot be understood (invalid value); write key = value",
        ),
        (ONE_LABEL + "\nfeatures = {\n", 5, "cannot be understood"),
        ('# a\n\n[[label]]\nplaylists = [\n  "deezer:1",\n', 4, "does not end; close each quote"),
        ('a = 1\nb = """x\ny\n', 2, "does not end"),
        ('[[label]]\nname = "a"\nname = "b"', 3, "set above already; keep one of the two"),
        ('[[label]]\nname = "a"\nname = "b"\nslug = "a"', 3, "set above already"),
        (ONE_LABEL + "[training]\n[features]\n[training]\n", 6, "set above already"),
        (ONE_LABEL + f"[retention]\nspotify_days = {'9' * 5000}", 5, "too long or too deeply nested"),
        (ONE_LABEL + "[previews]\norder = " + "[" * 4000, 5, "too long or too deeply nested"),
        ((ONE_LABEL + "# Caf").encode() + b"\xe9", 4, "not UTF-8; save the file"),
        ((ONE_LABEL).encode("utf-16"), 1, "not UTF-8"),
        # keys
        (ONE_LABEL + "[training]\nalow = []", 5, "'alow' is not a key of [training]; write allow"),
        (ONE_LABEL + 'playlist = "x"', 4, "'playlist' is not a key of [[label]]; write playlists"),
        (ONE_LABEL + "\n[zebra]\n", 5, "remove it, or write one of label, previews, training"),
        (
            ONE_LABEL.replace("[[label]]", "[[labels]]"),
            1,
            "'labels' is not a key of labels.toml; write [[label]]",
        ),
        ("", None, "no label; add [[label]]"),
        ("label = []", 1, "there is no label; add [[label]]"),
        ("\n[label]\nname = 'x'", 2, "write [[label]]"),
        ("label = [\n 1,\n]", 2, "write [[label]]"),
        (ONE_LABEL + "\n[[label]]\n# to do\nslug = 'x'\n", 5, "this label has no name; add name ="),
        (ONE_LABEL + "\n[[label]]\nname = 'x'\n", 5, "this label has no playlists; add playlists ="),
        # values
        ('[[label]]\nname = "a"\nplaylists = []', 3, "this label has no playlist; add"),
        (
            '[[label]]\nname = "a"\nplaylists = "deezer:1"',
            3,
            "playlists must be a list; put its entries in brackets",
        ),
        (
            '[[label]]\nname = "a"\nplaylists = [\n "deezer:1",\n # b\n 2]',
            6,
            "a playlist must be text; put it in quotes",
        ),
        (
            '[[label]]\nname = "a"\nplaylists = [\n "deezer:1", # "]\n "x"]\n',
            5,
            "'x' names no playlist; write",
        ),
        ('[[label]]\nname = "a"\nplaylists = [\n """\n]""",\n]\n', 4, "names no playlist"),
        (
            '[[label]]\r\nname = 5\r\nplaylists = [\r\n"deezer:1"]\r\n',
            2,
            "name must be text; put it in quotes",
        ),
        ('[[label]]\nname = "  "\nplaylists = ["deezer:1"]', 2, "1 to 200 characters"),
        (ONE_LABEL + 'slug = "Drum Code"', 4, "'Drum Code' is no slug; write words of lower-case"),
        (
            ONE_LABEL + '[training]\nallow = ["deezer",\n"spotfy"]',
            6,
            'choose from "folder", "library", "synth"',
        ),
        (ONE_LABEL + "[training]\nallow = [[]]", 5, "put each entry in quotes"),
        (ONE_LABEL + '[previews]\norder = ["own", "itunes"]', 5, 'choose from "own", "deezer" and "library"'),
        (ONE_LABEL + "[previews]\nlibrary = 3", 5, "a folder must be text; put its path in quotes"),
        (ONE_LABEL + "[previews]\nask_again_days = 30.0", 5, "whole number of days from 1 to 36500; write"),
        (
            ONE_LABEL + "[retention]\nspotify_days = 0",
            5,
            "spotify_days must be a whole number of days from 1",
        ),
        (ONE_LABEL + "[retention]\ndeezer_days = true", 5, "deezer_days must be a whole number"),
        (ONE_LABEL + "[retention]\ndeezer_days = 999999999999999999999999", 5, "from 1 to 36500"),
        (ONE_LABEL + '[features]\nspotify = "yes"', 5, "true or false; write one of the two"),
        (ONE_LABEL + "[features]\nspotify = 1", 5, "true or false"),
        (
            "features = 1\n" + ONE_LABEL,
            1,
            "features must be a section; write [features] with spotify, reccobeats",
        ),
        (ONE_LABEL + "[taste]\nvarity = 1", 5, "'varity' is not a key of [taste]; write variety"),
        (ONE_LABEL + "[taste.labels]\nDrumcode = 2", 5, "a weight must be a number from -1 to 1; write"),
        (ONE_LABEL + '[taste.labels]\nx = 1\nDrumcode = "much"', 6, "a weight must be a number from -1 to 1"),
        (ONE_LABEL + "[taste]\nlabels = { Drumcode = nan }", 5, "a weight must be a number"),
        (ONE_LABEL + "[taste]\nunknown = true", 5, "a weight must be a number"),
        (ONE_LABEL + "[taste]\nvariety = -0.1", 5, "variety must be a number from 0 to 1; write"),
        (ONE_LABEL + f"[taste]\nvariety = {'9' * 400}", 5, "variety must be a number from 0 to 1; write"),
        (ONE_LABEL + "[taste]\nlabels = 1", 5, "labels must be a section; write [taste.labels] with a line"),
        # what may be there once
        (ONE_LABEL * 2, 5, "the label 'Drumcode' is on line 2 already; put its playlists together"),
        (
            ONE_LABEL + ONE_LABEL.replace("Drumcode", "DRUMCODE"),
            5,
            "slug 'drumcode' is taken on line 2 already",
        ),
        (
            ONE_LABEL
            + '[[label]]\nname = "x"\nplaylists = [\n "deezer:2",\n "https://www.deezer.com/playlist/1"]',
            8,
            "the playlist 'deezer:1' is on line 3 already; it can belong to one label once",
        ),
        (
            ONE_LABEL.replace('"deezer:1"', '"deezer:1", "deezer:1"'),
            3,
            "twice on this line",
        ),
        (ONE_LABEL + '[previews]\norder = ["own",\n"own"]', 6, "'own' is on line 5 already; remove one"),
        (ONE_LABEL + '[training]\nallow = ["deezer", "deezer"]', 5, "'deezer' is twice on this line"),
    ],
)
def test_what_is_wrong_is_said_with_its_line_and_the_cure(
    file: Path, content: str | bytes, line: int | None, says: str
) -> None:
    fault = fault_of(file, content)
    _is_one_sentence(fault, file)
    assert says in str(fault)
    assert fault.line == line


def test_the_first_of_several_faults_is_named(file: Path) -> None:
    fault = fault_of(file, "[retention]\nspotify_days = 0\n" + ONE_LABEL.replace("name", "nam"))
    assert fault.line == 2
    misspelt = fault_of(file, ONE_LABEL + "[[label]]\nplaylists = 1\nnmae = 'x'\n\n[[label]]\nname = 2")
    assert "playlists must be a list" in str(misspelt)
    misspelt = fault_of(
        file, ONE_LABEL + "[[label]]\nnmae = 'x'\nplaylists = ['deezer:2']\n[[label]]\nname = 2"
    )
    assert "'nmae' is not a key of [[label]]; write name" in str(misspelt)


def test_a_file_that_is_not_there_or_not_a_file(tmp_path: Path) -> None:
    (tmp_path / "large.toml").write_bytes(b"#" * (1 << 20) + b"\n" + ONE_LABEL.encode())
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    says = {
        tmp_path / "none.toml": "there is no such file; write one",
        tmp_path: "this is a folder; name the file",
        tmp_path / "large.toml" / "x": "cannot be read (Not a directory); name another",
        tmp_path / "large.toml": "larger than 1 MiB; name",
        tmp_path / "loop": "cannot be read (",
        tmp_path / "a\0b\n.toml": "the path is not one that a file can have",
        tmp_path / ("long" * 100): "cannot be read (File name too long)",
        Path("~nobody-has-this-name/labels.toml"): "the path is not one",
    }
    for path, sentence in says.items():
        with pytest.raises(ConfigurationError) as caught:
            read_labels(path)
        assert sentence in str(caught.value)
        assert "\n" not in str(caught.value)
        assert caught.value.line is None


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read(file: Path) -> None:
    file.touch(mode=0)
    with pytest.raises(ConfigurationError, match="you may not read it"):
        read_labels(file)


def test_windows_line_ends_and_a_byte_order_mark_are_fine(file: Path) -> None:
    file.write_bytes(b"\xef\xbb\xbf" + ONE_LABEL.replace("\n", "\r\n").encode())
    assert read_labels(file).labels[0].name == "Drumcode"


@pytest.mark.timeout(20)
def test_a_long_file_with_a_fault_is_explained_without_a_long_wait(file: Path) -> None:
    labels = "".join(f'[[label]]\nname = "L{n}"\nplaylists = [\n  "deezer:{n + 1}",\n]\n' for n in range(300))
    allowed = "[training]\nallow = [\n" + '"deezer",\n' * 400 + "]"
    assert fault_of(file, labels + allowed).line == 1504
    assert fault_of(file, labels + allowed.replace(",\n]", ",\n1]")).line == 1903
    assert fault_of(file, labels.replace("playlists", "songs")).line == 3
    assert fault_of(file, '# a\nx = """\n' + labels).line == 2
    assert fault_of(file, labels + f"x = {'9' * 5000}\n").line == 1501


@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ("{a=[", "]}")])
def test_what_nests_almost_too_deeply_to_be_read_is_explained(file: Path, opening: str, closing: str) -> None:
    for depth in range(2, 500, 4):  # somewhere on the way Python's stack ends, in one function or another
        fault = fault_of(file, ONE_LABEL + f"[training]\nallow = {opening * depth}{closing * depth}\n")
        _is_one_sentence(fault, file)
        assert fault.line in (5, 6)


def _is_one_sentence(fault: ConfigurationError, file: Path) -> None:
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


def loads_or_says_why(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    try:
        configuration = read_labels(file)
    except ConfigurationError as fault:
        _is_one_sentence(fault, file)
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
    return {"label": labels, **parts}


def as_toml(document: dict[str, Any]) -> str:
    sections = [("[[label]]", label) for label in document["label"]]
    sections += [(f"[{name}]", part) for name, part in document.items() if name != "label"]
    lines = []
    for header, values in sections:
        lines += [header, *(f"{key} = {as_value(value)}" for key, value in values.items()), ""]
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
    configuration = _read(file, as_toml(document))
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
