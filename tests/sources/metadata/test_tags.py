"""Tags and file names as text that can be stored."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sources.metadata.tags import (
    MAX_CHARACTERS,
    MAX_TAGS,
    MAX_VALUES,
    artist_key,
    clean_text,
    collect,
    description_of,
    parse_name,
)

any_text = st.text(st.characters(), max_size=200)  # lone surrogates, NUL and all


@given(any_text)
def test_clean_text_can_always_be_stored_on_one_line(text: str) -> None:
    clean = clean_text(text)
    clean.encode("utf-8")
    assert not any(unicodedata.category(c) in ("Cc", "Zl", "Zp", "Cs") for c in clean)
    assert clean == clean_text(clean)
    assert len(clean) <= MAX_CHARACTERS


def test_clean_text_shows_what_it_cannot_keep() -> None:
    assert clean_text("caf\udce9") == "caf\\xe9"  # the byte E9 in a file name
    assert clean_text("\ud800") == "\ufffd"
    assert clean_text("a\0b\r\nc\u2028d") == "a b c d"
    assert clean_text("🎛️ Ω") == "🎛️ Ω"
    assert len(clean_text("x" * 10_000_000)) == MAX_CHARACTERS


@given(st.lists(st.tuples(any_text, any_text), max_size=150))
def test_collected_tags_are_few_clean_and_unique(pairs: list[tuple[str, str]]) -> None:
    tags = collect(pairs)
    assert len(tags) <= MAX_TAGS
    for values in tags.values():
        assert 0 < len(values) == len(set(values)) <= MAX_VALUES
        assert all(value == clean_text(value) and value for value in values)


@pytest.mark.parametrize(
    ("stem", "artist", "title"),
    [
        ("Artist - Title", "Artist", "Title"),
        ("07 Artist - Title", "Artist", "Title"),
        ("07. Artist - Title", "Artist", "Title"),
        ("07 - Artist - Title - Dub Mix", "Artist", "Title - Dub Mix"),
        ("7. Title", "", "Title"),
        ("Artist_-_Title", "Artist", "Title"),
        ("Artist – Title", "Artist", "Title"),
        ("808 State - Title", "808 State", "Title"),
        ("Re-Edit", "", "Re-Edit"),
        ("07", "", "07"),
        (" - ", "", "-"),
        ("", "", "untitled"),
    ],
)
def test_parse_name(stem: str, artist: str, title: str) -> None:
    assert parse_name(stem) == (artist, title)


@given(any_text)
def test_a_track_always_has_a_title(stem: str) -> None:
    assert description_of({}, stem).title


def test_tags_win_over_the_file_name() -> None:
    tags = {"title": ["T"], "artist": ["A"]}
    assert (description_of(tags, "X - Y").title, description_of(tags, "X - Y").artists) == ("T", ("A",))
    assert description_of({"title": ["T"]}, "X - Y").artists == ("X",)
    assert description_of({"artist": ["Unknown Artist"]}, "Y").artists == ()


def test_artists_are_split_at_values_and_semicolons_only() -> None:
    tags = {"artist": ["One; Two & Three", "Four, Five / Six", "TWO & THREE", " ; "]}
    assert description_of(tags, "x").artists == ("One", "Two & Three", "Four, Five / Six")


@pytest.mark.parametrize("name", ["", "Unknown", "unknown artist", "Various Artists", "VARIOUS", "<unknown>"])
def test_nobody_is_no_artist(name: str) -> None:
    assert description_of({"artist": [name]}, "x").artists == ()
    assert description_of({}, f"{name} - x").artists == ()


def test_artists_are_the_same_however_they_are_typed() -> None:
    assert artist_key("ＤＪ  Mo\u0308bius") == artist_key("dj Möbius") == "dj möbius"


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("2021", "2021"),
        ("2021-03", "2021-03"),
        ("2021-03-04T10:00:00Z", "2021-03-04"),
        ("2021-13-40", "2021"),
        ("20210304", "2021"),
        ("0000-00-00", None),
        ("soon", None),
        ("", None),
    ],
)
def test_release_date(text: str, date: str | None) -> None:
    assert description_of({"date": [text]}, "x").release_date == date


@pytest.mark.parametrize(
    ("text", "isrc"), [("DE-A12-21-00001", "DEA122100001"), ("dea122100001", "DEA122100001"), ("123", None)]
)
def test_isrc(text: str, isrc: str | None) -> None:
    assert description_of({"isrc": [text]}, "x").isrc == isrc


def test_licence_is_taken_from_the_licence_before_the_copyright() -> None:
    assert description_of({"copyright": ["© X"], "license": ["CC0-1.0"]}, "x").licence == "CC0-1.0"
    assert description_of({"copyright": ["© X"]}, "x").licence == "© X"
    assert description_of({}, "x").licence is None
