"""`labelscope mix --forget`: delete what is stored of recordings."""

from collections.abc import Sequence
from pathlib import Path

import typer

from common.files import sha256_if_readable
from config.settings import Settings
from flows.home.environment import open_database
from flows.home.folder import require_home


def forget_mixes(files: Sequence[Path]) -> None:
    """Delete the analyses of these recordings, by their paths and by their content. A file may be gone.

    Raises BadParameter where nothing is stored of one of them; then nothing is deleted.
    """
    settings = Settings()
    require_home(settings)
    from db.write.mixes import forget_mix  # not above: mapping the tables takes 0.7 s
    from flows.mix.recording_file import as_text

    with open_database(settings) as engine, engine.begin() as connection:
        for file in files:
            if not forget_mix(connection, as_text(file.absolute()), sha256_if_readable(file)):
                raise typer.BadParameter(
                    f'Nothing is stored of {str(file)!r}; `labelscope sql "SELECT path FROM mixes"` lists what is.'
                )
    for file in files:
        typer.echo(f"Forgotten: {file}")
