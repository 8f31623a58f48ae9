"""Whether work can go where LABELSCOPE_DASK says: asked before anything is started, without Prefect or Dask."""

from importlib.util import find_spec
from typing import Final

from common.errors import LabelscopeError
from config.settings import Settings

LOCAL: Final = "local"  # in place of an address: a cluster on this machine, for as long as it is needed


class ClusterError(LabelscopeError):
    """Batches cannot be sent to a cluster; the sentence says what helps."""


def check_cluster(settings: Settings) -> None:
    """Raises ClusterError where the setting cannot be followed."""
    if settings.dask is None:
        return
    if settings.dask != LOCAL and "://" not in settings.dask:
        raise ClusterError(
            f"LABELSCOPE_DASK is {settings.dask!r}; write the scheduler's address, such as tcp://host:8786, or {LOCAL}."
        )
    if find_spec("prefect_dask") is None:
        raise ClusterError("LABELSCOPE_DASK needs what the extra brings: pip install 'labelscope[dask]'.")
    if settings.dask != LOCAL and settings.database_url is None:
        raise ClusterError(
            "LABELSCOPE_DASK names a cluster, which cannot reach the PostgreSQL in this home; set DATABASE_URL."
        )
