"""A track in a folder of music files, found by its tags."""

from hashlib import sha256

from sources.files.library import Library
from sources.previews.finders import (
    OWN_LICENCE,
    Found,
    LibraryMatches,
)
from tests.sources.previews.outcomes import missing, put


def test_a_file_of_ones_own_is_read_where_it_is(library, wanted, tmp_path) -> None:
    asked = wanted("no_isrc", duration_s=100.0)
    path = put(library, asked, 101)
    outcome = LibraryMatches(Library(library), 2).find(asked, tmp_path)
    assert isinstance(outcome, Found)
    assert (outcome.source, outcome.reference, outcome.file) == ("library", path.as_uri(), None)
    assert [(clip.offset_s, clip.duration_s) for clip in outcome.clips] == [(10.25, 30.0), (60.75, 30.0)]
    for clip in outcome.clips:
        assert (clip.file.provider, clip.file.uri, clip.file.licence) == (
            "library",
            path.as_uri(),
            OWN_LICENCE,
        )
        assert clip.file.sha256 == sha256(path.read_bytes()).hexdigest()
    assert path.exists()


def test_the_licence_of_a_file_is_what_its_tags_say(library, wanted, tmp_path) -> None:
    put(library, asked := wanted("no_isrc", duration_s=5.0), 5, license="CC-BY-4.0")
    outcome = LibraryMatches(Library(library)).find(asked, tmp_path)
    assert isinstance(outcome, Found)
    assert outcome.clips[0].file.licence == "CC-BY-4.0"


def test_not_in_the_library(library, wanted, tmp_path) -> None:
    asked = wanted("no_isrc", duration_s=100.0)
    finder = LibraryMatches(Library(library))
    assert missing(finder.find(asked, tmp_path)) == ("not_in_library", False)
    (library / f"{asked.artists[0]} - {asked.title}.mp3").write_bytes(bytes(5000))
    assert missing(LibraryMatches(Library(library)).find(asked, tmp_path)) == ("not_audio", False)
    assert missing(LibraryMatches(Library(library / "gone")).find(asked, tmp_path)) == ("no_folder", True)
