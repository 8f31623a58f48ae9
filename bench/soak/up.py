"""`labelscope up`, but for one thing: it asks Prefect for due runs more often than every two seconds.

Run as `python -m bench.soak.up SECONDS`, for bench/soak/__main__.py: moving the wall clock does not let requests be
sent, and three days of them are 130,000.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any
from unittest.mock import patch

from cli.commands.up import up
from config.settings import Settings
from flows.home.environment import runtime


@contextmanager
def hurried(seconds: float, settings: Settings, port: int | None = None) -> Iterator[str]:
    """What flows find around them, with a runner that is quicker; Prefect reads its settings when it is imported."""
    with runtime(settings, port) as api_url:
        from flows.orchestration.serve import TimetableRunner

        def quick(*arguments: Any, **options: Any) -> TimetableRunner:
            return TimetableRunner(*arguments, **options | {"query_seconds": seconds})

        with patch("flows.orchestration.serve.TimetableRunner", quick):
            yield api_url


if __name__ == "__main__":
    with patch("cli.commands.up.runtime", partial(hurried, float(sys.argv[1]))):
        up(detach=False)
