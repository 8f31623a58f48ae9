"""A small crate, ready for a training."""

import pytest
from sqlalchemy import Engine, text

from db import write
from tests.db.trainings import FINGERPRINT_VERSION


@pytest.fixture
def crate(engine: Engine) -> Engine:
    """Two labels, and four tracks with a clip, a spectrogram, a fingerprint and a split each; one spectrogram config.

    Tracks 1 and 3 are of Kompakt, 2 and 4 of Drumcode; 1 and 2 are for training, 3 and 4 held out.
    """
    with engine.begin() as connection:
        connection.execute(
            text("""
                INSERT INTO labels (slug, name) VALUES ('drumcode', 'Drumcode'), ('kompakt', 'Kompakt');
                INSERT INTO tracks (provider, external_id, title)
                SELECT 'folder', 'sha256:' || n, 'track ' || n FROM generate_series(1, 4) n;
                INSERT INTO playlists (provider, external_id, label_id, name)
                SELECT 'folder', slug, id, name FROM labels;
                INSERT INTO playlist_tracks (playlist_id, track_id) SELECT 1 + id % 2, id FROM tracks;
                INSERT INTO clips (track_id, provider, uri, sha256, bytes, modified_ns,
                                   offset_s, duration_s)
                SELECT id, 'folder', 'file:///' || id, repeat('0', 64), 1, 1, 0, 30 FROM tracks;
            """)
        )
        config_id = write.clips.register_spectrogram_config(connection, "0123456789ab", {"n_mels": 128})
        rows = [
            {
                "clip_id": n,
                "config_id": config_id,
                "path": f"{n}.npy",
                "sha256": "1" * 64,
                "bytes": 1,
                "frames": 1292,
            }
            for n in range(1, 5)
        ]
        prints = [
            {"clip_id": n, "version": FINGERPRINT_VERSION, "landmarks": b"", "sketch": [n]}
            for n in range(1, 5)
        ]
        write.clips.save_extractions(connection, rows, [], prints, [])
        splits = [
            {
                "track_id": n,
                "group_key": f"title:{n}",
                "scheme": "title",
                "split": "train" if n < 3 else "holdout",
                "reason": "its group was dealt",
            }
            for n in range(1, 5)
        ]
        assert write.splits.save_splits(connection, splits) == 4
    return engine
