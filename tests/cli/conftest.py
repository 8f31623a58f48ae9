"""The command line in this process, for tests that need neither another process nor its servers."""

import os
import signal
from collections.abc import Callable, Iterator

import pytest

from cli.main import main

Labelscope = Callable[..., str]


@pytest.fixture
def labelscope(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Labelscope]:
    """Calls `labelscope` with some arguments; returns its stdout, or its stderr where it fails.

    `read` ("out" or "err") chooses one of the two for any exit code.
    """
    before, handler = dict(os.environ), signal.getsignal(signal.SIGINT)

    def call(*arguments: str, expect: int = 0, read: str | None = None) -> str:
        capsys.readouterr()
        monkeypatch.setattr("sys.argv", ["labelscope", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        captured = capsys.readouterr()
        assert ended.value.code == expect, captured
        return str(getattr(captured, read or ("err" if expect else "out")))

    yield call
    signal.signal(signal.SIGINT, handler)
    os.environ.clear()
    os.environ.update(before)
