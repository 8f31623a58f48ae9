"""Any bytes are entries or one sentence, and any location is a file or a reason."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from sources.djlibraries.locations import Locations
from sources.djlibraries.names import join_path, split_path
from sources.djlibraries.source import DjLibrarySource
from sources.errors import SourceError, UnusableError
from tests.sources.djlibraries.libraries import (
    playlist,
    reference,
    rekordbox,
    traktor,
    traktor_playlist,
)

one_folder = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=200
)
WHOLE = {
    "m3u": "#EXTM3U\n#EXTINF:1,Ä - B\n/a/ä.mp3\n\\\\nas\\x.mp3\n",
    "rekordbox": rekordbox(["file://localhost/C:/a%20b.mp3", "tidal:1"], playlist("x", 1, 2)),
    "traktor": traktor([("C:", "/:a/:", "b.mp3")], traktor_playlist("x", "C:/:a/:b.mp3")),
}


@pytest.mark.parametrize("kind", ["m3u", "rekordbox", "traktor"])
@one_folder
@given(at=st.integers(0, 2000), cut=st.integers(0, 40), put=st.binary(max_size=40), alone=st.booleans())
def test_any_bytes_are_entries_or_one_sentence(
    tmp_path: Path, kind: str, at: int, cut: int, put: bytes, alone: bool
) -> None:
    whole = WHOLE[kind].encode()
    content = put if alone else whole[: at % len(whole)] + put + whole[at % len(whole) + cut :]
    (tmp_path / "library").write_bytes(content)
    source = DjLibrarySource({"C:/a": tmp_path})
    for suffix in ("", "#x") if kind != "m3u" else ("",):
        try:
            playlist = source.fetch_playlist(reference(f"{kind}:{tmp_path}/library{suffix}"))
            list(source.entries(playlist, {}))
        except SourceError as error:
            assert str(error).endswith(".")
            assert "\n" not in str(error)


@one_folder
@given(
    location=st.text(max_size=60) | st.from_regex(r"(file:(//[a-z]*)?)?/?([A-Z]:)?([\\/][\w%.~ ]{0,9}){0,9}"),
)
@example("file://localhost")
@example("../" * 400)
@example("file:///%00%ff")
@example("a/" * 5000)
def test_any_location_is_a_file_or_a_reason(tmp_path: Path, location: str) -> None:
    try:
        found = Locations(tmp_path, {"C:/": tmp_path, "\\\\nas": tmp_path}).find(location)
    except UnusableError as problem:
        assert problem.reason in ("streamed", "no_file", "playlist", "not_mapped", "missing")
    else:
        assert Path(found).exists() or Path(found).is_symlink()


@given(
    st.lists(st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1).map(str.strip), min_size=1)
)
def test_a_path_of_names_comes_back(names: list[str]) -> None:
    # Names that begin or end with '/' next to a border between names cannot be told apart.
    path = tuple(name.strip("/") or "x" for name in names)
    if join_path(path) == "/".join(name.replace("/", "//") for name in path):
        assert split_path(join_path(path)) == path
