"""Colours of labels, by their order: the same label has the same colour in every picture."""

from typing import Final

UNKNOWN: Final = "#9a9a9a"
"""Of tracks that have no label, or an unknown one."""

# Told apart by those who confuse red and green as well: Okabe and Ito, "Color universal design" (2008), and then
# those of Paul Tol's "muted" scheme (2021) that are none of them.
COLOURS: Final = (
    *("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#f0e442"),
    *("#332288", "#882255", "#999933", "#44aa99", "#117733", "#ddcc77", "#aa4499"),
)


def colour_of(index: int | None) -> str:
    """The colour of the label at this place of the order, as #rrggbb; they begin anew after the last. None: unknown."""
    return UNKNOWN if index is None else COLOURS[index % len(COLOURS)]
