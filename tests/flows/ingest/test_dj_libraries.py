"""An ingest of labels.toml with playlists of M3U, Rekordbox and Traktor."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
from sqlalchemy import Engine

from tests.flows.inspection import rows
from tests.sources.djlibraries.libraries import (
    playlist,
    rekordbox,
    rekordbox_uri,
    traktor,
    traktor_playlist,
)

LABELS = """
[[label]]
name = "One"
playlists = ["m3u:one.m3u8", "folder:crate/{first}"]
[[label]]
name = "Two"
playlists = ["rekordbox:r.xml#Two"]
[[label]]
name = "Three"
playlists = ["traktor:c.nml#Three"]
[[label]]
name = "Four"
playlists = ["traktor:c.nml#Thre"]
[paths]
"D:/Music" = "crate"
"""


def test_labels_from_three_dj_programs(
    flows: SimpleNamespace,
    own_database: str,
    engine: Engine,
    crate: Callable[[int], Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folders = sorted(crate(3).iterdir())
    files = [sorted(folder.glob("*.flac")) for folder in folders]
    (tmp_path / "one.m3u8").write_text("\n".join([*map(str, files[0]), "gone.mp3"]))
    locations = [rekordbox_uri(str(path)) for path in files[1]]
    two = playlist("Two", *range(1, len(locations) + 1))
    (tmp_path / "r.xml").write_text(rekordbox(locations, two))
    entries = [("D:", f"/:Music/:{folders[2].name}/:", path.name) for path in files[2]]
    three = traktor_playlist("Three", *("".join(entry) for entry in entries))
    (tmp_path / "c.nml").write_text(traktor(entries, three))
    (tmp_path / "labels.toml").write_text(LABELS.format(first=folders[0].name))
    monkeypatch.setenv("LABELSCOPE_LABELS", str(tmp_path / "labels.toml"))

    first = flows.ingest()
    number = len(files[0])
    assert first.rejected == 1
    assert len(first.problems) == 1 and "has no playlist 'Thre'; write 'Three'." in first.problems[0]
    members = """SELECT l.name, count(DISTINCT t.id) FROM labels l JOIN playlists p ON p.label_id = l.id
                   JOIN playlist_tracks m ON m.playlist_id = p.id JOIN tracks t ON t.id = m.track_id
                  WHERE m.removed_at IS NULL GROUP BY l.name ORDER BY l.name"""
    # The same files in a folder and in an M3U are the same tracks.
    assert rows(engine, members) == [("One", number), ("Three", len(files[2])), ("Two", len(files[1]))]
    assert rows(engine, "SELECT DISTINCT provider FROM clips") == [("folder",)]
    assert flows.ingest().unchanged == 4
    assert flows.extract().ready >= 3 * number
    (tmp_path / "one.m3u8").write_text(str(files[0][0]))
    assert flows.ingest().tracks == 1
