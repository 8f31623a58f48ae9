"""Refresh the stored states of tracks, before a stage queries which tracks it has to process."""

from sqlalchemy import Engine

from db.write import track_state

CHANGES_PER_TRANSACTION = 2_000


def refresh_track_states(engine: Engine) -> None:
    """Recompute the state of each track that has changed since the last refresh. About 0.1 ms a change.

    Queries are right without a refresh, too. But they then compute the states of changed tracks anew each time.
    """
    refreshed = 0
    while True:
        with engine.begin() as connection:
            changes = track_state.refresh_track_states(connection, CHANGES_PER_TRANSACTION)
        if changes == 0:
            break
        refreshed += changes
    if refreshed:
        with engine.begin() as connection:
            track_state.compact_track_states(connection)
