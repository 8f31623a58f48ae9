"""SQL that finds tracks by their state, without a pass over all tracks.

A condition selects among a few thousand track states, and an index leads from these to their tracks. The queries around
it test each track again by its own rows.
"""

from collections.abc import Sequence
from typing import Any, Final

# Condition on a state `s`: exactly one label, from an allowed playlist, and audio of an allowed origin. Parameters are
# those of `learnable`.
LEARNABLE: Final = "s.label_id IS NOT NULL AND s.origins && :allowed AND s.audio && :audio"


def learnable(config_id: int, allowed: Sequence[str]) -> dict[str, Any]:
    """Parameters of LEARNABLE: the allowed origins, and the same with the spectrogram config as in `s.audio`."""
    return {"allowed": list(allowed), "audio": [f"{origin} {config_id}" for origin in allowed]}


def tracks_in_state(state_condition: str, member_condition: str = "true") -> str:
    """SQL of an array of track ids, by a condition on the state `s` and one on the row `ts` of its member.

    Tracks that have changed since the last refresh are always included. It is an array because PostgreSQL
    overestimates the rows of a join, and would read all tracks.
    """
    return f"""
        ARRAY(SELECT ts.track_id FROM track_state_members ts
               WHERE ts.state_id = ANY(ARRAY(SELECT s.id FROM track_states s WHERE {state_condition}))
                 AND {member_condition}
               UNION
              SELECT track_id FROM changed_tracks)
    """
