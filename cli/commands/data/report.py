"""`labelscope report`: one HTML page about the crate and the model."""

import webbrowser
from pathlib import Path
from typing import Annotated

import typer

from cli.output.paths import HTML, require_place_for
from config.settings import Settings
from flows.home.environment import contain_library_caches
from flows.home.folder import require_home


def report(
    file: Annotated[
        Path | None,
        typer.Argument(metavar="[FILE.html]", help="Where to write it; by default reports/ in the home."),
    ] = None,
    show: Annotated[bool, typer.Option("--open", help="Open it in the browser.")] = False,
) -> None:
    """Write one HTML page: coverage, accuracy, confusions, training, audio features, and the map.

    The page needs no network and no other file, so it can be sent, and opened on a phone.
    """
    if file is not None:
        require_place_for(file, HTML)
    settings = Settings()
    require_home(settings)
    contain_library_caches(settings)
    from flows.report.page import write_report

    written = write_report(settings, file)
    typer.echo(written.path)
    if show:
        webbrowser.open(written.path.absolute().as_uri())
