"""One colour for each label, the same in every plot, and distinct for people with colour blindness.

Seven are those of Okabe and Ito ("Color Universal Design", 2008), three of Tol's "muted" scheme. With more labels the
colours repeat; plots show names, too.
"""

from typing import Final

COLOURS: Final = (
    "#0072b2",  # blue
    "#e69f00",  # orange
    "#009e73",  # green
    "#cc79a7",  # pink
    "#56b4e9",  # sky
    "#d55e00",  # vermilion
    "#f0e442",  # yellow
    "#332288",  # indigo
    "#882255",  # wine
    "#999933",  # olive
)
UNKNOWN: Final = "#bdbdbd"  # grey: like none of the labels


def colour_of(position: int | None) -> str:
    """The colour of a label, `#rrggbb`, by its position among the labels of the database; None is unknown."""
    return UNKNOWN if position is None else COLOURS[position % len(COLOURS)]
