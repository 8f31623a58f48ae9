"""Search for tracks by name, among those that a playlist holds."""

from typing import Final, NamedTuple

from sqlalchemy import Connection, text

from db.read.rows import typed_row, typed_rows

# SQL of the artists' names of a track `t`, joined in the order of the credit.
CREDIT: Final = """
    (SELECT string_agg(a.name, ', ' ORDER BY ta.position)
       FROM track_artists ta JOIN artists a ON a.id = ta.artist_id WHERE ta.track_id = t.id)
"""
# Number of tracks whose full name is compared.
PROMISING: Final = 500
NAME: Final = f"lower(normalize(concat_ws(' - ', {CREDIT}, t.title), NFKC))"
# The words of a name are searched in all titles and artists; the full names of the most promising tracks are compared.
TRACKS_CALLED: Final = f"""
    WITH asked AS MATERIALIZED (
        SELECT lower(normalize(:name, NFKC)) AS name
    ), wanted AS MATERIALIZED (
        SELECT array_agg(DISTINCT word) FILTER (WHERE word <> '') AS words
          FROM asked, regexp_split_to_table(asked.name, '[^[:alnum:]]+') AS word
    ), titles AS MATERIALIZED (
        SELECT id, lower(normalize(title, NFKC)) AS title FROM tracks
         WHERE id IN (SELECT track_id FROM playlist_tracks WHERE removed_at IS NULL)
    ), in_titles AS (
        SELECT t.id AS track_id, word FROM titles t, wanted, unnest(wanted.words) AS word
         WHERE strpos(t.title, word) > 0
    ), in_artists AS (
        SELECT ta.track_id, word
          FROM (SELECT id, lower(normalize(name, NFKC)) AS name FROM artists OFFSET 0) AS a
         CROSS JOIN wanted CROSS JOIN unnest(wanted.words) AS word
          JOIN track_artists ta ON ta.artist_id = a.id
         WHERE strpos(a.name, word) > 0
    ), promising AS (
        (SELECT h.track_id
           FROM (SELECT track_id, count(DISTINCT word) AS words
                   FROM (SELECT track_id, word FROM in_titles
                         UNION ALL SELECT track_id, word FROM in_artists) AS hit
                  GROUP BY track_id) AS h
           JOIN titles t ON t.id = h.track_id
          CROSS JOIN asked
          ORDER BY h.words DESC, right(asked.name, length(t.title)) = t.title DESC, length(t.title), t.id
          LIMIT {PROMISING})
        UNION
        (SELECT t.id FROM titles t, asked WHERE t.title = asked.name LIMIT {PROMISING})
    )
    SELECT t.id AS track_id,
           {CREDIT} AS artists,
           t.title,
           asked.name IN (called.name, lower(normalize(t.title, NFKC))) AS exact,
           (SELECT count(*) FROM unnest(wanted.words) AS word WHERE strpos(called.name, word) > 0) AS words,
           coalesce(cardinality(wanted.words), 0) AS wanted
      FROM promising JOIN tracks t ON t.id = promising.track_id
     CROSS JOIN asked CROSS JOIN wanted
     CROSS JOIN LATERAL (SELECT {NAME} AS name) AS called
     ORDER BY exact DESC, words DESC, length(called.name), t.id
     LIMIT :number
"""


class TrackMatch(NamedTuple):
    """A track that matches a name: exactly, or with `words` of the `wanted` words of the name."""

    track_id: int
    artists: str | None
    title: str
    exact: bool
    words: int
    wanted: int


class TrackName(NamedTuple):
    """A track."""

    track_id: int
    artists: str | None
    title: str


def track_of_id(connection: Connection, track_id: int) -> TrackName | None:
    """The track with this id; None where there is none."""
    result = connection.execute(
        text(f"SELECT t.id AS track_id, {CREDIT} AS artists, t.title FROM tracks t WHERE t.id = :track"),
        {"track": track_id},
    )
    return typed_row(TrackName, result)


def track_of_file(connection: Connection, sha256: str) -> TrackName | None:
    """The track of this audio file, if the champion has scored it; else None."""
    result = connection.execute(
        text(f"""
            SELECT t.id AS track_id, {CREDIT} AS artists, t.title
              FROM tracks t
              JOIN models m ON m.status = 'champion'
              JOIN predictions p ON (p.track_id, p.model_id) = (t.id, m.id)
             WHERE t.provider IN ('folder', 'synth') AND t.external_id = :file
             ORDER BY t.id LIMIT 1
        """),
        {"file": f"sha256:{sha256}"},
    )
    return typed_row(TrackName, result)


def newest_names(connection: Connection, number: int) -> list[str]:
    """ "artists - title" of the tracks that came last, without those that no playlist holds."""
    rows = connection.scalars(
        text(f"""
            SELECT concat_ws(' - ', {CREDIT}, t.title)
              FROM (SELECT id, title FROM tracks
                     WHERE id IN (SELECT track_id FROM playlist_tracks WHERE removed_at IS NULL)
                     ORDER BY id DESC LIMIT :number) AS t
        """),
        {"number": number},
    )
    return list(rows)


def tracks_called(connection: Connection, name: str, number: int) -> list[TrackMatch]:
    """Tracks whose "artists - title" matches a name: exact matches first, then by common words, then the shortest.

    The query reads all titles and artists once, and compares the full names of the most promising tracks.
    """
    result = connection.execute(text(TRACKS_CALLED), {"name": name, "number": number})
    return typed_rows(TrackMatch, result)
