"""Uris of local files."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sources.records import path_of


@given(st.binary(min_size=1, max_size=80).filter(lambda name: b"\0" not in name and name.strip(b"./")))
def test_every_file_name_survives_the_way_to_a_uri_and_back(name: bytes) -> None:
    path = Path("/crate") / os.fsdecode(name).lstrip("/")
    uri = path.as_uri()
    assert uri.isascii()
    assert path_of(uri) == path


@pytest.mark.parametrize("uri", ["https://example.org/a.mp3", "/crate/a.mp3", "file://host/a.mp3", ""])
def test_only_local_files_have_a_path(uri: str) -> None:
    with pytest.raises(ValueError, match="not the uri of a local file"):
        path_of(uri)
