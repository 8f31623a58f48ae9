"""A file where somebody wants it: whole, or as it was."""

from pathlib import Path

import pytest

from flows.whole_file import PlaceError, write_whole


def test_a_link_leads_on_to_its_file(tmp_path: Path) -> None:
    page, link = tmp_path / "page.html", tmp_path / "link.html"
    link.symlink_to(page)
    for content in (b"one", b"two"):
        write_whole(link, content)
        assert page.read_bytes() == content and link.is_symlink()
    assert {path.name for path in tmp_path.iterdir()} == {"page.html", "link.html"}


def test_what_cannot_be_written_is_said_and_costs_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = tmp_path / "page.html"
    for place in (tmp_path / ("x" * 300), tmp_path / "none" / "page.html", tmp_path):
        with pytest.raises(PlaceError, match=r"cannot be written .*name another file\.$"):
            write_whole(place, b"content")
    page.write_bytes(b"before")

    def full(self: Path, content: bytes) -> None:
        with self.open("wb") as file:
            file.write(content[:1])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(PlaceError, match=r"page\.html cannot be written \(No space left"):
        write_whole(page, b"after")
    assert page.read_bytes() == b"before"
    assert {path.name for path in tmp_path.iterdir()} == {"page.html"}
