"""Where people want a file to be written."""

from pathlib import Path

import typer


def require_place_for(file: Path) -> None:
    """Refuse a place where no file can be written, before any work is done for it."""
    if file.is_dir():
        raise typer.BadParameter(f"{file} is a folder; name a file in it.")
    if not file.absolute().parent.is_dir():
        raise typer.BadParameter(f"There is no folder {file.absolute().parent} for {file.name}.")
