"""What the pages of definitions say beside the definitions themselves."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection


async def cycles_by_definition(conn: AsyncConnection) -> dict[str, int]:
    """How many cycles of each definition were launched."""
    rows = await conn.execute(
        text(
            "SELECT definition, count(*) FROM cycles "
            "WHERE opened_at IS NOT NULL GROUP BY definition"
        )
    )
    return {row[0]: row[1] for row in rows}


async def names_of(conn: AsyncConnection, ids: Sequence[int | None]) -> dict[int, str]:
    """Full names by person id."""
    rows = await conn.execute(
        text(
            "SELECT id, first_name || ' ' || last_name FROM people"
            " WHERE id = ANY(CAST(:ids AS bigint[]))"
        ),
        {"ids": [each for each in ids if each is not None]},
    )
    return {row[0]: row[1] for row in rows}


@dataclass(frozen=True, slots=True)
class CompanySource:
    """The company file that holds: its text, when it was saved, and by whom."""

    source: str
    saved_at: datetime
    saved_by_id: int | None


async def company_source(conn: AsyncConnection) -> CompanySource | None:
    """The latest company file, if any was saved."""
    row = (
        await conn.execute(
            text(
                "SELECT source, saved_at, saved_by_id FROM company_settings "
                "ORDER BY id DESC LIMIT 1"
            )
        )
    ).one_or_none()
    return None if row is None else CompanySource(*row)
