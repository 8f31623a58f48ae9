"""Which titles, artists and lengths are taken for the same recording."""

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sources.metadata.matching import (
    TOLERANCE_S,
    artist_keys,
    same_artists,
    same_duration,
    same_title,
    title_key,
)

# Words that mean nothing to the matcher, in several scripts
words = st.sampled_from(
    ["losing", "it", "nacht", "über", "café", "ñandú", "Ωmega", "прощай", "夜", "ガラス", "808", "don't"]
)
titles = st.lists(words, min_size=1, max_size=4).map(" ".join)
names = st.sampled_from(["Fisher", "Adam Beyer", "Amelie Lens", "Тест", "美夜", "deadmau5"])
others = st.sampled_from(
    ["{} Remix", "{} Edit", "{} Dub", "Extended Mix", "Live at {}", "{} Version", "Radio Edit", "{} Rework"]
)
anything = st.text(max_size=60)


@given(anything)
def test_any_title_is_itself_and_its_key_can_be_compared(title: str) -> None:
    assert same_title(title, title)
    assert same_title(title, f"  {title} ")
    assert bool(title_key(title)) == bool(title.strip())


@given(anything, anything)
def test_the_order_of_two_titles_or_artists_does_not_matter(one: str, other: str) -> None:
    assert same_title(one, other) == same_title(other, one)
    assert same_artists([one], [other]) == same_artists([other], [one])


@given(titles, names)
def test_spelling_guests_and_remasters_do_not_make_another_recording(title: str, name: str) -> None:
    for same in [
        title.upper(),
        title.replace(" ", "  "),
        title.replace("é", "e").replace("ü", "u").replace("ñ", "n").replace("ú", "u"),
        title.replace("'", "’"),
        f"{title} (feat. {name})",
        f"{title} [ft. {name}]",
        f"{title} feat. {name}",
        f"{title} (with {name})",
        f"{title} (Original Mix)",
        f"{title} - Original Mix",
        f"{title} - 2011 Remaster",
        f"{title} (Remastered 2011)",
        f"{title} ({name})",
    ]:
        assert same_title(title, same), same


@given(titles, names, others)
def test_a_remix_is_another_recording_however_it_is_written(title: str, name: str, other: str) -> None:
    remix = other.format(name)
    forms = [
        f"{title} ({remix})",
        f"{title} [{remix}]",
        f"{title} - {remix}",
        f"{title} – {remix.upper()}",
        f"{title} (feat. Somebody) [{remix}]",
        f"{title} feat. Somebody - {remix}",
        f"{title} ({remix}) - Remastered",
    ]
    for form in forms:
        assert not same_title(title, form), form
    for one, another in itertools.combinations(forms, 2):
        assert same_title(one, another), (one, another)


@given(titles, titles)
def test_other_words_are_another_title(one: str, other: str) -> None:
    assert same_title(one, other) == (one == other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Suite (Part 1)", "Suite (Part 2)"),
        ("Suite, Pt. II", "Suite, Pt. III"),
        ("Suite (II)", "Suite"),
        ("Track (A Remix)", "Track (B Remix)"),
        ("Track (1999)", "Track (2000)"),
        ("Track (Intro)", "Track (Outro)"),
        ("Track (Club Mix Remastered)", "Track"),
        ("!!!", "???"),
        ("Feat of Strength", "Feat of Love"),
        ("", "Track"),
    ],
)
def test_others(one: str, other: str) -> None:
    assert not same_title(one, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Beyoncé", "BEYONCE"),
        ("(I Can't Get No) Satisfaction", "Satisfaction"),
        ("(Untitled)", "Untitled"),
        ("ＬＯＳＩＮＧ ＩＴ", "losing it"),
        ("It's [A (Nested)] Thing", "Its Thing"),
        ("Track (A Remix) [Live]", "Track [Live] - A Remix"),
        ("Track - 2011 Remastered Version", "Track"),
        ("Tokyo (東京)", "tokyo"),
    ],
)
def test_the_same(one: str, other: str) -> None:
    assert same_title(one, other)


@given(st.lists(names, min_size=1, max_size=3, unique=True))
def test_one_artist_in_common_is_enough(artists: list[str]) -> None:
    assert same_artists(artists, [artists[-1].upper()])
    assert same_artists([" & ".join(artists)], [artists[0]])
    assert same_artists([" x ".join(artists)], [artists[-1], "Nobody Else"])
    assert not same_artists(artists, ["Nobody Else"])


def test_artists() -> None:
    assert same_artists(["The Prodigy"], ["Prodigy"])
    assert same_artists(["Tiësto"], ["TIESTO"])
    assert same_artists([], ["Anybody"])
    assert not same_artists(["The Prodigy"], ["The Orb"])
    assert artist_keys(["Simon & Garfunkel"]) == {"simon garfunkel", "simon", "garfunkel"}
    assert artist_keys(["", " "]) == frozenset()
    assert artist_keys(["!!!"]) == {"!!!"}


@given(st.floats(min_value=0, max_value=10_000), st.floats(min_value=-20, max_value=20))
def test_lengths(length_s: float, apart_s: float) -> None:
    if not math.isclose(abs(apart_s), TOLERANCE_S):
        assert same_duration(length_s, length_s + apart_s) == (abs(apart_s) <= TOLERANCE_S)
    assert same_duration(length_s, None)
    assert same_duration(None, length_s)
