"""The front door in this process, for tests that want neither the time of another one nor its servers."""

import os
import signal
from collections.abc import Callable, Iterator

import pytest

from cli.main import main

Labelscope = Callable[..., str]


@pytest.fixture
def labelscope(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Labelscope]:
    """Calls `labelscope` with some arguments; returns what it says: on stdout, or on stderr where it fails.

    `read` ("out" or "err") asks for one of the two however it ends.
    """
    before, handler = dict(os.environ), signal.getsignal(signal.SIGINT)

    def call(*arguments: str, expect: int = 0, read: str | None = None) -> str:
        capsys.readouterr()
        monkeypatch.setattr("sys.argv", ["labelscope", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        assert ended.value.code == expect, said
        return str(getattr(said, read or ("err" if expect else "out")))

    yield call
    signal.signal(signal.SIGINT, handler)
    os.environ.clear()
    os.environ.update(before)
