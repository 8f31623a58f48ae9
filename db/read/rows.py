"""Rows as questions give them."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row

Rows = Sequence[Row[Any]]
