"""labels.toml: its values, and the error for each fault."""

import os
from pathlib import Path

import pytest

from config.label_errors import ConfigurationError
from config.labels import read_labels
from tests.config.labels_file import ONE_LABEL, SHIPPED, SPOTIFY_ID, read_text, require_one_sentence


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


def test_spotify_is_not_trained_on_unless_the_user_allows_it(file: Path) -> None:
    for training in (read_labels(SHIPPED).training, read_text(file, ONE_LABEL).training):
        assert training.allow == ("folder", "library", "synth", "deezer")
    assert read_text(file, ONE_LABEL + '[training]\nallow = ["spotify"]').training.allow == ("spotify",)
    assert read_text(file, ONE_LABEL + "[training]\nallow = []").training.allow == ()


def test_settings_that_are_left_out_are_those_of_the_shipped_file(file: Path) -> None:
    short, shipped = read_text(file, ONE_LABEL), read_labels(SHIPPED)
    for part in ("previews", "training", "features", "retention", "taste"):
        assert getattr(short, part) == getattr(shipped, part)
    assert short.taste is None
    assert short.retention.days == {"spotify": 30}
    assert read_text(file, ONE_LABEL + "[retention]\ndeezer_days = 7").retention.days == {
        "spotify": 30,
        "deezer": 7,
    }


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
        ("paths = 3\n" + ONE_LABEL, 1, "paths must be a section; write [paths] with a line for each"),
        (ONE_LABEL + "[paths]\n'C:/' = 3", 5, "a folder must be text; put its path in quotes"),
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
def test_each_fault_is_reported_with_its_line_and_cure(
    file: Path, content: str | bytes, line: int | None, says: str
) -> None:
    fault = fault_of(file, content)
    require_one_sentence(fault, file)
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
def test_a_file_that_may_not_beread_text(file: Path) -> None:
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
        require_one_sentence(fault, file)
        assert fault.line in (5, 6)
