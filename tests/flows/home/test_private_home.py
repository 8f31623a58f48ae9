"""A home is made private: to its owner alone, without following links."""

import os
from pathlib import Path

import pytest

from config.settings import Settings
from flows.home.folder import HomeError, make_home
from tests.private_places import NOBODY, ONLY_ROOT, foreign_folder, modes, state_of


@ONLY_ROOT
def test_root_follows_no_link_of_another_user_to_its_own_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = tmp_path / "roots" / "cache"
    cache.mkdir(parents=True)
    cache.chmod(0o755)
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "roots")
    os.chown(link, NOBODY, NOBODY, follow_symlinks=False)
    for place in (link, link / "new"):
        monkeypatch.setenv("LABELSCOPE_HOME", str(place))
        with pytest.raises(HomeError, match="is a symbolic link of nobody, which root does not follow"):
            make_home(Settings())
    assert cache.stat().st_mode & 0o777 == 0o755


def test_an_open_home_is_made_private_and_named_and_no_link_followed(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    foreign = foreign_folder(tmp_path)
    before = state_of(foreign)
    home = tmp_path / "home"
    for name in ("postgres/users.lock", "logs/up.log", "audio/ab/clip.mp3", "models/1/model.keras"):
        (home / name).parent.mkdir(parents=True)
        (home / name).touch()
    for path in (home, *home.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    (home / "audio" / "link").symlink_to(foreign)
    (home / "audio" / "link to a file").symlink_to(foreign / "file")
    (home / "reports").symlink_to(foreign)
    monkeypatch.setenv("LABELSCOPE_HOME", str(home))
    make_home(Settings())
    message = capfd.readouterr().err
    assert (
        message == f"The home {home} was open to other users; it is yours alone now (11 files and folders).\n"
    )
    assert modes(home / "audio" / "ab") | modes(home / "postgres") | {home.stat().st_mode & 0o777} == {
        0o700,
        0o600,
    }
    assert state_of(foreign) == before
    make_home(Settings())
    assert capfd.readouterr().err == ""


def test_a_folder_with_other_things_is_closed_only_where_it_is_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("Documents", "audio"):
        (tmp_path / "me" / name).mkdir(parents=True)
        (tmp_path / "me" / name).chmod(0o755)
    (tmp_path / "me").chmod(0o755)
    monkeypatch.setenv("LABELSCOPE_HOME", str(tmp_path / "me"))
    make_home(Settings())
    modes_by_name = {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "me").iterdir()}
    assert modes_by_name == {"Documents": 0o755, "audio": 0o700}
    assert (tmp_path / "me").stat().st_mode & 0o777 == 0o755
