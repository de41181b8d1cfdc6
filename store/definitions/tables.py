"""Published definitions."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    ForeignKey,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from store.base.tables import Base, JsonObject, uuid_key


class DefinitionVersion(Base):
    """An immutable, hashed version of a definition."""

    __tablename__ = "definition_versions"
    __table_args__ = (UniqueConstraint("definition", "version"),)

    id: Mapped[UUID] = uuid_key()
    definition: Mapped[str]
    version: Mapped[int]
    hash: Mapped[str] = mapped_column(index=True)
    title: Mapped[str]
    content: Mapped[JsonObject]
    source: Mapped[str]
    published_at: Mapped[datetime]
    published_by_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
