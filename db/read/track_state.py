"""Pieces of SQL by which questions find their tracks through how tracks stand, and not by going through all of them.

A condition is put to the standings, of which there are a few thousand, and an index leads from those that meet it to
their tracks. The statements around it test each track once more against the tables themselves.
"""

from collections.abc import Sequence
from typing import Any, Final

# A standing `s` of tracks with exactly one label that may be learnt from: both the sound and a playlist that gives the
# label are of allowed origins. See `learnable`.
LEARNABLE: Final = "s.label_id IS NOT NULL AND s.origins && :allowed AND s.audio && :audio"


def learnable(config_id: int, allowed: Sequence[str]) -> dict[str, Any]:
    """What LEARNABLE asks for: the allowed origins, and what standings call spectrograms of theirs by the recipe."""
    return {"allowed": list(allowed), "audio": [f"{origin} {config_id}" for origin in allowed]}


def tracks_in_state(condition: str, of_track: str = "true") -> str:
    """An array of the ids of tracks whose standing `s` meets a condition, and who themselves (`ts`) meet another.

    Tracks that have changed since their standing was worked out are all among them, so that none is missed. It is an
    array, since the server takes the number of rows of a join for so large that it would read all tracks.
    """
    return f"""
        ARRAY(SELECT ts.track_id FROM track_state_members ts
               WHERE ts.state_id = ANY(ARRAY(SELECT s.id FROM track_states s WHERE {condition})) AND {of_track}
               UNION
              SELECT track_id FROM changed_tracks)
    """
