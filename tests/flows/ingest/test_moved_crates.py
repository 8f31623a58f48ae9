"""A crate at another place is the same crate: it moves by itself, or somebody is asked."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from sources.errors import CrateError
from tests.flows.inspection import rows
from tests.stages import Stage

GoOn = Callable[[Stage], Engine]
URIS = "SELECT uri FROM clips ORDER BY id"


@pytest.fixture
def copy(three_labels: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(three_labels, tmp_path / "a copy"))


@pytest.fixture
def gone(three_labels: Path) -> Iterator[Path]:
    """The folder of the crate is gone for the test."""
    hidden = three_labels.rename(three_labels.with_name("hidden"))
    yield hidden
    hidden.rename(three_labels)


def test_a_copy_beside_the_crate_is_a_question(
    extracted: Stage, go_on: GoOn, three_labels: Path, copy: Path
) -> None:
    from flows.ingest.moved_crates import recognise_crate

    engine = go_on(extracted)
    before = rows(engine, URIS)
    with pytest.raises(CrateError, match=r"holds all 12 files of the crate .*, which is still there"):
        recognise_crate(engine, copy)
    next(copy.rglob("*.flac")).unlink()
    with pytest.raises(CrateError, match="holds 11 of the 12 files"):
        recognise_crate(engine, copy)
    assert rows(engine, URIS) == before
    assert recognise_crate(engine, three_labels).moved_from == ()


def test_a_crate_whose_folder_is_gone_moves_to_where_all_of_it_is(
    extracted: Stage, go_on: GoOn, copy: Path, three_labels: Path, gone: Path
) -> None:
    from flows.ingest.moved_crates import recognise_crate

    engine = go_on(extracted)
    recognised = recognise_crate(engine, copy)
    assert recognised.moved_from == (three_labels,)
    assert len(recognised.hashes) == 12
    assert all(uri.startswith(copy.as_uri() + "/") for (uri,) in rows(engine, URIS))
    assert {listed_by for (listed_by,) in rows(engine, "SELECT listed_by FROM playlists")} == {copy.as_uri()}
    assert recognise_crate(engine, copy).moved_from == ()


def test_a_crate_that_is_gone_with_part_of_its_files_is_a_question(
    extracted: Stage, go_on: GoOn, copy: Path, gone: Path
) -> None:
    from flows.ingest.moved_crates import recognise_crate

    next(copy.rglob("*.flac")).unlink()
    with pytest.raises(CrateError, match="which is gone"):
        recognise_crate(go_on(extracted), copy)


def test_other_music_is_another_crate(extracted: Stage, go_on: GoOn, copy: Path) -> None:
    from flows.ingest.moved_crates import recognise_crate

    for path in sorted(copy.rglob("*.flac"))[5:]:
        path.write_bytes(path.read_bytes() + b"\0")
    assert recognise_crate(go_on(extracted), copy).moved_from == ()
