"""Check LABELSCOPE_DASK before anything is started, without importing Prefect or Dask."""

from importlib.util import find_spec
from typing import Final

from common.errors import LabelscopeError
from config.settings import Settings

LOCAL: Final = "local"
"""In place of an address: a cluster on this machine, for the time of a run."""


class ClusterError(LabelscopeError):
    """Batches cannot be sent to a cluster. The message is one sentence with the cure."""


def check_cluster(settings: Settings) -> None:
    """Raises ClusterError where LABELSCOPE_DASK cannot be used."""
    if settings.dask is None:
        return
    if settings.dask != LOCAL and "://" not in settings.dask:
        raise ClusterError(
            f"LABELSCOPE_DASK is {settings.dask!r}; write the scheduler's address, such as tcp://host:8786, or {LOCAL}."
        )
    if find_spec("prefect_dask") is None:
        raise ClusterError(
            "LABELSCOPE_DASK needs Dask: run pip install '.[dask]' in the clone of Labelscope."
        )
    if settings.dask != LOCAL and settings.database_url is None:
        raise ClusterError(
            "LABELSCOPE_DASK names a cluster, which cannot reach the PostgreSQL in this home; set DATABASE_URL."
        )
