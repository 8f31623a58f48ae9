"""Queries of the home's files and of the schema. A backup runs `named_files` on the schema of any earlier version."""

from typing import Final, NamedTuple

from sqlalchemy import Connection, text

from db.read.rows import typed_rows

# Before migration 0015 the table of spectrogram configs had another name.
CONFIGS: Final = "spectrogram_configs r ON r.id = s.config_id"
CONFIGS_BEFORE_0015: Final = "spectrogram_recipes r ON r.id = s.recipe_id"
NAMED_FILES: Final = f"""
    WITH named AS (
        SELECT 'audio' AS kind, substr(uri, length('store:') + 1) AS path, sha256, bytes
          FROM clips WHERE uri LIKE 'store:%'
        UNION
        SELECT 'spectrogram', 'spectrograms/' || r.fingerprint || '/' || s.path, s.sha256, s.bytes
          FROM spectrograms s JOIN {CONFIGS}
        UNION
        SELECT 'model', 'models/' || path, sha256, bytes FROM models)
"""


class NamedFile(NamedTuple):
    """A file of a row: its path below the home (with slashes), and its size in bytes."""

    path: str
    sha256: str
    bytes: int


def named_files(connection: Connection) -> list[NamedFile]:
    """Each file that Labelscope computed or downloaded.

    The user's own audio in crates and libraries is not included.
    """
    query = f"{NAMED_FILES} SELECT path, sha256, bytes FROM named ORDER BY path"
    if connection.scalar(text("SELECT to_regclass('public.spectrogram_configs') IS NULL")):
        query = query.replace(CONFIGS, CONFIGS_BEFORE_0015)
    return typed_rows(NamedFile, connection.execute(text(query)))


def schema_revision(connection: Connection) -> str | None:
    """The last migration of the database; None for a database without any."""
    if connection.scalar(text("SELECT to_regclass('public.alembic_version')")) is None:
        return None
    revision: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return revision


def is_empty(connection: Connection) -> bool:
    """Whether the schema `public` has no table, view or sequence."""
    anything = text(
        "SELECT EXISTS (SELECT FROM pg_class WHERE relnamespace = to_regnamespace('public')::oid)"
    )
    return not connection.scalar(anything)
