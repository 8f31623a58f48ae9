"""Synthetic labels: reproducible, audible, varied, and never to be taken for real ones."""

from pathlib import Path

import numpy as np
import pytest
import soundfile as sf

from sources.records import Entry
from sources.synth.crate import LABELS, LONG_S, plan_crate, render_crate, synth_source, write_song
from sources.synth.recipes import RECIPES
from sources.synth.tracks import render_track


@pytest.mark.parametrize("label", list(RECIPES))
def test_a_track_is_sound_without_clipping(label: str) -> None:
    for artist in range(2):
        sound = render_track(label, artist, 0, seed=1, duration_s=8.0)
        assert sound.dtype == np.float32
        assert sound.shape == (8 * 44_100,)
        assert np.isfinite(sound).all()
        assert 20 * np.log10(np.abs(sound).max()) == pytest.approx(-1, abs=0.01)
        assert np.sqrt(np.mean(sound**2)) > 0.08  # music, not clicks
        assert abs(float(sound.mean())) < 0.02


def test_a_track_depends_on_its_arguments_alone() -> None:
    def sound(label: str = "glass-thimble", artist: int = 0, number: int = 0, seed: int = 1) -> bytes:
        return render_track(label, artist, number, seed, duration_s=2.0).tobytes()

    assert sound() == sound()
    others = [sound(label="wobbly-ladder"), sound(artist=1), sound(number=1), sound(seed=2)]
    assert len({sound(), *others}) == 5


def test_every_label_has_a_recipe_and_says_that_it_is_synthetic() -> None:
    assert list(LABELS) == list(RECIPES)
    assert len(LABELS) == 5
    for slug, label in LABELS.items():
        assert label.slug == slug
        assert label.synthetic
        assert "(synthetic)" in label.name
        assert "Synthetic" in label.description


def test_a_crate_is_rendered_once_and_the_same_each_time(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    assert render_crate(first, seed=3, tracks_per_label=1, duration_s=2.0) == 5
    assert render_crate(first, seed=3, tracks_per_label=1, duration_s=2.0) == 0
    render_crate(second, seed=3, tracks_per_label=1, duration_s=2.0)
    files = sorted(path.relative_to(first) for path in first.rglob("*.flac"))
    assert len(files) == 5
    for file in files:
        assert (first / file).read_bytes() == (second / file).read_bytes()
    assert not [path for path in first.rglob("*") if path.name.startswith(".")]


def test_a_crate_is_read_as_a_source(tmp_path: Path) -> None:
    render_crate(tmp_path, tracks_per_label=4, artists_per_label=2, duration_s=1.0)
    source = synth_source(tmp_path)
    assert source.provider == "synth"
    playlists = source.playlists()
    assert [playlist.label for playlist in playlists] == sorted(LABELS.values(), key=lambda label: label.slug)
    for playlist in playlists:
        entries = list(source.entries(playlist, {}))
        assert len(entries) == 4
        artists = set()
        for entry in entries:
            assert isinstance(entry, Entry)
            track = entry.track
            assert "synthetic" in track.title
            assert all("synthetic" in artist.name for artist in track.artists)
            assert "synthetic" in (track.album or "")
            assert "Synthetic" in track.raw["tags"]["comment"][0]
            assert {clip.file.licence for clip in entry.clips} == {"CC0-1.0, synthetic"}
            assert track.provider == "synth"
            artists.update(track.artists)
        assert len(artists) == 2


def test_one_song_a_label_is_long_enough_to_be_cut(tmp_path: Path) -> None:
    songs = plan_crate(tracks_per_label=24)
    assert len(songs) == 120
    long = [song for song in songs if song.duration_s == LONG_S]
    assert [song.label for song in long] == list(LABELS)
    assert write_song(long[0], tmp_path)
    assert sf.info(tmp_path / long[0].label / long[0].file_name).duration == LONG_S


def test_no_song_is_planned_twice() -> None:
    songs = plan_crate(tracks_per_label=24, artists_per_label=6)
    assert len({(song.label, song.file_name) for song in songs}) == len(songs)
    assert len({(song.label, song.artist_name) for song in songs}) == 30


@pytest.mark.parametrize(
    "arguments", [{"seed": -1}, {"tracks_per_label": 0}, {"artists_per_label": 0}, {"duration_s": 0.0}]
)
def test_a_crate_of_nothing_is_refused(arguments: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="A synthetic crate needs"):
        plan_crate(**arguments)  # type: ignore[arg-type]
