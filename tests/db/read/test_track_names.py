"""Tracks are found by names as people write them."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, Engine, text

from db.read.tracks.names import tracks_called
from tests.db.contents import JOIN_PLAYLIST


@pytest.fixture
def named(crate: Engine) -> Iterator[Connection]:
    """Tracks with names that people have trouble to write."""
    with crate.begin() as connection:
        connection.execute(
            text("""
                INSERT INTO tracks (provider, external_id, title) VALUES ('folder', 'sha256:5', '');
                UPDATE tracks SET title =
                    (ARRAY['Energy Flash', 'Energy Flash (Remix)', '100% – [Pure]', 'Ｓtrings', '???'])[id];
                INSERT INTO artists (provider, external_id, name)
                SELECT 'folder', name, name FROM unnest(ARRAY['Joey Beltram', 'Björk', 'O''Hara']) name;
                INSERT INTO track_artists (track_id, artist_id, position)
                VALUES (1, 1, 0), (2, 2, 0), (2, 1, 1), (3, 3, 0);
            """)
        )
        connection.execute(text(JOIN_PLAYLIST))
        yield connection


@pytest.mark.parametrize(
    ("name", "found", "exact"),
    [
        ("Joey Beltram - Energy Flash", [1, 2], [1]),
        ("joey beltram - ENERGY flash", [1, 2], [1]),
        ("Energy Flash", [1, 2], [1]),
        ("bjo\u0308rk, joey beltram - energy flash (remix)", [2, 1], [2]),  # as macOS writes it
        ("energy remix", [2, 1], []),
        ("beltram", [1, 2], []),
        ("o'hara - 100%", [3, 1, 2], []),
        ("100% – [pure]", [3], [3]),
        ("Strings", [4], [4]),
        ("???", [5], [5]),
        ("%", [], []),
        ("", [], []),
        ("nobody", [], []),
        ("'; DROP TABLE tracks", [], []),
    ],
)
def test_a_track_is_found_by_its_name(
    named: Connection, name: str, found: list[int], exact: list[int]
) -> None:
    rows = tracks_called(named, name, 10)
    assert [row.track_id for row in rows] == found
    assert [row.track_id for row in rows if row.exact] == exact


def test_a_track_of_just_that_name_comes_before_shorter_ones_of_the_same_words(named: Connection) -> None:
    new = text(
        "INSERT INTO tracks (provider, external_id, title) VALUES ('folder', '6', 'Flash Energy') RETURNING id"
    )
    other = named.scalar(new)
    named.execute(text(JOIN_PLAYLIST))
    rows = tracks_called(named, "Energy Flash", 10)
    assert [row.track_id for row in rows] == [1, other, 2]
