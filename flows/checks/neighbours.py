"""The check that similar tracks can be searched for: pgvector, a model in use, and its embeddings."""

from typing import Final

from sqlalchemy import Connection

from common.errors import LabelscopeError
from db import read
from flows.checks.no_champion import NoModelError

OLDEST: Final = "0.8"  # pgvector with iterative scans, which go on where a filter leaves too few rows


class NeighbourError(LabelscopeError):
    """The search for similar tracks is not possible. The message has the reason and the cure."""


def require_neighbours(connection: Connection) -> None:
    """Raises NeighbourError where there are no embeddings, and NoModelError where no model is in use."""
    if not read.embeddings.is_there(connection):
        raise NeighbourError(f"Neighbours need pgvector, {OLDEST} or newer: {_cure(connection)}.")
    champion = read.learning.champion(connection)
    if champion is None:
        raise NoModelError
    if not read.embeddings.has_embeddings(connection, champion.model_id):
        raise NeighbourError(
            f"Model {champion.model_id} has no embedding of a track yet: run `labelscope predict`."
        )


def _cure(connection: Connection) -> str:
    """The steps to usable embeddings, depending on the state of the extension."""
    then = "`labelscope db upgrade`, then `labelscope predict`"
    version = read.embeddings.installed_version(connection)
    if version is None and not read.embeddings.is_available(connection):
        return f"install it in this PostgreSQL (a package such as postgresql-18-pgvector), then run {then}"
    if version is None:
        how = "`labelscope db psql -- -c 'CREATE EXTENSION vector'`"
        return f"as a superuser run {how}, then as the owner {then}"
    if [int(number) for number in version.split(".")[:2]] < [int(number) for number in OLDEST.split(".")]:
        how = "`labelscope db psql -- -c 'ALTER EXTENSION vector UPDATE'`"
        return f"this database has {version}; install a newer one, as a superuser run {how}, then as the owner {then}"
    return f"it is installed, so run {then}"
