"""`labelscope backup` and `labelscope restore`: save the database and all files in a folder, and restore them."""

from pathlib import Path
from typing import Annotated

import typer

from config.settings import Settings
from flows.home.folder import require_home

MOST_PROBLEMS = 10  # printed in full; the rest are only counted
CURE = (
    "After `labelscope maintain --repair` the next run extracts lost spectrograms and fetches lost audio; a lost model"
    " has to come from an earlier backup."
)
LOGIN = (
    "A backup leaves out the login to Spotify, which is a secret: `labelscope login spotify` makes a new one."
)


def backup(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="An empty folder, or the folder of an earlier backup.")
    ],
) -> None:
    """Save the database, and all audio, spectrograms and models. An earlier backup in the folder is updated.

    Your own crates and libraries are not copied. While it runs nothing can be purged; runs go on.
    """
    settings = Settings()
    require_home(settings)
    from flows.backup.backup import back_up

    saved = back_up(settings, folder)
    typer.echo(f"Saved in {folder}: the database and {saved.files} files, {saved.new} of them new.")
    typer.echo(LOGIN)
    if saved.problems:
        for problem in saved.problems[:MOST_PROBLEMS]:
            typer.echo(problem, err=True)
        typer.echo(
            f"Files that are not in the backup: {len(saved.problems)}; all others are. {CURE}", err=True
        )
        raise typer.Exit(1)


def restore(folder: Annotated[Path, typer.Argument(metavar="DIR", help="The folder of a backup.")]) -> None:
    """Restore a backup into an empty home, and migrate it to this version. A damaged backup changes nothing."""
    from flows.backup.restore import restore as restore_backup

    restored = restore_backup(Settings(), folder)
    typer.echo(f"Restored the database and {len(restored.files)} files, as of {restored.made_at}.")
    typer.echo(LOGIN)
    if restored.missing:
        lost = f"The backup lacks {len(restored.missing)} files that were already lost when it was made"
        typer.echo(f"{lost}, such as {restored.missing[0].path}. {CURE}", err=True)
