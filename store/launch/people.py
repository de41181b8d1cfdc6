"""Who takes part in a cycle that is to be launched, and who would hold which task."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from definitions import expressions
from definitions.models import Definition, Stage
from domain.states import Desk, Role
from store.cycles.audience import Reason, subjects_in_batches
from store.cycles.participants import is_false
from store.people.company import desk_members
from store.people.reporting_lines import CURRENT_LINES


@dataclass(frozen=True, slots=True)
class Member:
    """A participant as the check sees them. Managers are those of the launch date."""

    person_id: int
    name: str
    reason: str
    email: str
    refused: bool
    office: str | None
    manager_id: int | None
    manager_2_id: int | None


async def read_members(conn: AsyncConnection, cycle_id: UUID, on: date) -> list[Member]:
    """Read the participants with their managers as of the launch date."""
    rows = await conn.execute(
        text(
            f"WITH line AS ({CURRENT_LINES})"
            " SELECT p.id, p.first_name || ' ' || p.last_name, i.reason, p.email,"
            " p.address_refused_at IS NOT NULL, p.office, coalesce(i.reviewer_id, m.manager_id),"
            " m2.manager_id FROM participants i JOIN people p ON p.id = i.person_id"
            " LEFT JOIN line m ON m.person_id = p.id"
            " LEFT JOIN line m2 ON m2.person_id = m.manager_id"
            " WHERE i.cycle_id = :cycle AND i.state = 'in' ORDER BY p.last_name, p.id"
        ),
        {"cycle": cycle_id, "on": on},
    )
    return [Member(*row) for row in rows]


Holders = Mapping[str, Mapping[int, int | None]]
"""By stage: who would hold the task about each subject; nobody: it needs an assignee."""


async def read_holders(
    conn: AsyncConnection, definition: Definition, members: Sequence[Member], on: date
) -> Holders:
    """Say who would hold each stage's task about each participant."""
    left_out = await _left_out(conn, definition, members, on)
    desk = await desk_members(conn, Desk.HR, on)
    return {
        stage.id: {
            member.person_id: _holder(stage, member, desk)
            for member in members
            if (stage.id, member.person_id) not in left_out
        }
        # Who rates is known by their requests alone (`launch_rounds`).
        if not stage.traits.private
        else {}
        for stage in definition.stages
    }


def _holder(stage: Stage, member: Member, desk: Sequence[int]) -> int | None:
    match stage.assignee:
        case Role.SUBJECT:
            return member.person_id
        case Role.MANAGER:
            return member.manager_id
        case Role.MANAGER_2:
            return member.manager_2_id
        case _:
            return desk[0] if desk else None


async def _left_out(
    conn: AsyncConnection, definition: Definition, members: Sequence[Member], on: date
) -> set[tuple[str, int]]:
    """Stages that do not exist for a subject: as `participants.skip_missing_stages` will write."""
    managed = [s.id for s in definition.stages if s.assignee in (Role.MANAGER, Role.MANAGER_2)]
    alone = [m.person_id for m in members if m.reason == Reason.SELF_ONLY]
    found = {(stage, person) for stage in managed for person in alone}
    conditional = [stage for stage in definition.stages if stage.when]
    if conditional and members:
        conditions = [(stage.id, expressions.compile(stage.when or "")) for stage in conditional]
        people = [member.person_id for member in members]
        async for batch in subjects_in_batches(conn, on, people):
            found |= {
                (key, subject.person_id)
                for key, condition in conditions
                for subject in batch
                if is_false(condition, subject)
            }
    return found


def everybody(members: Iterable[Member], holders: Holders) -> set[int]:
    """Everybody who takes part or would hold a task."""
    people = {member.person_id for member in members}
    for held in holders.values():
        people |= {person for person in held.values() if person is not None}
    return people


async def names_of(conn: AsyncConnection, people: Sequence[int]) -> dict[int, str]:
    """Read full names."""
    rows = await conn.execute(
        text(
            "SELECT id, first_name || ' ' || last_name FROM people"
            " WHERE id = ANY(CAST(:ids AS bigint[]))"
        ),
        {"ids": list(people)},
    )
    return {row[0]: row[1] for row in rows}
