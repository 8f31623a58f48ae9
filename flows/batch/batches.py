"""Work goes out in batches, so that orchestration costs little beside the work itself."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

Item = TypeVar("Item")


def batches(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    """The items in lists of `size`, the last one shorter; takes no more from `items` than it has to."""
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch
