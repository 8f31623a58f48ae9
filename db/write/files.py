"""Compare the home's files with their rows, and write the faults."""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from sqlalchemy import Connection, text

from db.read.files import NAMED_FILES
from db.read.rows import typed_rows


class FileFault(NamedTuple):
    """A file whose row and content differ: missing, orphaned or damaged."""

    path: str
    kind: str
    fault: str


class FileToRead(NamedTuple):
    """A stored file, and the SHA-256 that it must have."""

    path: str
    kind: str
    sha256: str


def compare(connection: Connection, found: Iterable[tuple[str, int, bool]]) -> list[FileFault]:
    """The fault of each file that is missing, orphaned, or of another size than in its row.

    `found` holds all files of the home: path below it, size in bytes, and whether the file is so new that its row may
    not exist yet. The cost is linear in files and rows: one COPY, one join.
    """
    connection.execute(
        text("CREATE TEMPORARY TABLE found (path text, bytes bigint, new boolean) ON COMMIT DROP")
    )
    driver = connection.connection.driver_connection
    assert driver is not None
    with driver.cursor() as cursor, cursor.copy("COPY found FROM STDIN") as copy:
        for file in found:
            copy.write_row(file)
    connection.execute(text("ANALYZE found"))
    result = connection.execute(
        text(f"""
            {NAMED_FILES}
            SELECT path, coalesce(s.kind, CASE split_part(path, '/', 1)
                       WHEN 'audio' THEN 'audio' WHEN 'models' THEN 'model' ELSE 'spectrogram' END) AS kind,
                   CASE WHEN f.path IS NULL THEN 'missing' WHEN s.path IS NULL THEN 'orphaned' ELSE 'damaged' END
                       AS fault
              FROM named s FULL JOIN found f USING (path)
             WHERE f.path IS NULL OR (s.path IS NULL AND NOT f.new) OR f.bytes <> s.bytes
             ORDER BY path
        """)
    )
    return typed_rows(FileFault, result)


def to_read(connection: Connection, share: int, of: int) -> Iterator[FileToRead]:
    """One of `of` equal shares of the stored files, and of files with a damage fault."""
    query = text(f"""
        {NAMED_FILES}
        SELECT path, kind, sha256 FROM named
         WHERE abs(hashtext(path)::bigint) % :of = :share
            OR path IN (SELECT path FROM file_faults WHERE ended_at IS NULL AND fault = 'damaged')
    """)
    # For this statement alone: the connection writes afterwards.
    streamed = {"stream_results": True}
    for path, kind, sha256 in connection.execute(
        query, {"share": share, "of": of}, execution_options=streamed
    ):
        yield FileToRead(path, kind, sha256)


def keep_faults(connection: Connection, faults: Sequence[tuple[str, str, str]]) -> None:
    """Write new faults (path, kind, fault), and end those that are not among these."""
    paths, kinds, names = (list(column) for column in zip(*faults, strict=True)) if faults else ([], [], [])
    values = {"paths": paths, "kinds": kinds, "faults": names}
    connection.execute(
        text("""
            UPDATE file_faults o SET ended_at = now(), outcome = 'Found in order again.'
             WHERE ended_at IS NULL AND NOT EXISTS (
                   SELECT FROM unnest(CAST(:paths AS text[]), CAST(:faults AS text[])) AS n (path, fault)
                    WHERE (n.path, n.fault) = (o.path, o.fault))
        """),
        values,
    )
    connection.execute(
        text("""
            INSERT INTO file_faults (path, kind, fault)
            SELECT * FROM unnest(CAST(:paths AS text[]), CAST(:kinds AS text[]), CAST(:faults AS text[]))
            ON CONFLICT (path) WHERE ended_at IS NULL DO NOTHING
        """),
        values,
    )


def end_faults(connection: Connection, paths: Sequence[str], outcome: str) -> None:
    """End the faults of these paths, with an outcome (a sentence)."""
    connection.execute(
        text(
            "UPDATE file_faults SET ended_at = now(), outcome = :outcome WHERE ended_at IS NULL AND path = ANY(:paths)"
        ),
        {"paths": list(paths), "outcome": outcome},
    )


def forget_spectrogram_files(connection: Connection, paths: Sequence[str]) -> None:
    """Delete the rows of spectrograms in these files, and set their clips to new."""
    connection.execute(
        text("""
            WITH lost AS (
                DELETE FROM spectrograms s USING spectrogram_configs r
                 WHERE r.id = s.config_id AND 'spectrograms/' || r.fingerprint || '/' || s.path = ANY(:paths)
                RETURNING s.clip_id)
            UPDATE clips SET status = 'new', reason = NULL, detail = NULL WHERE id IN (SELECT clip_id FROM lost)
        """),
        {"paths": list(paths)},
    )


def forget_audio_files(connection: Connection, paths: Sequence[str]) -> None:
    """Reject the clips of audio in these files as missing; the next ingest downloads it again."""
    connection.execute(
        text("""
            UPDATE clips SET status = 'rejected', reason = 'missing',
                   detail = 'Its file was lost or damaged; the next ingest fetches it again.'
             WHERE uri = ANY(SELECT 'store:' || path FROM unnest(CAST(:paths AS text[])) AS path)
        """),
        {"paths": list(paths)},
    )


def retire_lost_champion(connection: Connection, paths: Sequence[str]) -> bool:
    """Retire the champion if its file is one of these; True if so."""
    retired = connection.execute(
        text("""
            UPDATE models SET status = 'retired', reason = concat_ws(' ', reason, 'Its file was lost or damaged.')
             WHERE status = 'champion' AND 'models/' || path = ANY(:paths)
        """),
        {"paths": list(paths)},
    )
    return retired.rowcount > 0
