"""What stands above every page: the reader's name and how much waits for them."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.access import Reader
from store.access.facts import hidden_cases
from store.people.leaves import holds_now


@dataclass(frozen=True, slots=True)
class Header:
    """The name, the company's zone, and the number of tasks that wait."""

    name: str
    company_zone: str | None
    waiting: int


HOLDS = f"""
    (t.assignee_id = :person
     OR (t.assignee_id IN (SELECT l.person_id FROM leaves l WHERE l.delegate_id = :person
           AND {holds_now("l")})
         AND t.subject_id IS DISTINCT FROM :person AND t.role <> 'rater')
     OR (:desk AND t.desk = 'hr'
         AND (t.subject_id IS NULL OR t.subject_id <> ALL(CAST(:hidden AS bigint[])))))
"""
"""Whose task it is to do now; with the parameters of `holder`. Nobody stands in for a rater."""


def holder(reader: Reader, now: datetime) -> dict[str, object]:
    """The parameters of `HOLDS`."""
    return {
        "person": reader.person_id,
        "now": now,
        "desk": reader.is_hr,
        "hidden": hidden_cases(reader),
    }


async def header(conn: AsyncConnection, reader: Reader, now: datetime) -> Header:
    """Read the header for somebody who is signed in."""
    row = (
        await conn.execute(
            text(
                f"""
                SELECT p.first_name || ' ' || p.last_name,
                  (SELECT content ->> 'zone' FROM company_settings ORDER BY id DESC LIMIT 1),
                  (SELECT count(*) FROM tasks t JOIN cycles c ON c.id = t.cycle_id
                   WHERE t.state = 'open' AND c.state IN ('open', 'paused') AND {HOLDS})
                FROM people p WHERE p.id = :person
                """
            ),
            holder(reader, now),
        )
    ).one()
    return Header(row[0], row[1], row[2])


async def company_zone(conn: AsyncConnection) -> str | None:
    """The company's zone, for pages before anybody is signed in."""
    zone: str | None = await conn.scalar(
        text("SELECT content ->> 'zone' FROM company_settings ORDER BY id DESC LIMIT 1")
    )
    return zone
