"""How much of each thing is on the page at most, so that it stays of one size however large the crate is."""

from typing import Final

LABELS: Final = 24
"""Labels in a picture: those with the most tracks."""
PLAYLISTS: Final = 30
"""Playlists in the picture of coverage; the others are one bar."""
ROWS: Final = 200
"""Rows of a table; how many there are stands below it."""
TRAININGS: Final = 50
EPOCHS: Final = 200
"""Points of a learning curve."""
POINTS: Final = 3_000
"""Tracks on the map."""
MIXES: Final = 6
SEGMENTS: Final = 300
"""Pieces of one mix."""
LETTERS: Final = 200
"""Of a title, an artist or a label anywhere on the page."""
