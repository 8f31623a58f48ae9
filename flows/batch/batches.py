"""Batches, which keep the overhead of a Prefect task small beside the work in it."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

Item = TypeVar("Item")


def batches(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    """Yields the items in lists of `size`, the last one shorter. Reads `items` one batch at a time."""
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch
