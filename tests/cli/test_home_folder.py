"""A command without a home names the cure and makes no folder; an impossible home is named."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

Labelscope = Callable[..., str]
READING = [
    ("status",),
    ("status", "--json"),
    ("models",),
    ("sql", "SELECT 1"),
    ("maintain",),
    ("maintain", "--repair"),
    ("extract",),
    ("retrain",),
    ("predict",),
    ("predict", "any.mp3"),
    ("promote", "1"),
    ("mix", "any.mp3"),
    ("similar", "anything"),
    ("explain", "anything"),
    ("map",),
    ("report",),
    ("backup", "any"),
    ("evaluate",),
    ("purge", "--provider", "spotify", "--yes"),
    ("db", "url"),
    ("db", "url", "--read-only"),
    ("db", "psql"),
]
MAKING = [
    ("run",),
    ("ingest",),
    ("up",),
    ("up", "--detach"),
    ("db", "upgrade"),
]


@pytest.fixture(autouse=True)
def spotify_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a key, playlists of Spotify would be refused first."""
    monkeypatch.setenv("SPOTIPY_CLIENT_ID", "an-id")
    monkeypatch.setenv("SPOTIPY_CLIENT_SECRET", "a-secret")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.setenv("LABELSCOPE_HOME", str(tmp_path / "wrong" / "home"))
    yield tmp_path / "wrong" / "home"


@pytest.mark.parametrize("command", READING, ids=" ".join)
def test_a_command_that_only_asks_says_that_there_is_no_home_and_makes_none(
    home: Path, labelscope: Labelscope, command: tuple[str, ...]
) -> None:
    output = labelscope(*command, expect=1)
    assert output == (
        f"labelscope: There is no home at {home}: `labelscope run` makes one, or set LABELSCOPE_HOME.\n"
    )
    assert not home.parent.exists()


@pytest.mark.parametrize("command", ["run", "ingest"])
def test_what_is_to_be_read_is_looked_at_before_a_home_is_made_for_it(
    home: Path, labelscope: Labelscope, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    nowhere = tmp_path / "nowhere"
    assert f"No crate at '{nowhere}'" in labelscope(command, "--folder", str(nowhere), expect=1)
    monkeypatch.setenv("LABELSCOPE_CRATE", str(nowhere))
    assert f"No crate at '{nowhere}'" in labelscope(command, expect=1)
    monkeypatch.delenv("LABELSCOPE_CRATE")
    monkeypatch.setenv("LABELSCOPE_LABELS", str(nowhere))
    assert str(nowhere) in labelscope(command, expect=1)
    assert not home.parent.exists()


def test_down_where_there_is_no_home_has_nothing_to_end(home: Path, labelscope: Labelscope) -> None:
    assert labelscope("down") == "Labelscope was not up.\n"
    assert not home.parent.exists()


def test_a_database_of_ones_own_needs_no_home(
    home: Path, labelscope: Labelscope, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", database_url)
    assert "1" in labelscope("sql", "SELECT 1")
    assert "There is no model yet" in labelscope("models")
    assert not home.parent.exists()


@pytest.mark.parametrize("command", MAKING, ids=" ".join)
@pytest.mark.parametrize(
    ("place", "why"),
    [
        ("file", "it is a file"),
        ("file/below", "Not a directory"),
        ("link", "it is a broken link"),
        pytest.param(
            "/proc/x",
            "No such file or directory",
            marks=pytest.mark.skipif(not Path("/proc/self").exists(), reason="there is no /proc"),
        ),
    ],
)
def test_a_home_that_cannot_be_made_is_named_with_the_setting(
    tmp_path: Path,
    labelscope: Labelscope,
    monkeypatch: pytest.MonkeyPatch,
    command: tuple[str, ...],
    place: str,
    why: str,
) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.setenv("LABELSCOPE_HOME", str(tmp_path / place))
    output = labelscope(*command, expect=1)
    assert output == (
        f"labelscope: LABELSCOPE_HOME names {tmp_path / place}, which cannot be made ({why}): name another folder.\n"
    )


def test_a_file_in_place_of_the_home_is_named_by_those_that_only_ask(
    tmp_path: Path, labelscope: Labelscope, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.delenv("DATABASE_URL", raising=False)
    for place in ("file", "file/below"):
        monkeypatch.setenv("LABELSCOPE_HOME", str(tmp_path / place))
        assert f"names {tmp_path / place}, which cannot be made" in labelscope("status", expect=1)
