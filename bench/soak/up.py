"""`labelscope up` with more frequent requests for due runs than every two seconds.

Run as `python -m bench.soak.up SECONDS`, for bench/soak/__main__.py: moving the clock sends no requests, and three days
of them are 130,000.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any
from unittest.mock import patch

from cli.commands.running.up import up
from config.settings import Settings
from flows.home.environment import runtime


@contextmanager
def hurried(seconds: float, settings: Settings, port: int | None = None) -> Iterator[str]:
    """The runtime of flows, with a runner that requests due runs every `seconds`."""
    with runtime(settings, port) as api_url:
        # Prefect reads its settings when it is imported.
        from flows.orchestration.serve import TimetableRunner

        def quick(*arguments: Any, **options: Any) -> TimetableRunner:
            return TimetableRunner(*arguments, **options | {"query_seconds": seconds})

        with patch("flows.orchestration.serve.TimetableRunner", quick):
            yield api_url


if __name__ == "__main__":
    with patch("cli.commands.running.up.runtime", partial(hurried, float(sys.argv[1]))):
        up(detach=False)
