"""A cycle for people whom HR chose by name, instead of everybody whom the definition means."""

from collections.abc import Collection, Sequence
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.errors import Invalid
from domain.states import PersonStatus
from store.base.arrays import literal

MOST_NAMED = 20
"""So many ids are written out in the sentence of an error; its `problems` have them all."""


async def choose_people(conn: AsyncConnection, cycle_id: UUID, people: Sequence[int]) -> int:
    """Write down who alone may take part in a cycle. Returns how many they are.

    Somebody given twice counts once. Raises Invalid that names, all at once, everybody who does
    not exist or has left; and Invalid if nobody is given: such a cycle could have no participant.
    """
    if not people:
        message = "Choose at least one person."
        raise Invalid(message, ({"field": "people", "code": "required", "message": message},))
    wanted = list(dict.fromkeys(people))
    rows = await conn.execute(
        text("SELECT id, status FROM people WHERE id = ANY(CAST(:ids AS bigint[]))"),
        {"ids": literal(wanted)},
    )
    status: dict[int, str] = dict(rows.all())
    problems: list[dict[str, object]] = []
    # Raters from outside are no people of the company: whoever asks for one learns nothing.
    unknown = [i for i in wanted if status.get(i) not in (PersonStatus.ACTIVE, PersonStatus.LEFT)]
    for code, said, ids in (
        ("unknown", "There is no person", unknown),
        ("left", "Have left:", [i for i in wanted if status.get(i) == PersonStatus.LEFT]),
    ):
        if ids:
            message = f"{said} {_listed(ids)}."
            problems.append({"field": "people", "code": code, "message": message, "people": ids})
    if problems:
        raise Invalid(" ".join(str(p["message"]) for p in problems), tuple(problems))
    await conn.execute(
        text(
            "INSERT INTO chosen_people (cycle_id, person_id)"
            " SELECT :cycle, unnest(CAST(:ids AS bigint[])) ON CONFLICT DO NOTHING"
        ),
        {"cycle": cycle_id, "ids": literal(wanted)},
    )
    return len(wanted)


async def chosen_people(conn: AsyncConnection, cycle_id: UUID) -> frozenset[int] | None:
    """Who alone may take part, as HR chose; none: everybody whom the definition means."""
    rows = await conn.execute(
        text("SELECT person_id FROM chosen_people WHERE cycle_id = :cycle"), {"cycle": cycle_id}
    )
    return frozenset(rows.scalars()) or None


async def is_by_name(conn: AsyncConnection, cycle_id: UUID) -> bool:
    """Whether HR chose who takes part."""
    return bool(
        await conn.scalar(
            text("SELECT EXISTS (SELECT 1 FROM chosen_people WHERE cycle_id = :cycle)"),
            {"cycle": cycle_id},
        )
    )


def _listed(ids: Collection[int]) -> str:
    shown = ", ".join(str(each) for each in [*ids][:MOST_NAMED])
    more = len(ids) - MOST_NAMED
    return f"{shown} and {more} more" if more > 0 else shown
