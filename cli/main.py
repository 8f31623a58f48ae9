"""The console script: it handles Ctrl-C before it imports anything that takes long."""

import gc
import sys
from typing import Final

from cli import stopping

# Objects made between two collections of garbage, and collections of one generation between two of the next. Imports
# make hundreds of thousands of objects and no garbage; with Python's 700 and 10, collecting is a fifth of their time.
GARBAGE_THRESHOLDS: Final = (100_000, 50, 50)


def main() -> None:
    """Run the command that the arguments name."""
    stopping.begin(sys.argv[1:])
    gc.set_threshold(*GARBAGE_THRESHOLDS)
    try:
        from cli.output.streams import filter_streams

        filter_streams()
        from cli.app import app
        from cli.errors import errors_as_sentences

        with errors_as_sentences():
            app()
    except (KeyboardInterrupt, SystemExit) as ended:
        stopping.end(ended)
        raise


if __name__ == "__main__":
    main()
