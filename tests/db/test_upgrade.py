"""A home's database of migration 0014 is upgraded: all rows stay, under the new names."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import Connection, Engine, create_engine, text

from db import migrate, read
from db.engine import libpq_url, open_engine
from db.pgvector import add_neighbours
from db.write.track_state import refresh_track_states

DUMP = Path(__file__).parent / "upgrade" / "home_at_0014.sql"
RENAMED = {
    "former_places": "former_splits",
    "holdout_answers": "holdout_predictions",
    "playlist_standings": "playlist_track_states",
    "spectrogram_recipes": "spectrogram_configs",
    "standings": "track_states",
    "track_standings": "track_state_members",
}
TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
WORDS = """
    SELECT split FROM track_splits WHERE track_id = 11
     UNION ALL SELECT split FROM former_splits WHERE track_key LIKE 'aaa%'
     UNION ALL SELECT split FROM predictions WHERE (track_id, model_id) = (11, 3)
     UNION ALL SELECT status FROM models WHERE id = 2
"""
OLD_WORDS = (
    "standing|yardstick|aside|recipe|_seconds|uniformity|unlike|former_place|holdout_answer|holdout_figure"
)
OLD_NAMES = f"""
    SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relname ~ '{OLD_WORDS}'
     UNION ALL
    SELECT attname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
     WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'v') AND attname ~ '{OLD_WORDS}'
     UNION ALL
    SELECT conname || pg_get_constraintdef(oid) FROM pg_constraint
     WHERE connamespace = 'public'::regnamespace AND conname || pg_get_constraintdef(oid) ~ '{OLD_WORDS}'
     UNION ALL
    SELECT viewname FROM pg_views WHERE schemaname = 'public' AND definition ~ '{OLD_WORDS}'
     UNION ALL
    SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND prosrc ~ '{OLD_WORDS}'
"""


def rows(connection: Connection, query: str) -> list[tuple[object, ...]]:
    return [tuple(row) for row in connection.execute(text(query))]


def counts(url: str) -> dict[str, int]:
    """Number of rows by table, but for the migration's own table and the changes of tracks."""
    engine = create_engine(url)
    with engine.connect() as connection:
        tables = [table for table in connection.scalars(text(TABLES)) if table != "alembic_version"]
        numbers = {table: rows(connection, f"SELECT count(*) FROM {table}")[0][0] for table in tables}
    engine.dispose()
    return {table: int(str(number)) for table, number in numbers.items() if table != "changed_tracks"}


def assert_schema_is_that_of_the_models(url: str) -> None:
    """The dump is of a server without pgvector, so the table of embeddings comes first."""
    if add_neighbours(url):
        migrate.check(url)


@pytest.fixture
def old_home(empty_database: str) -> str:
    """The address of a database that holds the dump."""
    with psycopg.connect(libpq_url(empty_database), autocommit=True) as connection:
        connection.execute(DUMP.read_bytes())
    return empty_database


@pytest.fixture
def upgraded(old_home: str) -> Iterator[Engine]:
    migrate.upgrade(old_home)
    engine = open_engine(old_home)
    yield engine
    engine.dispose()


def test_all_rows_of_an_old_home_stay(old_home: str) -> None:
    before = {RENAMED.get(table, table): number for table, number in counts(old_home).items()}
    migrate.upgrade(old_home)
    assert counts(old_home) == before | {"label_checks": 0}
    assert before["clips"] == 24 and before["mix_windows"] == 5 and min(before.values()) > 0
    assert_schema_is_that_of_the_models(old_home)


def test_no_old_name_or_word_is_left(upgraded: Engine) -> None:
    with upgraded.connect() as connection:
        assert rows(connection, OLD_NAMES) == []
        assert rows(connection, WORDS) == [("excluded",)] * 3 + [("baseline",)]


def test_a_backup_lists_the_files_of_an_old_home_before_its_upgrade(old_home: str) -> None:
    engine = open_engine(old_home)
    with engine.connect() as connection:
        before = [tuple(row) for row in read.files.named_files(connection)]
    migrate.upgrade(old_home)
    with engine.connect() as connection:
        assert [tuple(row) for row in read.files.named_files(connection)] == before
    assert len(before) == 26 and before[0][0] == "models/1/baseline"
    engine.dispose()


def test_values_of_an_old_home_keep_their_meaning(upgraded: Engine) -> None:
    with upgraded.connect() as connection:
        assert rows(connection, "SELECT duration_s FROM tracks WHERE id = 1") == [(301.5,)]
        assert rows(connection, "SELECT offset_s, duration_s FROM clips WHERE id = 2") == [(150.0, 30.0)]
        assert rows(connection, "SELECT tempo_bpm FROM audio_features WHERE clip_id = 1") == [(125.0,)]
        assert rows(connection, "SELECT fit_s, config_id FROM training_runs WHERE id = 1") == [(1.5, 1)]
        mix = "SELECT duration_s, analysis_s, concentration, unknown_share FROM mixes WHERE id = 1"
        assert rows(connection, mix) == [(7200.0, 60.0, 0.5, 0.25)]


def test_views_of_an_old_home_give_their_rows(upgraded: Engine) -> None:
    with upgraded.connect() as connection:
        champion = read.learning.champion(connection)
        assert champion is not None
        assert (champion.model_id, champion.balanced_accuracy, champion.baseline_accuracy) == (3, 0.75, 0.5)
        assert rows(connection, "SELECT id, status FROM model_list") == [(3, "champion"), (1, "retired")]
        assert rows(connection, "SELECT label, duration_s FROM mix_shares ORDER BY 2, 1") == [
            ("Drumcode", 1800.0),
            ("unknown", 1800.0),
            ("Kompakt", 3600.0),
        ]
        assert rows(connection, "SELECT true_label, taken_for, mean_confidence FROM mistakes") == [
            ("Kompakt", "Drumcode", 0.8)
        ]
        assert [row.tracks for row in read.views.playlist_coverage(connection)] == [4, 4, 2, 4]


def test_track_states_of_an_old_home_are_right_before_and_after_a_refresh(upgraded: Engine) -> None:
    splits = """
        SELECT split, sum(tracks)::bigint FROM track_states_now GROUP BY split HAVING sum(tracks) > 0 ORDER BY split
    """
    expected = [("excluded", 1), ("holdout", 3), ("train", 6), ("validation", 2), (None, 2)]
    with upgraded.begin() as connection:
        assert rows(connection, splits) == expected
        assert refresh_track_states(connection, 1000) > 0
        assert rows(connection, splits) == expected
        assert rows(connection, "SELECT count(*) FROM changed_tracks") == [(0,)]


def test_predictions_of_holdout_tracks_are_counted_after_the_upgrade(upgraded: Engine) -> None:
    total = "SELECT sum(tracks)::bigint FROM holdout_predictions WHERE model_id = 3"
    with upgraded.begin() as connection:
        assert rows(connection, total) == [(2,)]
        connection.execute(text("DELETE FROM predictions WHERE (track_id, model_id) = (4, 3)"))
        assert rows(connection, total) == [(1,)]


def test_an_old_home_with_embeddings_keeps_them(old_home: str) -> None:
    add_neighbours(old_home)
    engine = open_engine(old_home)
    with engine.begin() as connection:
        if not read.embeddings.is_there(connection):
            pytest.skip("this PostgreSQL has no pgvector")
        connection.execute(
            text("""
                INSERT INTO embeddings (track_id, model_id, embedding)
                SELECT n, 3, array_fill(n, ARRAY[256])::real[]::vector FROM generate_series(1, 3) AS n
            """)
        )
    migrate.upgrade(old_home)
    assert_schema_is_that_of_the_models(old_home)
    with engine.connect() as connection:
        assert [row.track_id for row in read.embeddings.similar_tracks(connection, 1, 5)] == [2, 3]
    engine.dispose()


def test_the_upgrade_of_an_old_home_can_be_taken_back(old_home: str) -> None:
    before = counts(old_home)
    migrate.upgrade(old_home)
    migrate.downgrade(old_home, "0014")
    assert counts(old_home) == before
    migrate.upgrade(old_home)
    assert_schema_is_that_of_the_models(old_home)
