"""Import people from a CSV file: all of it, or nothing and a list of what is wrong.

The same file a second time changes nothing. People whom the file does not mention are reported,
never deleted; on request they are marked as left.
"""

import asyncio
import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime
from typing import Any, Literal

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.access import Actor
from domain.errors import IllegalState, Invalid
from domain.states import PersonStatus
from store.access.person_changes import follow_changes, stand
from store.base import audit
from store.base.arrays import literal
from store.base.statistics import MANY, know_sizes
from store.changes.calendars import shift_dates, times_of_holders
from store.changes.leavers import settle_leavers
from store.changes.people_bells import people_changed
from store.mail.refused_addresses import queue_missed
from store.people.company import company
from store.people.file import PeopleFile, read_people_file
from store.people.file_columns import MANAGERS, REQUIRED, ColumnMapping, ImportProblem
from store.people.file_managers import Known
from store.people.file_records import Readings, Record, near_duplicates, read_alone, with_managers
from store.people.reporting_lines import CURRENT_LINES, LineChange, set_managers
from store.people.times import lock_people, refresh_profiles


@dataclass(frozen=True, slots=True)
class ImportResult:
    """What an import did, or would do. Lists hold employee ids."""

    rows: int
    encoding: str
    delimiter: str
    columns: dict[str, str]
    effective_on: date
    new: tuple[str, ...]
    changed: tuple[str, ...]
    unchanged: int
    manager_changes: tuple[str, ...]
    returned: tuple[str, ...]
    left: tuple[str, ...]
    missing: tuple[str, ...]
    new_profiles: int  # people whose calendar or zone is another one now
    ignored: tuple[str, ...] = ()  # headings of columns that were not read
    warnings: tuple[ImportProblem, ...] = ()  # they stopped nothing
    dry_run: bool = False

    @property
    def changes_anything(self) -> bool:
        """False if the database says already what the file says."""
        return bool(self.new or self.changed or self.manager_changes or self.left)

    def as_dict(self) -> dict[str, Any]:
        """The same as JSON-able values."""
        return {**asdict(self), "effective_on": self.effective_on.isoformat()}


async def import_people(
    conn: AsyncConnection,
    data: bytes,
    *,
    mapping: ColumnMapping | None = None,
    effective_on: date,
    actor: Actor,
    now: datetime,
    missing: Literal["report", "leave"] = "report",
    dry_run: bool = False,
) -> ImportResult:
    """Bring people and reporting lines to what the file says.

    `effective_on` is the day from which changed managers hold. The first manager of a new
    person holds from the hire date. `missing="leave"` marks whoever the file does not mention
    as left on `effective_on`. `dry_run` does everything and takes it back.

    Raises Invalid with every problem (row, column, code, message, hint); nothing is changed
    then. Idempotent. Wakes the cycles concerned after the commit.
    """
    # Before anything is asked of the database: reading takes long, and nobody is to wait for it.
    readings = await asyncio.to_thread(_read, data, mapping or ColumnMapping(), now.date())
    if not dry_run:
        return await _apply(conn, readings, effective_on, actor, now, missing)
    attempt = await conn.begin_nested()
    try:
        result = await _apply(conn, readings, effective_on, actor, now, missing)
    finally:
        await attempt.rollback()
    return replace(result, dry_run=True)


async def add_person(
    conn: AsyncConnection, columns: Mapping[str, object], *, actor: Actor, now: datetime
) -> int:
    """Add one person, or correct them: columns as in a people file. Returns the person's id.

    Raises Invalid with every problem.
    """
    cells = {name: "" if value is None else str(value) for name, value in columns.items()}
    line = io.StringIO()
    writer = csv.DictWriter(line, list(cells))
    writer.writeheader()
    writer.writerow(cells)
    data = line.getvalue().encode()
    await import_people(conn, data, effective_on=now.date(), actor=actor, now=now)
    person = await conn.scalar(
        text("SELECT id FROM people WHERE employee_id = :id"), {"id": cells["employee_id"]}
    )
    return int(person)


def _read(data: bytes, mapping: ColumnMapping, today: date) -> Readings:
    return read_alone(read_people_file(data, mapping), mapping, today=today)


async def _apply(
    conn: AsyncConnection,
    readings: Readings,
    effective_on: date,
    actor: Actor,
    now: datetime,
    missing: Literal["report", "leave"],
) -> ImportResult:
    await lock_people(conn)
    file = readings.file
    known = await _known(conn, effective_on)
    records, problems = with_managers(readings, known)
    if problems:
        raise Invalid(
            f"The file has {_counted(len(problems))}; nothing was imported. {_read_as(file)}",
            tuple(problem.as_dict() for problem in problems),
        )
    today = now.date()
    columns = frozenset(file.columns)
    records = [
        _employed(record, known.get(record.employee_id), columns, effective_on, today)
        for record in records
    ]
    absent = _absent(records, known)
    leavers = absent if missing == "leave" else []
    picture = await stand(conn, effective_on)
    before = await times_of_holders(conn)
    new, changed, returned = await _write(conn, records, columns, known, now)
    lines = await _write_lines(conn, records, columns, known, new, effective_on)
    await mark_left(conn, leavers, effective_on, now)
    if len(records) >= MANY:
        await know_sizes(conn, "people", "reporting_lines")
    rows = {record.employee_id: record.row for record in records}
    await follow_changes(conn, picture, actor=actor, now=now, rows=rows)
    moved = await _refresh(conn, today)
    # Whose leaving day has begun is asked where each person is, once their zones are known.
    await settle_leavers(conn, now)
    if moved:
        await shift_dates(conn, before, cause="profile", actor_id=actor.person_id, now=now)
    await queue_missed(conn, [known[each].person_id for each in changed], now)
    left = [each.employee_id for each in leavers] + _leaving(records, known)
    result = ImportResult(
        rows=len(records),
        encoding=file.encoding,
        delimiter=file.delimiter,
        columns=dict(file.columns),
        effective_on=effective_on,
        new=tuple(sorted(new)),
        changed=tuple(sorted(changed)),
        unchanged=len(records) - len(new) - len(changed),
        manager_changes=tuple(sorted(lines)),
        returned=tuple(sorted(returned)),
        left=tuple(sorted(left)),
        missing=() if leavers else tuple(sorted(each.employee_id for each in absent)),
        new_profiles=len(moved),
        ignored=file.ignored,
        warnings=(*file.warnings, *near_duplicates(records, known)),
    )
    if result.changes_anything:
        counts = {
            name: len(getattr(result, name))
            for name in ("new", "changed", "manager_changes", "left")
        }
        await audit.record(
            conn,
            at=now,
            actor=actor,
            action="people_imported",
            object_type="people",
            object_id=effective_on.isoformat(),
            after=counts,
        )
        await people_changed(conn)
    return result


def _counted(problems: int) -> str:
    return "1 problem" if problems == 1 else f"{problems} problems"


def _read_as(file: PeopleFile) -> str:
    """Which columns were read as what, and which were not: said whatever became of the file."""
    read = ", ".join(f"{heading!r} as {name}" for name, heading in file.columns.items())
    unread = ", ".join(repr(heading) for heading in file.ignored)
    return f"Columns read: {read or 'none'}. Columns not read: {unread or 'none'}."


def _employed(
    record: Record, known: Known | None, columns: frozenset[str], on: date, today: date
) -> Record:
    """Decide whether somebody is active, and the day from which they are gone.

    Where the file says no state, a leaving day decides; being in a file that says neither means
    being active. A leaving day that lies ahead leaves the person active until then.
    """
    before = known.left_on if known else None
    left_on = record.left_on if "left_on" in columns else before
    if record.leaves:
        left_on = left_on or before or on
        status = PersonStatus.LEFT if left_on <= today else PersonStatus.ACTIVE
        return replace(record, status=status, left_on=left_on)
    # Active again: a leaving day in the past is a remnant.
    ahead = left_on if left_on is not None and left_on > today else None
    return replace(record, status=PersonStatus.ACTIVE, left_on=ahead)


async def _known(conn: AsyncConnection, on: date) -> dict[str, Known]:
    rows = await conn.execute(
        text(
            f"SELECT p.id, p.employee_id, p.first_name || ' ' || p.last_name, p.email,"
            f" p.status = 'active', p.left_on, m.employee_id FROM people p"
            f" LEFT JOIN ({CURRENT_LINES}) l ON l.person_id = p.id"
            f" LEFT JOIN people m ON m.id = l.manager_id"
        ),
        {"on": on},
    )
    return {row[1]: Known(*row) for row in rows}


def _absent(records: Sequence[Record], known: dict[str, Known]) -> list[Known]:
    mentioned = {record.employee_id for record in records}
    return [each for each in known.values() if each.active and each.employee_id not in mentioned]


def _leaving(records: Sequence[Record], known: dict[str, Known]) -> list[str]:
    return [
        record.employee_id
        for record in records
        if record.status is PersonStatus.LEFT
        and record.employee_id in known
        and known[record.employee_id].active
    ]


COLUMNS = {
    "first_name": "text",
    "last_name": "text",
    "email": "text",
    "phone": "text",
    "hire_date": "date",
    "job_title": "text",
    "level": "text",
    "department": "text",
    "office": "text",
    "country": "text",
    "time_zone": "text",
    "work_days": "text",
    "projects": "text",
    "employment": "text",
    "language": "text",
    "status": "text",
    "left_on": "date",
}

LISTS = {"work_days": "smallint", "projects": "text"}
"""Columns of lists: an array of arrays would have to be a rectangle, so each travels as a text."""


async def _write(
    conn: AsyncConnection,
    records: Sequence[Record],
    columns: frozenset[str],
    known: dict[str, Known],
    now: datetime,
) -> tuple[set[str], set[str], set[str]]:
    """Insert and update people in one statement. Returns the new, the changed, the returned.

    What the file has no column for stays as it is. Being in the file without a status column
    means being active.
    """
    await _free_addresses(conn, records)
    values = {name: [_value(record, name) for record in records] for name in COLUMNS}
    casts = ", ".join(f"CAST(:{name} AS {kind}[])" for name, kind in COLUMNS.items())
    names = ", ".join(COLUMNS)
    read = ", ".join(
        f"CAST({name} AS {LISTS[name]}[])" if name in LISTS else name for name in COLUMNS
    )
    always = {*REQUIRED, "status", "left_on"}
    kept = [name for name in COLUMNS if name in columns or name in always]
    pairs = ", ".join(f"{name} = excluded.{name}" for name in kept)
    was = ", ".join(f"people.{name}" for name in kept)
    will = ", ".join(f"excluded.{name}" for name in kept)
    rows = await conn.execute(
        text(
            f"INSERT INTO people (employee_id, {names}, created_at, updated_at)"
            f" SELECT employee_id, {read}, :now, :now"
            f" FROM unnest(CAST(:ids AS text[]), {casts}) AS r(employee_id, {names})"
            f" ON CONFLICT (employee_id) DO UPDATE SET {pairs}, updated_at = :now,"
            f" address_refused_at = CASE WHEN lower(people.email) = lower(excluded.email)"
            f" THEN people.address_refused_at END"
            f" WHERE ({was}) IS DISTINCT FROM ({will})"
            f" RETURNING employee_id, (xmax = 0) AS inserted, status"
        ),
        {"ids": [record.employee_id for record in records], "now": now, **values},
    )
    new: set[str] = set()
    changed: set[str] = set()
    returned: set[str] = set()
    for employee_id, inserted, status in rows:
        (new if inserted else changed).add(employee_id)
        if not inserted and status == PersonStatus.ACTIVE and not known[employee_id].active:
            returned.add(employee_id)
    return new, changed, returned


def _value(record: Record, name: str) -> object:
    if name == "work_days":
        days = record.work_days
        return None if days is None else literal(days)
    if name == "projects":
        return literal(record.projects)
    value = getattr(record, name)
    return value.value if isinstance(value, PersonStatus) else value


async def _free_addresses(conn: AsyncConnection, records: Sequence[Record]) -> None:
    """Let go of addresses that pass from one person of the file to another.

    The unique index is checked row by row, so two people who swap addresses would collide. An
    owner who is in the file gets the right address next. One who is not has left (the check made
    sure), and has none from now on: their history stays theirs, and no mail goes to them.
    """
    await conn.execute(
        text(
            "UPDATE people SET email = ''"
            " FROM unnest(CAST(:ids AS text[]), CAST(:emails AS text[])) AS r(employee_id, email)"
            " WHERE r.email <> '' AND lower(people.email) = lower(r.email)"
            " AND people.employee_id <> r.employee_id"
        ),
        {
            "ids": [record.employee_id for record in records],
            "emails": [record.email for record in records],
        },
    )


async def _write_lines(
    conn: AsyncConnection,
    records: Sequence[Record],
    columns: frozenset[str],
    known: dict[str, Known],
    new: set[str],
    on: date,
) -> list[str]:
    """Open and close reporting lines. Returns whose manager changed, new people not counted."""
    if not columns.intersection(MANAGERS):
        return []
    rows = await conn.execute(
        text("SELECT employee_id, id FROM people WHERE employee_id = ANY(CAST(:ids AS text[]))"),
        {"ids": [record.employee_id for record in records]},
    )
    ids = {row[0]: row[1] for row in rows}
    ids |= {each.employee_id: each.person_id for each in known.values()}
    await _first_lines(
        conn,
        [
            (ids[record.employee_id], ids[record.manager], min(record.hire_date, on))
            for record in records
            if record.employee_id in new and record.manager is not None
        ],
    )
    pairs = [
        (ids[record.employee_id], None if record.manager is None else ids[record.manager])
        for record in records
        if record.employee_id not in new
    ]
    changes: list[LineChange] = await set_managers(conn, pairs, on)
    employees = {person: employee for employee, person in ids.items()}
    return [employees[change.person_id] for change in changes]


async def _first_lines(conn: AsyncConnection, lines: Sequence[tuple[int, int, date]]) -> None:
    await conn.execute(
        text(
            "INSERT INTO reporting_lines (person_id, manager_id, valid_from)"
            " SELECT * FROM unnest(CAST(:persons AS bigint[]), CAST(:managers AS bigint[]),"
            " CAST(:days AS date[]))"
        ),
        {
            "persons": [line[0] for line in lines],
            "managers": [line[1] for line in lines],
            "days": [line[2] for line in lines],
        },
    )


async def mark_left(
    conn: AsyncConnection, leavers: Sequence[Known], on: date, now: datetime
) -> None:
    """Write down that people leave: `on` is the first day on which they are gone."""
    await conn.execute(
        text(
            "UPDATE people SET left_on = :on, updated_at = :now,"
            " status = CASE WHEN :on <= CAST(:today AS date) THEN 'left' ELSE 'active' END"
            " WHERE id = ANY(CAST(:ids AS bigint[])) AND status = 'active'"
        ),
        {
            "ids": [each.person_id for each in leavers],
            "on": on,
            "now": now,
            "today": now.date(),
        },
    )


async def _refresh(conn: AsyncConnection, today: date) -> list[int]:
    try:
        settings = await company(conn)
    except IllegalState:
        return []  # the company file comes next and resolves everybody
    return await refresh_profiles(conn, settings, on=today)
