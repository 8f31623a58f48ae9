"""The console script: it handles Ctrl-C before it imports anything that takes long."""

import sys

from cli import stopping


def main() -> None:
    """Run the command that the arguments name."""
    stopping.begin(sys.argv[1:])
    try:
        from cli.streams import filter_streams

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
