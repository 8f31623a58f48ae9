"""The base of all tables: names of constraints, and column types that several tables use."""

from datetime import datetime
from typing import Annotated, Any

from sqlalchemy import BigInteger, DateTime, ForeignKey, Identity, MetaData, Numeric, String, Text, func
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import DeclarativeBase, mapped_column

NAMING = {
    "pk": "pk_%(table_name)s",
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
}


class Base(DeclarativeBase):
    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map = {  # noqa: RUF012  (SQLAlchemy declares it so)
        int: BigInteger,
        str: Text,
        datetime: DateTime(timezone=True),
        dict[str, Any]: JSONB,
        list[dict[str, Any]]: JSONB,
        list[str]: JSONB,
        list[int]: ARRAY(BigInteger),
    }


Id = Annotated[int, mapped_column(Identity(always=True), primary_key=True, comment="Primary key.")]
TrackKey = Annotated[
    int, mapped_column(ForeignKey("tracks.id", ondelete="CASCADE"), primary_key=True, comment="The track.")
]
FlowRunId = Annotated[str, mapped_column(comment="Id of the Prefect flow run.")]
TempoBpm = Annotated[float, mapped_column(comment="Tempo in beats per minute; null where there is none.")]
Sha256 = Annotated[str, mapped_column(String(64))]
Seconds = Annotated[float, mapped_column(Numeric(12, 3, asdecimal=False))]
SetNow = Annotated[datetime, mapped_column(server_default=func.now())]


def one_of(column: str, *values: str) -> str:
    """The SQL of a CHECK that a column holds one of a few words."""
    words = ", ".join(f"'{value}'" for value in values)
    return f"{column} IN ({words})"
