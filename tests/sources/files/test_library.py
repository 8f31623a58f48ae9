"""Files of the user's own, found for tracks by ISRC or by artist, title and length."""

import hashlib
import os
import threading
from pathlib import Path

import mutagen
import numpy as np
import pytest
import soundfile as sf
from mutagen.id3 import ID3, TCOP, TIT2, TPE1, TSRC

from sources.files import library as library_module
from sources.files.library import Library, LibraryFile, UnreadableMatchError

ISRC = "DEA122100001"
RATE = 8_000


def write(path: Path, seconds: float = 10.0, **tags: str) -> Path:
    """Silence of that length with these tags."""
    path.parent.mkdir(parents=True, exist_ok=True)
    samples = np.zeros(round(seconds * RATE))
    kind = path.suffix[1:].upper()
    with path.open("wb") as out:  # by descriptor, as libsndfile cannot open every name
        sf.write(out, samples, RATE, format="MP3" if kind == "MP3" else kind)
    if kind == "MP3":
        frames = {"title": TIT2, "artist": TPE1, "isrc": TSRC, "copyright": TCOP}
        id3 = ID3()
        for name, value in tags.items():
            id3.add(frames[name](text=value))
        id3.save(path)
    elif tags:
        file = mutagen.File(path)
        file.update(tags)
        file.save()
    return path


def find(
    folder: Path,
    isrc: str | None = None,
    title: str = "Losing It",
    artists: tuple[str, ...] = ("Fisher",),
    duration_s: float | None = 10.0,
) -> LibraryFile | None:
    return Library(folder).find(isrc, title, artists, duration_s)


def found(folder: Path, **wanted: object) -> str | None:
    """The name of the file that is found."""
    file = find(folder, **wanted)  # type: ignore[arg-type]
    return file.path.name if file else None


@pytest.mark.parametrize("ending", ["mp3", "flac", "ogg"])
def test_by_isrc_whatever_else_the_tags_say(tmp_path: Path, ending: str) -> None:
    path = write(tmp_path / "a" / f"x.{ending}", 33, isrc="DE-A12-21-00001", title="Other", artist="Other")
    file = find(tmp_path, isrc=ISRC)
    assert file is not None
    assert (file.path, file.bytes) == (path, path.stat().st_size)
    assert file.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert file.modified_ns == path.stat().st_mtime_ns
    assert file.duration_s == pytest.approx(33, abs=0.3)
    assert found(tmp_path, isrc="DEA122100002") is None
    assert found(tmp_path, isrc=None) is None
    assert found(tmp_path, isrc=ISRC, duration_s=None) == path.name


def test_by_artist_title_and_length(tmp_path: Path) -> None:
    write(tmp_path / "a.flac", title="LOSING IT (Original Mix)", artist="FISHER", copyright="CC-BY")
    write(tmp_path / "b.flac", title="Losing It (Somebody Remix)", artist="Fisher")
    write(tmp_path / "c.flac", title="Losing It", artist="Another")
    file = find(tmp_path)
    assert file is not None
    assert (file.path.name, file.licence) == ("a.flac", "CC-BY")
    assert found(tmp_path, title="Losing It - Somebody Remix") == "b.flac"
    assert found(tmp_path, artists=("Nobody", "Another")) == "c.flac"
    assert found(tmp_path, artists=("Nobody",)) is None
    assert found(tmp_path, artists=()) is None
    assert found(tmp_path, duration_s=13.0) == "a.flac"
    assert found(tmp_path, duration_s=13.2) is None
    assert found(tmp_path, duration_s=None) is None


def test_the_nearest_length_wins_then_the_first_path(tmp_path: Path) -> None:
    for name, seconds in {"a": 12.0, "b": 10.5, "d": 9.5, "c": 10.5}.items():
        write(tmp_path / f"{name}.flac", seconds, title="Losing It", artist="Fisher", isrc=ISRC)
    assert found(tmp_path) == "b.flac"
    assert found(tmp_path, isrc=ISRC, duration_s=12.5) == "a.flac"
    assert found(tmp_path, duration_s=8.0) == "d.flac"


def test_isrc_goes_before_the_name(tmp_path: Path) -> None:
    write(tmp_path / "a.flac", title="Losing It", artist="Fisher")
    write(tmp_path / "b.flac", 40, title="Untitled", isrc=ISRC)
    assert found(tmp_path, isrc=ISRC) == "b.flac"


def test_a_name_speaks_where_there_are_no_tags(tmp_path: Path) -> None:
    write(tmp_path / "01 Fisher - Losing It.wav")
    assert found(tmp_path) == "01 Fisher - Losing It.wav"


def test_the_info_chunk_of_a_wav_counts_as_tags(tmp_path: Path) -> None:
    with sf.SoundFile(tmp_path / "x.wav", "w", RATE, 1) as file:
        file.title, file.artist = "Losing It", "Fisher"
        file.write(np.zeros(10 * RATE))
    assert found(tmp_path) == "x.wav"


def test_names_that_are_no_text(tmp_path: Path) -> None:
    path = write(tmp_path / os.fsdecode(b"caf\xe9.flac"), title="Losing It", artist="Fisher")
    file = find(tmp_path)
    assert file is not None
    assert file.path == path


def test_only_files_that_fit_are_decoded_or_hashed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(5):
        write(tmp_path / f"{number}.flac", title=f"Title {number}", artist="Fisher")
    probed: list[str] = []
    probe = library_module.probe
    monkeypatch.setattr(library_module, "probe", lambda path: probed.append(path.name) or probe(path))
    library = Library(tmp_path)
    assert library.find(None, "Title 3", ["Fisher"], 10.0)
    assert library.find(None, "Title 9", ["Fisher"], 10.0) is None
    assert probed == ["3.flac"]


def test_eight_threads_index_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(8):
        write(tmp_path / f"{number}.flac", title=f"Title {number}", artist="Fisher")
    read: list[object] = []
    read_tags = library_module.read_tags
    monkeypatch.setattr(library_module, "read_tags", lambda file: read.append(file) or read_tags(file))
    library = Library(tmp_path)
    names: list[str] = []

    def ask(number: int) -> None:
        file = library.find(None, f"Title {number}", ["Fisher"], 10.0)
        assert file is not None
        names.append(file.path.name)

    threads = [threading.Thread(target=ask, args=[number]) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(names) == [f"{number}.flac" for number in range(8)]
    assert len(read) == 8


def test_the_version_changes_with_the_files(tmp_path: Path) -> None:
    versions = [Library(tmp_path / "gone").version, Library(tmp_path).version]
    path = write(tmp_path / "a.flac")
    versions.append(Library(tmp_path).version)
    assert Library(tmp_path).version == versions[-1]
    path.write_bytes(path.read_bytes() + b"x")
    versions.append(Library(tmp_path).version)
    path.rename(tmp_path / "b.flac")
    versions.append(Library(tmp_path).version)
    assert len(set(versions)) == 5


# Files that cannot be used


def problem(folder: Path, **wanted: object) -> UnreadableMatchError:
    with pytest.raises(UnreadableMatchError) as caught:
        find(folder, **wanted)  # type: ignore[arg-type]
    assert str(caught.value).endswith(".")
    return caught.value


def test_a_file_that_fits_and_is_no_audio_is_named(tmp_path: Path) -> None:
    (tmp_path / "Fisher - Losing It.m4a").write_bytes(bytes(5000))
    error = problem(tmp_path)
    assert (error.reason, error.again) == ("not_audio", False)
    assert "Fisher - Losing It.m4a" in str(error)
    write(tmp_path / "other.flac", title="Losing It", artist="Fisher")
    assert found(tmp_path) == "other.flac"  # one that can be read makes up for it


def test_a_file_that_vanished_or_changed_passes(tmp_path: Path) -> None:
    path = write(tmp_path / "a.flac", title="Losing It", artist="Fisher")
    library = Library(tmp_path)
    assert library.find(None, "Losing It", ["Fisher"], 10.0)
    os.utime(path, ns=(1, 1))
    with pytest.raises(UnreadableMatchError) as changed:
        library.find(None, "Losing It", ["Fisher"], 10.0)
    path.unlink()
    with pytest.raises(UnreadableMatchError) as vanished:
        library.find(None, "Losing It", ["Fisher"], 10.0)
    assert (changed.value.reason, changed.value.again) == ("changed", True)
    assert (vanished.value.reason, vanished.value.again) == ("vanished", True)


def test_what_does_not_fit_harms_nobody(tmp_path: Path) -> None:
    (tmp_path / "empty.mp3").touch()
    (tmp_path / "page.mp3").write_bytes(b"<html>" * 500)
    (tmp_path / "dead.flac").symlink_to(tmp_path / "nowhere.flac")
    os.mkfifo(tmp_path / "pipe.mp3")
    write(tmp_path / "good.flac", title="Losing It", artist="Fisher")
    assert found(tmp_path) == "good.flac"
