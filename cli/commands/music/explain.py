"""`labelscope explain`: why a track or a file sounds like what the model in use says."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.output.explanation import document, print_explanation
from cli.output.paths import PNG, require_place_for
from cli.output.rows import write_json
from cli.starting import module_ready
from common.text import visible
from config.settings import Settings
from db.roles import READER
from flows.checks.requests import require_champion
from flows.home.environment import open_database
from flows.home.folder import require_home
from flows.home.whole_file import write_output_file
from flows.prefect_tools.progress import clock

if TYPE_CHECKING:  # it imports Keras
    from flows.explain.explanation import Explanation


def explain(
    of: Annotated[
        str, typer.Argument(metavar="TRACK|FILE", help="The name or id of a track, or an audio file.")
    ],
    as_json: Annotated[
        bool, typer.Option("--json", help="For programs: all probabilities of all crops, too.")
    ] = False,
    picture: Annotated[
        Path | None,
        typer.Option("--picture", help="Draw spectrogram and crop probabilities into this PNG file."),
    ] = None,
) -> None:
    """Why a track, or an audio file, sounds like what the model in use predicts. Nothing is stored.

    Shows probabilities, similar tracks, the seconds of each label, and features that are unusual for the label.
    """
    if picture is not None:
        require_place_for(picture, PNG)
    settings = Settings()
    require_home(settings)
    explanation = _explain(settings, of)
    if explanation.request.remark:
        typer.echo(visible(explanation.request.remark), err=True)
    if as_json:
        write_json(document(explanation))
    else:
        print_explanation(explanation)
    if picture is not None:
        _draw(explanation, picture, as_json)


def _explain(settings: Settings, name_or_file: str) -> "Explanation":
    with open_database(settings, READER) as engine:
        from flows.explain.request import find  # not above: it imports NumPy

        with engine.connect() as connection:
            champion = require_champion(connection)
            request = find(connection, settings, champion, name_or_file)
        module_ready(settings, "flows.explain.explanation")
        from flows.explain.explanation import explain as flow

        return flow(engine, settings, champion, request)


def _draw(explanation: "Explanation", picture: Path, as_json: bool) -> None:
    from flows.explain.picture import draw, pictured

    number = pictured(explanation)
    clip = explanation.clips[number]
    write_output_file(picture, draw(explanation))
    seconds = f"{clock(round(clip.start_s))} to {clock(round(clip.end_s))}"
    which = f"Clip {number + 1} of {len(explanation.clips)}" if len(explanation.clips) > 1 else "The clip"
    typer.echo(f"{which}, {seconds}, is drawn in {picture}.", err=as_json)
