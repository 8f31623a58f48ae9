"""Upper limits that keep the page at one size, however many tracks there are."""

from typing import Final

LABELS: Final = 24
"""Labels in a chart: those with the most tracks."""
PLAYLISTS: Final = 30
"""Playlists in the coverage chart; all others share one bar."""
ROWS: Final = 200
"""Rows of a table; a note below the table has the total."""
TRAININGS: Final = 50
EPOCHS: Final = 200
"""Points of a learning curve."""
POINTS: Final = 3_000
"""Tracks on the map."""
NEW_TRACKS: Final = 20
MIXES: Final = 6
SEGMENTS: Final = 300
"""Segments of one mix."""
LETTERS: Final = 200
"""Characters of a title, an artist or a label."""
