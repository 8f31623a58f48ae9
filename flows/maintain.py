"""placeholder replaced below"""
from prefect import flow


@flow(name="maintain")
def maintain(repair: bool = False) -> None:
    """x"""
