"""A secret in a file: read without white space, or refused in a sentence that names the option and the file."""

from pathlib import Path

import pytest

from services.keeper import ServiceError
from services.secret_file import read_secret


def test_the_text_is_read_without_white_space_also_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "password").write_text(" open sesame \n")
    (tmp_path / "link").symlink_to(tmp_path / "password")
    assert read_secret("--option", tmp_path / "link", "password") == "open sesame"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (None, "cannot be read (No such file or directory): let this user read it."),
        (b"", "holds no password: write one into it."),
        (b" \n", "holds no password: write one into it."),
        (b"\xff\xfe", "cannot be read (it is no text): let this user read it."),
    ],
)
def test_a_file_without_a_password_is_refused(tmp_path: Path, text: bytes | None, sentence: str) -> None:
    file = tmp_path / "password"
    if text is not None:
        file.write_bytes(text)
    with pytest.raises(ServiceError) as refused:
        read_secret("--option", file, "password")
    assert str(refused.value) == f"--option names {file}, which {sentence}"
