"""Repeated writes of playlists, tracks, clips and lookups."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Engine, text

from db import read, write
from db.write.providers import save_not_found
from db.write.tracks import TrackEntry, save_entries
from tests.db.contents import contents

LABEL = {"slug": "drumcode", "name": "Drumcode", "description": "", "synthetic": False}
OTHER_LABEL = LABEL | {"slug": "kompakt", "name": "Kompakt"}
CRATE = "file:///crate"
PLAYLIST, OTHER_PLAYLIST = f"{CRATE}/Drumcode", f"{CRATE}/Kompakt"
BAD = {
    "reference": "file:///crate/bad.mp3",
    "reason": "empty",
    "detail": "bad.mp3 is empty.",
    "payload": {},
}


def entry(name: str, **known: Any) -> TrackEntry:
    """A track by two artists, in one clip."""
    track = {
        "provider": "folder",
        "external_id": f"sha256:{name}",
        "title": name,
        "album": None,
        "isrc": None,
        "duration_s": 30.0,
        "release_date": None,
        "raw": {"path": name},
    } | known
    artists = [{"provider": "folder", "external_id": key, "name": key.title()} for key in ("ada", "bob")]
    clip = {
        "provider": "folder",
        "licence": "CC0-1.0",
        "uri": f"file:///crate/{name}.mp3",
        "sha256": "0" * 64,
        "bytes": 1000,
        "modified_ns": 1,
        "offset_s": 0.0,
        "duration_s": 30.0,
    }
    return track, artists, [clip]


def load(
    engine: Engine,
    entries: list[Any],
    rejections: list[Any] = [],  # noqa: B006
    **options: Any,
) -> write.playlists.LoadCounts:
    """One whole ingest of a playlist."""
    playlist, label = options.pop("playlist", PLAYLIST), options.pop("label", LABEL)
    listed_by = options.pop("listed_by", CRATE)
    with engine.begin() as connection:
        playlist_id = write.playlists.register_playlist(connection, "folder", playlist, label, listed_by)
        ids = save_entries(connection, entries)
    with engine.begin() as connection:
        return write.playlists.complete_load(
            connection,
            playlist_id,
            name=label["name"],
            raw={},
            snapshot_id=options.pop("snapshot_id", "v1"),
            added_at=options.pop("added_at", dict.fromkeys(ids)),
            keep_absent=options.pop("keep_absent", False),
            rejections=rejections,
            started_at=datetime.now(UTC),
            flow_run_id=None,
        )


def memberships(engine: Engine) -> list[str]:
    with engine.connect() as connection:
        query = """SELECT t.title FROM playlist_tracks pt JOIN tracks t ON t.id = pt.track_id
                    WHERE removed_at IS NULL ORDER BY 1"""
        return list(connection.scalars(text(query)))


def test_saving_the_same_entries_again_changes_no_row_but_last_seen(engine: Engine) -> None:
    load(engine, [entry("one"), entry("two")])
    with engine.connect() as connection:
        before = contents(connection)
    with engine.begin() as connection:
        playlist_id = write.playlists.register_playlist(connection, "folder", PLAYLIST, LABEL, CRATE)
        save_entries(connection, [entry("one"), entry("two")])
        assert write.playlists.saw_unchanged(connection, playlist_id, "Drumcode", "v1")
        assert not write.playlists.saw_unchanged(connection, playlist_id, "Drumcode", "v2")
    with engine.connect() as connection:
        assert contents(connection) == before


def test_null_never_replaces_a_value_and_a_new_value_does(engine: Engine) -> None:
    load(engine, [entry("one", album="First", isrc="DEAR41234567", release_date="2021")])
    load(engine, [entry("one", album=None, isrc=None, release_date="2021-03-04")])
    with engine.connect() as connection:
        row = connection.execute(text("SELECT album, isrc, release_date FROM tracks")).one()
    assert tuple(row) == ("First", "DEAR41234567", "2021-03-04")


def test_membership_is_that_of_the_last_load_and_what_left_is_marked(engine: Engine) -> None:
    assert load(engine, [entry("one"), entry("two")]) == write.playlists.LoadCounts(2, 2, 0, 0)
    assert load(engine, [entry("two"), entry("three")]) == write.playlists.LoadCounts(2, 1, 1, 0)
    assert memberships(engine) == ["three", "two"]
    assert load(engine, [entry("one"), entry("two"), entry("three")]).added == 1
    assert memberships(engine) == ["one", "three", "two"]


def test_tracks_that_could_not_be_read_this_time_stay_members(engine: Engine) -> None:
    load(engine, [entry("one"), entry("two")])
    assert load(engine, [entry("one")], keep_absent=True).removed == 0
    assert memberships(engine) == ["one", "two"]


def test_one_track_in_playlists_of_two_labels_has_none(engine: Engine) -> None:
    load(engine, [entry("one"), entry("two")])
    load(engine, [entry("two")], playlist=OTHER_PLAYLIST, label=OTHER_LABEL)
    with engine.connect() as connection:
        rows = connection.execute(
            text(
                "SELECT title, label_id, ambiguous FROM track_labels JOIN tracks t ON t.id = track_id ORDER BY 1"
            )
        ).all()
        reasons = {row.reason: row.count for row in read.problems.problems(connection)}
    assert [tuple(row) for row in rows] == [("one", 1, False), ("two", None, True)]
    assert reasons["ambiguous"] == 1


def test_a_rejection_is_stored_once_and_resolved_by_a_load_without_it(engine: Engine) -> None:
    load(engine, [entry("one")], [BAD])
    load(engine, [entry("one")], [BAD])
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT reason, resolved_at FROM rejected_records")).all()
        assert [tuple(row) for row in rows] == [("empty", None)]
    load(engine, [entry("one")])
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT resolved_at IS NOT NULL FROM rejected_records"))


def test_a_moved_file_keeps_its_clip_under_the_new_path(engine: Engine) -> None:
    load(engine, [entry("one")])
    track, artists, (clip,) = entry("one")
    moved = clip | {"uri": "file:///crate/elsewhere.mp3", "modified_ns": 2}
    load(engine, [(track, artists, [moved])])
    with engine.connect() as connection:
        assert read.clips.known_files(connection, "folder") == {
            ("file:///crate/elsewhere.mp3", 1000, 2): "0" * 64
        }
        assert connection.scalar(text("SELECT count(*) FROM clips")) == 1


def test_a_folder_that_is_gone_loses_its_tracks_and_is_read_again_later(
    engine: Engine,
) -> None:
    load(engine, [entry("one")])
    load(engine, [entry("two")], playlist=OTHER_PLAYLIST, label=OTHER_LABEL)
    load(engine, [entry("three")], playlist=f"{CRATE}/nested/Drumcode", listed_by=f"{CRATE}/nested")
    for expected in (1, 0):
        with engine.begin() as connection:
            present = [("folder", OTHER_PLAYLIST)]
            assert write.playlists.close_absent_playlists(connection, CRATE, present) == expected
    assert memberships(engine) == ["three", "two"]
    with engine.begin() as connection:
        playlist_id = write.playlists.register_playlist(connection, "folder", PLAYLIST, LABEL, CRATE)
        assert not write.playlists.saw_unchanged(connection, playlist_id, "Drumcode", "v1")
    load(engine, [entry("one")])
    assert memberships(engine) == ["one", "three", "two"]


def test_the_rejections_of_a_folder_that_is_gone_are_resolved(engine: Engine) -> None:
    load(engine, [entry("one")], [BAD])
    load(engine, [entry("two")], [BAD], playlist=OTHER_PLAYLIST, label=OTHER_LABEL)
    with engine.begin() as connection:
        write.playlists.close_absent_playlists(connection, CRATE, [("folder", OTHER_PLAYLIST)])
    with engine.connect() as connection:
        assert {row.reason: row.count for row in read.problems.problems(connection)}["empty"] == 1
    load(engine, [entry("one")], [BAD])
    with engine.connect() as connection:
        assert {row.reason: row.count for row in read.problems.problems(connection)}["empty"] == 2


def test_the_providers_time_of_addition_is_stored(engine: Engine) -> None:
    long_ago = datetime(2016, 2, 3, 4, 5, 6, tzinfo=UTC)
    load(engine, [entry("one"), entry("two")], added_at={1: long_ago, 2: None})
    with engine.connect() as connection:
        times = connection.scalars(text("SELECT added_at FROM playlist_tracks ORDER BY track_id")).all()
    assert times[0] == long_ago and times[1].year >= 2026


def test_an_unreadable_playlist_keeps_its_tracks_and_has_a_reason(engine: Engine) -> None:
    load(engine, [entry("one")])
    with engine.begin() as connection:
        playlist_id = write.playlists.register_playlist(connection, "folder", PLAYLIST, LABEL, CRATE)
        write.playlists.set_playlist_status(connection, playlist_id, "forbidden", "It is not yours.")
    with engine.connect() as connection:
        (row,) = read.views.playlist_coverage(connection)
    assert (row.tracks, row.status, row.status_reason) == (1, "forbidden", "It is not yours.")
    with engine.begin() as connection:
        assert write.playlists.saw_unchanged(connection, playlist_id, "Drumcode", "v1")
    with engine.connect() as connection:
        assert read.views.playlist_coverage(connection)[0].status == "ok"


def test_the_same_recording_under_two_ids_in_two_labels_playlists_is_ambiguous(engine: Engine) -> None:
    load(engine, [entry("one", isrc="DEAR41234567"), entry("two")])
    load(engine, [entry("re-release", isrc="DEAR41234567")], playlist=OTHER_PLAYLIST, label=OTHER_LABEL)
    with engine.connect() as connection:
        query = "SELECT title, ambiguous FROM track_labels JOIN tracks t ON t.id = track_id ORDER BY 1"
        rows = [tuple(row) for row in connection.execute(text(query))]
    assert rows == [("one", True), ("re-release", True), ("two", False)]


def test_credits_follow_the_provider(engine: Engine) -> None:
    track, artists, clips = entry("one")
    load(engine, [(track, artists, clips)])
    load(engine, [(track, list(reversed(artists)), clips)])
    query = """SELECT name FROM track_artists JOIN artists a ON a.id = artist_id ORDER BY position"""
    with engine.connect() as connection:
        assert connection.scalars(text(query)).all() == ["Bob", "Ada"]
    load(engine, [(track, artists[1:], clips)])
    load(engine, [(track, [], clips)])
    with engine.connect() as connection:
        assert connection.scalars(text(query)).all() == ["Bob"]


def test_another_number_of_windows_replaces_the_clips(engine: Engine) -> None:
    def windows(*offsets: float) -> list[float]:
        track, artists, (clip,) = entry("long")
        load(
            engine,
            [entry("other"), (track, artists, [clip | {"offset_s": offset} for offset in offsets])],
        )
        query = (
            "SELECT offset_s FROM clips c JOIN tracks t ON t.id = track_id WHERE title = 'long' ORDER BY 1"
        )
        with engine.connect() as connection:
            return [float(offset) for offset in connection.scalars(text(query))]

    assert windows(10.123, 50.5, 90) == [10.123, 50.5, 90]
    assert windows(20, 50.5) == [20, 50.5]


def test_the_same_track_twice_in_a_batch_is_one_row(engine: Engine) -> None:
    load(engine, [entry("one"), entry("one")])
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM tracks")) == 1


def test_a_person_renames_a_label_and_a_folder_does_not(engine: Engine) -> None:
    def name_after(name: str, **options: bool) -> str:
        with engine.begin() as connection:
            write.playlists.register_playlist(
                connection, "folder", PLAYLIST, LABEL | {"name": name}, CRATE, **options
            )
            return str(connection.scalar(text("SELECT name FROM labels")))

    assert name_after("Drumcode") == "Drumcode"
    assert name_after("Drumcode Records", keep_name=False) == "Drumcode Records"
    assert name_after("drumcode") == "Drumcode Records"


def test_tracks_that_keep_failing_let_the_others_go_first(engine: Engine) -> None:
    load(engine, [(track, artists, []) for track, artists, _ in map(entry, ("one", "two", "three"))])
    failed = {
        "track_id": 1,
        "source": "own",
        "reason": "unreachable",
        "detail": "It is down.",
        "again": True,
        "doubtful": False,
        "version": None,
        "checked_at": datetime.now(UTC),
    }

    def waiting() -> list[int]:
        with engine.connect() as connection:
            return read.providers.tracks_without_audio(connection, ["own"], 30, None)

    assert waiting() == [1, 2, 3]
    for _ in range(9):  # an unreachable service is never final
        with engine.begin() as connection:
            save_not_found(connection, "audio", [failed])
    assert waiting() == [2, 3, 1]
    for _ in range(4):
        with engine.begin() as connection:
            save_not_found(connection, "audio", [failed | {"track_id": 2, "reason": "truncated"}])
    assert 2 in waiting()
    with engine.begin() as connection:  # the fifth mishap in a row with one preview
        save_not_found(connection, "audio", [failed | {"track_id": 2, "reason": "truncated"}])
    assert waiting() == [3, 1]
    for _ in range(9):  # a doubtful answer is final by another day alone
        with engine.begin() as connection:
            save_not_found(connection, "audio", [failed | {"reason": "wrong_type", "doubtful": True}])
    assert waiting() == [3, 1]
