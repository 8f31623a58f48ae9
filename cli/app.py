"""Every command of `labelscope`, registered here in the groups of the help, and defined in cli/commands/.

Heavy libraries are imported inside the commands that need them, so that `labelscope --help` and `labelscope sql`
answer at once. Prefect and Keras read the environment when they are imported; cli/starting.py prepares it.
"""

import sys
from collections.abc import Callable
from importlib.metadata import version
from typing import Annotated, Final

import typer

from cli.commands.data import backup, database, report
from cli.commands.music import crates, explain, export, mix, models, predict, run, similar, stages, tracks
from cli.commands.running import deploy, providers, status, up

# Group of the help -> name, function, examples of each command, in the order of the help.
COMMANDS: Final[dict[str, tuple[tuple[str, Callable[..., None], str], ...]]] = {
    "Begin": (
        ("demo", run.demo, "labelscope demo"),
        ("run", run.run, "labelscope run | labelscope run ~/Music/crate"),
        ("status", status.status, "labelscope status --json"),
    ),
    "Music": (
        ("tracks", tracks.tracks, "labelscope tracks --misfiled | labelscope tracks --search 'rej bells'"),
        ("predict", predict.predict, "labelscope predict | labelscope predict 'unknown promo.mp3'"),
        (
            "explain",
            explain.explain,
            "labelscope explain 'Artist - Title' | labelscope explain promo.mp3 --picture why.png",
        ),
        ("mix", mix.mix, "labelscope mix set.mp3 --picture set.png | labelscope mix *.mp3 --json"),
        ("similar", similar.similar, "labelscope similar 'Artist - Title' | labelscope similar promo.mp3"),
        (
            "export",
            export.export,
            "labelscope export techno.m3u8 --like 'Artist - Title' --journey | labelscope export set.cue --mix 1",
        ),
        ("map", similar.draw_map, "labelscope map --picture crate.png"),
    ),
    "Database": (
        ("report", report.report, "labelscope report --open | labelscope report for-the-label.html"),
        ("sql", database.sql, 'labelscope sql "SELECT * FROM label_accuracy" --format csv'),
        ("backup", backup.backup, "labelscope backup /mnt/disk/labelscope"),
        ("restore", backup.restore, "LABELSCOPE_HOME=new labelscope restore /mnt/disk/labelscope"),
        ("maintain", stages.maintain, "labelscope maintain | labelscope maintain --repair"),
    ),
    "Model": (
        ("models", models.models, "labelscope models"),
        ("retrain", stages.retrain, 'labelscope retrain --why "new releases of this summer"'),
        ("promote", models.promote, 'labelscope promote 3 --why "better on Kompakt"'),
        ("evaluate", models.evaluate, "labelscope evaluate --folds 5 --repeats 3"),
    ),
    "Schedule and services": (
        ("up", up.up, "labelscope up | labelscope up --detach"),
        ("down", up.down, "labelscope down"),
        ("login", providers.login, "labelscope login spotify | labelscope login prefect"),
        ("purge", providers.purge, "labelscope purge --provider spotify"),
        ("ingest", stages.ingest, "labelscope ingest | labelscope ingest ~/Music/crate"),
        ("extract", stages.extract, "labelscope extract"),
        ("deploy", deploy.deploy, "PREFECT_API_URL=http://127.0.0.1:4200/api labelscope deploy"),
        ("worker", deploy.worker, "PREFECT_API_URL=http://127.0.0.1:4200/api labelscope worker --limit 2"),
    ),
}
# `worker` passes the options of `prefect worker start` on.
CONTEXT_SETTINGS: Final = {"worker": {"allow_extra_args": True, "ignore_unknown_options": True}}


def _print_version(asked: bool) -> None:
    if asked:
        typer.echo(version("labelscope"))
        raise typer.Exit


app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    help="Which record label does this sound like? Music in, a trained network, predictions in PostgreSQL.",
    epilog="Everything is stored in LABELSCOPE_HOME, by default the folder .labelscope in this one.",
)


@app.callback()
def labelscope(
    _version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """The options of the program itself."""
    # An empty path would be the working directory.
    if "" in sys.argv[1:]:
        raise typer.BadParameter("An argument is empty: check the variable or the quotes that it comes from.")


app.add_typer(database.app, name="db", rich_help_panel="Database")
app.add_typer(crates.app, name="crates", rich_help_panel="Music")
for group, commands in COMMANDS.items():
    for name, function, examples in commands:
        register = app.command(
            name,
            epilog=f"Examples: {examples}",
            context_settings=CONTEXT_SETTINGS.get(name),
            rich_help_panel=group,
        )
        register(function)
