"""Which files of the home the rows name. These statements read every schema that there has been."""

from typing import Final

from sqlalchemy import Connection, text

from db.read.rows import Rows

NAMED_FILES: Final = """
    WITH named AS (
        SELECT 'audio' AS kind, substr(uri, length('store:') + 1) AS path, sha256, bytes
          FROM clips WHERE uri LIKE 'store:%'
        UNION
        SELECT 'spectrogram', 'spectrograms/' || r.fingerprint || '/' || s.path, s.sha256, s.bytes
          FROM spectrograms s JOIN spectrogram_configs r ON r.id = s.config_id
        UNION
        SELECT 'model', 'models/' || path, sha256, bytes FROM models)
"""


def named_files(connection: Connection) -> Rows:
    """Every file that Labelscope has made or fetched: path (below the home, with slashes), sha256 and bytes.

    A user's own audio, in crates and libraries, is not among them.
    """
    return connection.execute(
        text(f"{NAMED_FILES} SELECT path, sha256, bytes FROM named ORDER BY path")
    ).all()


def schema_revision(connection: Connection) -> str | None:
    """The migration that the database is at; None where none was ever applied."""
    if connection.scalar(text("SELECT to_regclass('public.alembic_version')")) is None:
        return None
    revision: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return revision


def is_empty(connection: Connection) -> bool:
    """Whether there is not a single table, view or sequence in the schema that Labelscope uses."""
    anything = text(
        "SELECT EXISTS (SELECT FROM pg_class WHERE relnamespace = to_regnamespace('public')::oid)"
    )
    return not connection.scalar(anything)
