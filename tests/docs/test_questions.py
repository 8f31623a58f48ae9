"""Every query of docs/reference/queries.md runs with the rights of the reader."""

from collections.abc import Callable

from sqlalchemy import Engine, text

from config.settings import Settings
from db.roles import READER
from docs.questions import QUESTIONS
from flows.home.environment import open_database
from tests.stages import Stage

ANSWERED_BY_NO_ROW = (  # on twelve tracks with one training
    "Which predictions did the last model change?",
    "What was removed from folders and playlists, and when?",
    "Which files may be in the wrong folder?",
    "Which tracks of one label sound like another?",
    "Which artists are between two labels?",
    "Where is the model wrong?",
)


def test_every_question_is_one_query_that_the_reader_may_ask(
    trained: Stage, go_on: Callable[[Stage], Engine]
) -> None:
    go_on(trained)
    with open_database(Settings(), READER) as engine, engine.connect() as connection:
        for question, query in QUESTIONS.items():
            found = connection.execute(text(query.replace("17", "1"))).all()
            assert found or question in ANSWERED_BY_NO_ROW, question
    assert len(QUESTIONS) == 12
