"""A crate as people really have it: good files in every format, and real music."""

import json
import os
from collections import Counter
from pathlib import Path

import mutagen
import numpy as np
import pytest
import soundfile as sf
from mutagen.aiff import AIFF
from mutagen.id3 import COMM, ID3, TALB, TCOP, TDRC, TIT2, TPE1, TPUB, TSRC, TXXX
from mutagen.wave import WAVE

from sources.files.crate import FolderSource
from sources.records import Entry, path_of
from tests.sources.encoded import encode
from tests.sources.files.crates import only_entry, only_rejection, read, write_tone


@pytest.mark.parametrize("ending", ["mp3", "ogg", "opus", "flac", "wav", "aiff", "aif", "MP3", "Flac"])
def test_every_format_is_read_with_its_tags(tmp_path: Path, ending: str) -> None:
    path = write_tone(tmp_path / "label" / f"file.{ending}")
    common = {"title": "Tïtle", "album": "Album", "isrc": "DEA122100001", "organization": "Imprint"}
    kind = ending.lower()
    if kind in ("mp3", "wav", "aiff", "aif"):
        frames = [
            TIT2(text="Tïtle"),
            TPE1(text=["One", "Two; Three"]),
            TALB(text="Album"),
            TSRC(text="DE-A12-21-00001"),
        ]
        frames += [TDRC(text="2021-03-04"), TPUB(text="Imprint"), TCOP(text="CC-BY-4.0")]
        frames += [COMM(lang="eng", desc="", text="hello"), TXXX(desc="CATALOGNUMBER", text="IMP001")]
        file = ID3() if kind == "mp3" else WAVE(path) if kind == "wav" else AIFF(path)
        if not isinstance(file, ID3):
            file.add_tags()
        for frame in frames:
            (file if isinstance(file, ID3) else file.tags).add(frame)
        file.save(path)
    else:
        file = mutagen.File(path)
        file.update(common | {"artist": ["One", "Two; Three"], "date": "2021-03-04", "license": "CC-BY-4.0"})
        file.update({"comment": "hello", "catalognumber": "IMP001"})
        file.save()

    entry = only_entry(tmp_path)
    track, (clip,) = entry.track, entry.clips
    assert (track.title, track.album, track.isrc, track.release_date) == (
        "Tïtle",
        "Album",
        "DEA122100001",
        "2021-03-04",
    )
    assert [(artist.external_id, artist.name) for artist in track.artists] == [
        ("one", "One"),
        ("two", "Two"),
        ("three", "Three"),
    ]
    assert track.duration_s == pytest.approx(1.0, abs=0.1)
    assert track.raw["tags"]["organization"] == ["Imprint"]
    assert track.raw["tags"]["comment"] == ["hello"]
    assert track.raw["tags"]["catalognumber"] == ["IMP001"]
    assert track.raw["path"] == f"label/file.{ending}"
    assert track.raw["audio"]["channels"] == 1
    json.dumps(track.raw)
    assert clip.file.licence == "CC-BY-4.0"
    assert (clip.offset_s, clip.duration_s) == (0.0, track.duration_s)
    assert track.external_id == f"sha256:{clip.file.sha256}"
    assert path_of(clip.file.uri) == path
    assert clip.file.bytes == path.stat().st_size


def test_without_tags_the_name_speaks(tmp_path: Path) -> None:
    write_tone(tmp_path / "label" / "03 Artist - Title.mp3")
    track = only_entry(tmp_path).track
    assert (track.title, [artist.name for artist in track.artists]) == ("Title", ["Artist"])


def test_the_info_chunk_of_a_wav_counts_as_tags(tmp_path: Path) -> None:
    path = tmp_path / "label" / "x.wav"
    path.parent.mkdir()
    with sf.SoundFile(path, "w", 44_100, 1) as file:
        file.title, file.artist = "From Info", "Somebody"
        file.write(np.zeros(44_100))
    track = only_entry(tmp_path).track
    assert (track.title, [artist.name for artist in track.artists]) == ("From Info", ["Somebody"])


@pytest.mark.parametrize(
    "ending", ["m4a", "alac.m4a", "mov", "wma", "wv", "tta", "mp2", "oga", "mka", "webm"]
)
def test_formats_of_ffmpeg_are_tracks(tmp_path: Path, ending: str) -> None:
    tags = {} if ending == "mp2" else {"title": "From tags", "artist": "Somebody", "date": "2021"}
    encode(tmp_path / "label" / f"Somebody - From name.{ending}", **tags)
    track = only_entry(tmp_path).track
    if tags:
        assert (track.title, track.release_date) == ("From tags", "2021")
    assert [artist.name for artist in track.artists] == ["Somebody"]
    assert track.duration_s == pytest.approx(0.5, abs=0.05)
    assert not track.raw["tags"].keys() & {"encoder", "major_brand", "handler_name", "duration"}


def test_a_name_without_an_ending_keeps_what_follows_a_dot(tmp_path: Path) -> None:
    encode(tmp_path / "label" / "sound.flac").rename(tmp_path / "label" / "Artist - Title, Vol. 2")
    assert only_entry(tmp_path).track.title == "Title, Vol. 2"


def test_damaged_tags_do_not_cost_the_track(tmp_path: Path) -> None:
    path = write_tone(tmp_path / "label" / "Artist - Title.mp3")
    audio = path.read_bytes()
    path.write_bytes(b"ID3\x04\x00\x00\x00\x00\x00\x20" + b"TIT2\x7f\x7f\x7f\x7f\0\0\xff" + bytes(21) + audio)
    assert only_entry(tmp_path).track.title == "Title"


def test_a_long_file_is_cut_into_windows_that_share_one_file(tmp_path: Path) -> None:
    write_tone(tmp_path / "label" / "set.flac", duration_s=100)
    (result,) = read(FolderSource(tmp_path, windows=2))
    assert isinstance(result, Entry)
    assert [(clip.offset_s, clip.duration_s) for clip in result.clips] == [(10.0, 30.0), (60.0, 30.0)]
    assert (
        len(
            {
                (clip.file.uri, clip.file.sha256, clip.file.bytes, clip.file.modified_ns)
                for clip in result.clips
            }
        )
        == 1
    )


def test_file_names_need_not_be_text(tmp_path: Path) -> None:
    for index, name in enumerate([b"caf\xe9.mp3", "🎛️ Ω.flac".encode(), b"new\nline.ogg"]):
        write_tone(tmp_path / "label" / os.fsdecode(name), frequency_hz=200 + index)
    results = read(FolderSource(tmp_path))
    assert [result.track.title for result in results if isinstance(result, Entry)] == [
        "caf\\xe9",
        "new line",
        "🎛️ Ω",
    ]
    for result in results:
        assert isinstance(result, Entry)
        assert path_of(result.clips[0].file.uri).exists()


# Content is identity


def test_the_same_file_under_two_labels_is_one_track(tmp_path: Path) -> None:
    path = write_tone(tmp_path / "one" / "a.flac")
    (tmp_path / "two").mkdir()
    (tmp_path / "two" / "renamed.flac").write_bytes(path.read_bytes())
    first, second = read(FolderSource(tmp_path))
    assert isinstance(first, Entry)
    assert isinstance(second, Entry)
    assert first.track.external_id == second.track.external_id


def test_the_same_file_twice_under_one_label_counts_once(tmp_path: Path) -> None:
    path = write_tone(tmp_path / "label" / "a.flac")
    (tmp_path / "label" / "b.flac").write_bytes(path.read_bytes())
    rejection = only_rejection(tmp_path)
    assert rejection.reason == "duplicate"
    assert rejection.detail == "label/b.flac has the same bytes as label/a.flac; remove one of the two."


def test_a_known_file_is_not_hashed_again(tmp_path: Path) -> None:
    write_tone(tmp_path / "label" / "a.flac")
    clip = only_entry(tmp_path).clips[0]
    (result,) = read(
        FolderSource(tmp_path), {(clip.file.uri, clip.file.bytes, clip.file.modified_ns): "f" * 64}
    )
    assert isinstance(result, Entry)
    assert result.clips[0].file.sha256 == "f" * 64  # taken at its word


def test_the_corpus_of_real_clips(corpus: Path) -> None:
    source = FolderSource(corpus)
    playlists = source.playlists()
    assert [playlist.label.slug for playlist in playlists] == [
        "colobot",
        "marsshooter",
        "nexuiz",
        "singularity",
        "warzone2100",
    ]
    results = [(playlist, result) for playlist in playlists for result in source.entries(playlist, {})]
    assert Counter(type(result).__name__ for _, result in results) == {"Entry": 318}
    for playlist, result in results:
        assert isinstance(result, Entry)
        assert result.track.artists or result.track.raw["tags"]["artist"] == ["Unknown"]
        assert result.track.album
        assert result.track.raw["tags"]["organization"] == [playlist.label.slug]
        assert [(clip.offset_s, clip.duration_s) for clip in result.clips] == [
            (0.0, pytest.approx(30.0, abs=0.1))
        ]
        assert result.clips[0].file.licence
    assert len({result.track.external_id for _, result in results if isinstance(result, Entry)}) == 318
