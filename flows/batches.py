"""Work goes out in batches, so that orchestration costs little beside the work itself."""

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any, TypeVar

Item = TypeVar("Item")


def batches(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    """The items in lists of `size`, the last one shorter; takes no more from `items` than it has to."""
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch


def range_of(ids: str) -> Callable[[dict[str, Any]], str]:
    """Names a task run by the first and the last of its parameter `ids`: "clip_ids 33 to 64"."""

    def name(parameters: dict[str, Any]) -> str:
        return f"{ids} {parameters[ids][0]} to {parameters[ids][-1]}"

    return name
