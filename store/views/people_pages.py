"""Worker records by name, with the names of managers."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from store.base.search_patterns import patterns


@dataclass(frozen=True, slots=True)
class PersonRow:
    """A worker record as the list shows it."""

    id: int
    name: str
    first_name: str
    last_first: str
    email: str
    job_title: str | None
    department: str | None
    office: str | None
    manager: str | None
    status: str
    refused: bool


async def people_rows(
    conn: AsyncConnection,
    on: date,
    *,
    search: str = "",
    status: str = "",
    department: str = "",
    after: tuple[str, int] = ("", 0),
    limit: int = 100,
) -> list[PersonRow]:
    """People by last name. `status`: active, left, refused (an address that refused mail)."""
    rows = await conn.execute(
        text(
            """
            SELECT p.id, p.first_name || ' ' || p.last_name, p.first_name,
              p.last_name || ' ' || p.first_name, p.email, p.job_title, p.department, p.office,
              m.first_name || ' ' || m.last_name, p.status, p.address_refused_at IS NOT NULL
            FROM people p LEFT JOIN reporting_lines l ON l.person_id = p.id AND l.valid_from <= :on
              AND (l.valid_to IS NULL OR l.valid_to > :on)
            LEFT JOIN people m ON m.id = l.manager_id
            WHERE p.status <> 'external'
              AND concat_ws(' ', p.first_name, p.last_name, p.department, p.email, p.employee_id)
                ILIKE ALL (CAST(:words AS text[]))
              AND (:status = '' OR (:status = 'refused' AND p.address_refused_at IS NOT NULL)
                   OR p.status = :status)
              AND (:department = '' OR p.department = :department)
              AND (p.last_name || ' ' || p.first_name, p.id) > (:name, :id)
            ORDER BY p.last_name || ' ' || p.first_name, p.id LIMIT :limit
            """
        ),
        {
            "on": on,
            "words": patterns(search),
            "status": status,
            "department": department,
            "name": after[0],
            "id": after[1],
            "limit": limit,
        },
    )
    return [PersonRow(*row) for row in rows]


@dataclass(frozen=True, slots=True)
class PeopleCounts:
    """How many are at work, and how many of them cannot be mailed; the departments by name."""

    active: int
    refused: int
    departments: tuple[str, ...]


async def people_counts(conn: AsyncConnection) -> PeopleCounts:
    """Count the company."""
    row = (
        await conn.execute(
            text(
                """
                SELECT count(*), count(*) FILTER (WHERE address_refused_at IS NOT NULL),
                  array_agg(DISTINCT department ORDER BY department)
                    FILTER (WHERE department IS NOT NULL)
                FROM people WHERE status = 'active'
                """
            )
        )
    ).one()
    return PeopleCounts(row[0], row[1], tuple(row[2] or ()))


async def address_of(conn: AsyncConnection, person_id: int) -> str | None:
    """The mail address by which somebody can be named in a form."""
    found: str | None = await conn.scalar(
        text("SELECT email FROM people WHERE id = :id"), {"id": person_id}
    )
    return found


async def find_people(conn: AsyncConnection, given: str) -> list[int]:
    """Whoever is at work by this mail address, employee id or full name; at most two."""
    rows = await conn.execute(
        text(
            """
            SELECT id FROM people WHERE status = 'active' AND (lower(email) = lower(:given)
              OR employee_id = :given OR lower(first_name || ' ' || last_name) = lower(:given))
            ORDER BY id LIMIT 2
            """
        ),
        {"given": given},
    )
    return list(rows.scalars())
