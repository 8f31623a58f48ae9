"""Paths of recordings as parameters of the flow."""

import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from sound.errors import AudioError


def test_a_path_of_any_bytes_is_a_valid_parameter_and_other_text_is_not(flows: SimpleNamespace) -> None:
    from prefect.exceptions import ParameterTypeError

    from flows.mix.recording_file import as_parameter, as_text, name_in, path_from

    for name in (b"plain.mp3", b"a b%20.mp3", b"line\nbreak", b"latin \xe9", "эфир".encode(), b"a" * 255):
        path = Path(os.fsdecode(b"/music/" + name))
        parameter = as_parameter(path)
        assert path_from(parameter) == path
        flows.mix.validate_parameters({"recording": parameter})
        as_text(path).encode()
        assert name_in(parameter).isprintable()
    assert as_parameter(Path("set.mp3")) == str(Path.cwd() / "set.mp3")
    for wrong in ("set.mp3", "~/set.mp3", "", "https://example.org/set.mp3", "/a\0b"):
        with pytest.raises(ParameterTypeError):
            flows.mix.validate_parameters({"recording": wrong})
    with pytest.raises(AudioError, match="no path of a file"):
        path_from("file:///a%00b")
    form = flows.mix.parameters.properties["recording"]
    assert form["type"] == "string" and form["pattern"].startswith("^(/") and "machine" in form["description"]
