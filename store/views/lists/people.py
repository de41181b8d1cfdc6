"""Worker records, a page at a time."""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.errors import NotFound
from store.base.search_patterns import patterns


@dataclass(frozen=True, slots=True)
class PersonItem:
    """A worker record with the manager of today. `email_refused`: HR must mend the address."""

    id: int
    employee_id: str
    first_name: str
    last_name: str
    email: str
    hire_date: date
    job_title: str | None
    department: str | None
    office: str | None
    country: str | None
    status: str
    left_on: date | None
    manager_id: int | None
    calendar: str | None
    zone: str | None
    address_refused_at: datetime | None


COLLEAGUE = "p.status <> 'external'"
"""Of `people p`: not those asked from outside. Only whoever named them sees who they are."""

_PERSON = """
    p.id, p.employee_id, p.first_name, p.last_name, p.email, p.hire_date, p.job_title,
    p.department, p.office, p.country, p.status, p.left_on, l.manager_id, r.calendar, r.zone,
    p.address_refused_at
    FROM people p LEFT JOIN profiles r ON r.id = p.profile_id
    LEFT JOIN reporting_lines l ON l.person_id = p.id AND l.valid_from <= :on
      AND (l.valid_to IS NULL OR l.valid_to > :on)
"""


async def get_person(conn: AsyncConnection, person_id: int, on: date) -> PersonItem:
    """One record. Raises NotFound."""
    row = (
        await conn.execute(
            text(f"SELECT {_PERSON} WHERE p.id = :id AND {COLLEAGUE}"), {"id": person_id, "on": on}
        )
    ).one_or_none()
    if row is None:
        raise NotFound(f"There is no person {person_id}.")
    return PersonItem(*row)


async def list_people(
    conn: AsyncConnection,
    *,
    on: date,
    search: str | None,
    status: str | None,
    after: int,
    limit: int,
) -> list[PersonItem]:
    """People by id, those above `after`. `search`: words of name, address or employee id."""
    rows = await conn.execute(
        text(
            f"SELECT {_PERSON} WHERE p.id > :after AND {COLLEAGUE}"
            " AND (CAST(:status AS text) IS NULL OR p.status = :status)"
            " AND concat_ws(' ', p.first_name, p.last_name, p.email, p.employee_id)"
            " ILIKE ALL (CAST(:words AS text[]))"
            " ORDER BY p.id LIMIT :limit"
        ),
        {
            "on": on,
            "after": after,
            "status": status,
            "words": patterns(search or ""),
            "limit": limit,
        },
    )
    return [PersonItem(*row) for row in rows]
