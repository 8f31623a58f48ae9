"""`labelscope backup` and `labelscope restore`: everything there is, in a folder, and back from it."""

from pathlib import Path
from typing import Annotated

import typer

from config.settings import Settings
from flows.home.folder import require_home

SHOWN = 10  # problems of one kind are said in full up to so many
CURE = (
    "`labelscope maintain --repair` has lost spectrograms extracted and lost audio fetched by the next run; a model has"
    " to come from an earlier backup."
)
LOGIN = "A login to Spotify is a secret and not part of a backup: `labelscope login spotify` makes a new one."


def backup(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="An empty folder, or that of an earlier backup.")
    ],
) -> None:
    """Save the database, and all audio, spectrograms and models; a folder that was saved to before gets what is new.

    Your own crates and libraries are not copied. While it runs nothing can be purged; runs go on.
    """
    settings = Settings()
    require_home(settings)
    from flows.backup.backup import back_up

    saved = back_up(settings, folder)
    typer.echo(f"Saved in {folder}: the database and {saved.files} files, {saved.new} of them new.")
    typer.echo(LOGIN)
    if saved.problems:
        for problem in saved.problems[:SHOWN]:
            typer.echo(problem, err=True)
        typer.echo(f"Files that are not in the backup: {len(saved.problems)}; all else is. {CURE}", err=True)
        raise typer.Exit(1)


def restore(folder: Annotated[Path, typer.Argument(metavar="DIR", help="The folder of a backup.")]) -> None:
    """Put a backup into an empty home, and bring it to this version; nothing is changed unless all of it is whole."""
    from flows.backup.restore import restore as put_back

    restored = put_back(Settings(), folder)
    typer.echo(f"Restored the database and {len(restored.files)} files, as of {restored.made_at}.")
    typer.echo(LOGIN)
    if restored.missing:
        lost = f"{len(restored.missing)} files were lost already when it was made, such as {restored.missing[0].path}."
        typer.echo(f"{lost} {CURE}", err=True)
