"""Where the console script comes in: Ctrl-C is seen to before anything is imported that takes its time."""

import sys

from cli import stopping


def main() -> None:
    """Run the command that the arguments name."""
    stopping.begin(sys.argv[1:])
    try:
        from cli.streams import filter_streams

        filter_streams()
        from cli.app import app
        from cli.errors import told_in_one_sentence

        with told_in_one_sentence():
            app()
    except (KeyboardInterrupt, SystemExit) as ended:
        stopping.end(ended)
        raise


if __name__ == "__main__":
    main()
