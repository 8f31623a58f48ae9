"""Splits of tracks, tracks without one, and clips of the same recording."""

from typing import Any

from sqlalchemy import Engine, text

from db import read, write
from tests.db.trainings import ALLOWED, FINGERPRINT_VERSION, train


def place(track_id: int, split: str) -> dict[str, Any]:
    about = {"group_key": f"title:{track_id}", "scheme": "title", "reason": "ties groups of two sides"}
    return {**about, "track_id": track_id, "split": split}


def unplace(engine: Engine, *track_ids: int) -> None:
    with engine.begin() as connection:
        delete = text("DELETE FROM track_splits WHERE track_id = ANY(:tracks)")
        connection.execute(delete, {"tracks": list(track_ids)})


def test_the_first_split_stays(crate: Engine) -> None:
    unplace(crate, 4)
    with crate.begin() as connection:
        assert write.splits.save_splits(connection, [place(n, "validation") for n in range(1, 5)]) == 1
        assert write.splits.save_splits(connection, []) == 0
        sides = [row.split for row in read.splits.tracks_with_split(connection)]
    assert sides == ["train", "train", "holdout", "validation"]


def test_a_track_gets_its_split_after_its_fingerprint(crate: Engine) -> None:
    unplace(crate, 3, 4)
    with crate.begin() as connection:
        connection.execute(text("DELETE FROM fingerprints WHERE clip_id = 4"))
        connection.execute(
            text("INSERT INTO artists (provider, external_id, name) VALUES ('folder', 'ada', 'Ada')")
        )
        connection.execute(text("INSERT INTO track_artists (track_id, artist_id, position) VALUES (3, 1, 0)"))
        [new] = read.splits.tracks_without_split(connection, 1, ALLOWED)
        assert tuple(new) == (3, "Kompakt", "track 3", None, ["Ada"], None)
        assert read.splits.tracks_without_split(connection, 1, ["deezer"]) == []
        assert [clip.track_id for clip in read.clips.usable_clips(connection, 1, ALLOWED)] == [1, 2]
        write.splits.save_splits(connection, [place(3, "holdout")])
        [*_, clip] = read.clips.usable_clips(connection, 1, ALLOWED)
    assert (clip.track_id, clip.split, clip.group_key, clip.scheme) == (3, "holdout", "title:3", "title")


def test_an_excluded_track_is_in_no_training_and_has_a_reason(crate: Engine) -> None:
    unplace(crate, 3)
    train(crate)
    with crate.begin() as connection:
        connection.execute(text("DELETE FROM training_run_tracks WHERE track_id = 3"))
        write.splits.save_splits(connection, [place(3, "excluded")])
        assert [clip.track_id for clip in read.clips.usable_clips(connection, 1, ALLOWED)] == [1, 2, 4]
        assert read.learning.count_new_tracks(connection, 1, 1, ALLOWED) == (0, 3)
        assert read.splits.tracks_without_split(connection, 1, ALLOWED) == []
        examples = {row.reason: row.example for row in read.problems.problems(connection)}
    assert examples["excluded"] == "A track is kept out of training: ties groups of two sides."


def test_a_label_is_trainable_with_tracks_in_both_splits(crate: Engine) -> None:
    train(crate)
    unplace(crate, 3)
    with crate.begin() as connection:
        connection.execute(text("DELETE FROM training_run_tracks"))
        assert read.splits.trainable_labels(connection, 1, ALLOWED) == [1]
        assert read.learning.count_new_tracks(connection, 1, 1, ALLOWED) == (2, 0)
        write.splits.save_splits(connection, [place(3, "holdout")])
        assert read.splits.trainable_labels(connection, 1, ALLOWED) == [1, 2]
        assert read.learning.count_new_tracks(connection, 1, 1, ALLOWED) == (4, 0)


def test_a_track_without_its_label_keeps_its_split(crate: Engine) -> None:
    with crate.begin() as connection:
        connection.execute(text("UPDATE playlist_tracks SET removed_at = now() WHERE track_id = 2"))
        rows = [(row.track_id, row.label) for row in read.splits.tracks_with_split(connection)]
    assert rows == [(1, "Kompakt"), (2, None), (3, "Kompakt"), (4, "Drumcode")]


def test_clips_whose_sketches_overlap_are_candidates_found_by_an_index(crate: Engine) -> None:
    def fingerprint(
        clip_id: int, sketch: list[int], version: int = FINGERPRINT_VERSION + 1
    ) -> dict[str, Any]:
        return {"clip_id": clip_id, "version": version, "landmarks": bytes([clip_id]), "sketch": sketch}

    far = -(2**63)
    with crate.begin() as connection:
        prints = [
            fingerprint(1, [far, 8]),
            fingerprint(2, [8, 9]),
            fingerprint(3, [9, 10]),
            fingerprint(4, [far], version=99),
        ]
        write.clips.save_extractions(connection, [], [], prints, [])
        pairs = [tuple(row) for row in read.splits.fingerprint_candidates(connection, [1, 3])]
        assert pairs == [(1, 1, 2, 2), (3, 3, 2, 2)]
        assert [tuple(row) for row in read.splits.fingerprints(connection, [1, 99])] == [(1, b"\x01")]
        connection.execute(text("SET LOCAL enable_seqscan = off"))
        plan = connection.scalars(
            text("EXPLAIN SELECT 1 FROM fingerprints f JOIN fingerprints o ON o.sketch && f.sketch")
        ).all()
    assert any("ix_fingerprints_sketch" in line for line in plan)


def test_a_track_gets_its_split_after_the_extraction_of_all_clips(crate: Engine) -> None:
    unplace(crate, 3)
    with crate.begin() as connection:
        connection.execute(
            text("""
                INSERT INTO clips (track_id, provider, uri, sha256, bytes, modified_ns, offset_s,
                                   duration_s)
                SELECT track_id, provider, uri, sha256, bytes, modified_ns, 30, duration_s
                  FROM clips WHERE id = 3
            """)
        )
        assert read.splits.tracks_without_split(connection, 1, ALLOWED) == []
        connection.execute(text("UPDATE clips SET status = 'too_short' WHERE status = 'new'"))
        assert [row.track_id for row in read.splits.tracks_without_split(connection, 1, ALLOWED)] == [3]
