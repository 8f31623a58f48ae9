"""A crate over its life: sixty files, ten more, five fewer, a move, a copy, forgotten, and back."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile as sf

from sources.synth.crate import Song, plan_crate, write_song
from tests.operations.kept_up import LABELSCOPE

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

LABELS = ("glass-thimble", "harbour-echo-bureau", "rumble-foundry")
MISFILED_IN = LABELS[0]
SETTINGS = {
    "LABELSCOPE_HYPERPARAMETERS": '{"members": 1, "epochs": 30}',
    "LABELSCOPE_RETRAIN_NEW_TRACKS": "1000",
}


@dataclass(frozen=True)
class Home:
    """A home and its crate; each call is a process of its own."""

    folder: Path
    crate: Path

    def labelscope(self, *arguments: str | Path, expect: int = 0) -> str:
        """Output and errors of a command."""
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT")}
        environment = inherited | SETTINGS | {"LABELSCOPE_HOME": str(self.folder)}
        ended = subprocess.run(
            [LABELSCOPE, *arguments], env=environment, capture_output=True, text=True, check=False
        )
        assert ended.returncode == expect, ended.stdout + ended.stderr
        return ended.stdout + ended.stderr

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        return [tuple(row.values()) for row in json.loads(self.labelscope("sql", query, "--format", "json"))]

    def status(self) -> Any:
        return json.loads(self.labelscope("status", "--json"))

    def check(self, tracks: int, problems: dict[str, int]) -> None:
        """Counts, complaints, coverage, views and report agree on the number of tracks."""
        status = self.status()
        assert (status["counts"]["tracks"], status["counts"]["playlists"]) == (tracks, 3 if tracks else 0)
        assert {problem["reason"]: problem["count"] for problem in status["problems"]} == problems
        assert sum(playlist["tracks"] for playlist in status["coverage"]) == tracks
        scored = tracks - sum(problems.values())
        assert self.rows("SELECT count(*) FROM track_predictions") == [(scored,)]
        assert self.rows("SELECT count(DISTINCT track_id) FROM track_scores") == [(scored,)]
        report = self.folder / "report.html"
        self.labelscope("report", report)
        page = report.read_text()
        assert ("Nothing has come in yet" in page) == (not tracks)
        assert not tracks or re.search(rf"of {tracks}\W{{1,6}}tracks in 3", page)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """Sixty files of three labels, two of them in the folder of another label; a damaged and a silent one."""
    folder = tmp_path_factory.mktemp("life")
    crate = folder / "crate"
    songs = [
        song
        for song in plan_crate(tracks_per_label=20, artists_per_label=5, duration_s=12.0)
        if song.label in LABELS
    ]
    for song in songs:
        write_song(song, crate)
    for song in (songs[0], songs[1]):
        (crate / song.label / song.file_name).rename(crate / MISFILED_IN / f"misfiled {song.file_name}")
    damaged = crate / LABELS[1] / "damaged.flac"
    damaged.write_bytes(next((crate / LABELS[1]).glob("*.flac")).read_bytes()[:60_000])
    sf.write(crate / LABELS[1] / "silent.flac", np.zeros(22_050 * 12), 22_050)
    yield Home(folder / "home", crate)


def added_songs() -> list[Song]:
    songs = plan_crate(seed=2, tracks_per_label=10, artists_per_label=5, duration_s=12.0)
    return [song for song in songs if song.label == LABELS[2]]


def test_counts_and_views_follow_a_crate_through_its_life(home: Home) -> None:
    crate = home.crate
    home.labelscope("run", crate)
    home.check(62, {"truncated": 1, "silent": 1})
    suspects = [Path(path).name for (path,) in home.rows("SELECT path FROM suspected_mislabelled")]
    assert sum(name.startswith("misfiled") for name in suspects) == 2, suspects

    for song in added_songs():
        write_song(song, crate)
    names = home.labelscope("run", crate)
    assert [song.title for song in added_songs() if song.title not in names] == [], names
    home.check(72, {"truncated": 1, "silent": 1})

    folder = crate / LABELS[1]
    for path in (*sorted(folder.glob("seed*"))[:5], folder / "damaged.flac", folder / "silent.flac"):
        path.unlink()
    home.labelscope("run", crate)
    before = home.rows("SELECT track_id, label, predicted FROM track_predictions ORDER BY 1")
    home.check(65, {})
    removed = [Path(path).name for (path,) in home.rows("SELECT path FROM removed_tracks")]
    assert "silent.flac" in removed

    moved = crate.rename(crate.with_name("moved"))
    assert f"it was at {crate} before" in home.labelscope("run", moved)
    assert home.rows("SELECT track_id, label, predicted FROM track_predictions ORDER BY 1") == before
    assert {Path(path).parent.parent for (path,) in home.rows("SELECT path FROM track_predictions")} == {
        moved
    }
    assert [row["path"] for row in json.loads(home.labelscope("crates", "--format", "json"))] == [str(moved)]
    home.check(len(before), {})

    copy = crate.with_name("a copy")
    shutil.copytree(moved, copy)
    question = home.labelscope("run", copy, expect=1)
    assert f"crates move {moved} '{copy}'" in question
    assert f"crates forget {moved}" in question
    home.check(len(before), {})

    home.labelscope("crates", "forget", moved)
    home.check(0, {})
    home.labelscope("run", moved)
    assert home.rows("SELECT track_id, label, predicted FROM track_predictions ORDER BY 1") == before
    home.check(len(before), {})
