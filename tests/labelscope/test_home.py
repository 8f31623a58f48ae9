"""The public API, on a real database and a trained model, in this process."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from sqlalchemy import Engine

import labelscope
from tests.flows.inspection import rows
from tests.stages import Stage

HEAVY = {"alembic", "jax", "keras", "numpy", "pandas", "prefect", "psycopg", "pydantic", "sqlalchemy"}


@pytest.fixture
def engine(trained: Stage, go_on: Callable[[Stage], Engine]) -> Engine:
    """A database of its own, with a model in use."""
    return go_on(trained)


@pytest.fixture
def home(engine: Engine) -> Iterator[labelscope.Home]:
    with labelscope.open() as home:
        yield home


def test_a_query_returns_a_table_with_types(home: labelscope.Home, engine: Engine) -> None:
    table = home.sql(
        "SELECT id, name, 0.5::numeric AS half FROM labels WHERE name NOT LIKE %(like)s || '%%' ORDER BY id",
        like="M",
    )
    expected = rows(engine, "SELECT id, name FROM labels WHERE name NOT LIKE 'M%' ORDER BY id")
    assert list(table[["id", "name"]].itertuples(index=False, name=None)) == expected != []
    assert list(table["half"]) == [0.5] * len(expected) and table["half"].dtype == float
    assert len(home.sql("SELECT 1 WHERE 'all' LIKE 'a%'")) == 1
    assert list(home.sql("SELECT id FROM labels WHERE false").columns) == ["id"]


@pytest.mark.parametrize(
    ("query", "parameters", "sentence"),
    [
        ("DELETE FROM tracks", {}, "read-only"),
        ("SELECT * FROM nothing", {}, '"nothing" does not exist'),
        ("SELECT %(name)s", {"other": 1}, "name"),
        ("SELECT pg_sleep(20)", {}, "raise timeout_seconds"),
        ("", {}, "no statement"),
    ],
)
def test_a_statement_that_fails_raises_a_sentence(
    engine: Engine, query: str, parameters: dict[str, int], sentence: str
) -> None:
    with (
        labelscope.open(timeout_seconds=1) as home,
        pytest.raises(labelscope.LabelscopeError, match=sentence),
    ):
        home.sql(query, **parameters)


def test_a_prediction_has_all_labels_of_the_model(home: labelscope.Home, three_labels: Path) -> None:
    file = next(three_labels.glob("*/*.flac"))
    prediction = home.predict(file)
    labels = home.sql("SELECT label FROM label_accuracy")["label"]
    assert set(prediction.probabilities) == set(labels)
    assert sum(prediction.probabilities.values()) == pytest.approx(1)
    assert prediction.confidence == max(prediction.probabilities.values())
    assert prediction.probabilities[prediction.nearest] == prediction.confidence
    assert prediction.label in (prediction.nearest, None)


def test_a_mix_is_what_the_flow_stores_and_is_not_stored(
    home: labelscope.Home, flows: SimpleNamespace, recording: Path
) -> None:
    mix = home.mix(recording)
    assert home.sql("SELECT count(*) FROM mixes").iloc[0, 0] == 0
    flows.mix(str(recording))
    stored = home.sql("SELECT * FROM mixes").iloc[0]
    assert (mix.title, mix.verdict, mix.reason) == (stored.title, stored.verdict, stored.verdict_reason)
    assert mix.verdict is None and mix.description.endswith(".")
    assert (mix.duration_s, mix.unknown_share) == pytest.approx(
        (stored.duration_s, stored.unknown_share), abs=1e-3
    )
    segments = home.sql(
        "SELECT start_s, end_s, l.name AS label, confidence, tempo_bpm FROM mix_segments s"
        " LEFT JOIN labels l ON l.id = s.label_id ORDER BY number"
    )
    assert mix.segments.astype(str).equals(segments.astype(str))
    assert sum(mix.shares.values()) + mix.unknown_share == pytest.approx(1)


def test_similar_tracks_of_a_file_and_of_an_inexact_name(home: labelscope.Home, three_labels: Path) -> None:
    file = next(three_labels.glob("*/*.flac"))
    neighbours = home.similar(file, number=3)
    assert list(neighbours.columns) == ["track_id", "artists", "title", "label", "predicted", "distance"]
    assert len(neighbours) == 3 and neighbours["distance"].is_monotonic_increasing
    title = home.sql("SELECT title FROM tracks WHERE id = %(id)s", id=int(neighbours["track_id"][0])).iloc[
        0, 0
    ]
    with pytest.warns(UserWarning, match="taken for"):
        assert len(home.similar(title.split()[0].lower())) == 10


def test_files_and_homes_that_cannot_be_used_raise_sentences(home: labelscope.Home, tmp_path: Path) -> None:
    missing = tmp_path / "missing.mp3"
    for method in (home.predict, home.mix, home.similar):
        with pytest.raises(labelscope.LabelscopeError, match=r"There is neither|is not there"):
            method(missing)
    home.close()
    with pytest.raises(labelscope.LabelscopeError, match="closed"):
        home.sql("SELECT 1")


def test_a_folder_without_a_home_is_refused_and_stays_empty(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    with pytest.raises(labelscope.LabelscopeError, match=r"There is no home at .*new"):
        labelscope.open(tmp_path / "new")
    assert list(tmp_path.iterdir()) == []


def test_the_process_keeps_its_umask_and_its_environment(engine: Engine, three_labels: Path) -> None:
    environment = dict(os.environ)
    with labelscope.open() as home:
        home.predict(next(three_labels.glob("*/*.flac")))
    changed = {name for name in os.environ if os.environ[name] != environment.get(name)}
    assert changed <= {"KERAS_HOME", "NUMBA_CACHE_DIR"}
    assert os.umask(0o022) == 0o022


def test_the_import_loads_no_heavy_library() -> None:
    code = "import sys, labelscope; print(*{name.split('.')[0] for name in sys.modules})"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert set(loaded.split()) & HEAVY == set()
