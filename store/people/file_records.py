"""Turn the cells of a people file into worker records, and say everything that is wrong.

Pure: what can be judged from the file alone, and against a summary of who is known already.
"""

import re
from collections import defaultdict
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from zoneinfo import available_timezones

from domain.states import PersonStatus
from domain.texts import is_one_line, readable
from store.people.file import PeopleFile, Row, read_people_file
from store.people.file_columns import (
    DATE_FORMATS,
    MANAGERS,
    ColumnMapping,
    ImportProblem,
    in_mapping,
)
from store.people.file_dates import formats_of, looks_like, read_date
from store.people.file_managers import Known, bare, loops, managers_of, people_of

EARLIEST_HIRE = date(1940, 1, 1)
FURTHEST_HIRE_DAYS = 731  # contracts are signed ahead, but not by decades
LONGEST_TEXT = 200
MOST_PROJECTS = 50
LONGEST_ADDRESS = 254  # RFC 5321

_ADDRESS = re.compile(
    r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@"
    r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
    r"(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?)+"
)
_SHEET_ERRORS = frozenset(
    ("#REF!", "#N/A", "#NAME?", "#VALUE!", "#DIV/0!", "#NULL!", "#NUM!", "#SPILL!", "#CALC!")
)
_SHORTENED = re.compile(r"-?\d(?:[.,]\d+)?E\+\d+", re.IGNORECASE)
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_STATUS = {
    "active": PersonStatus.ACTIVE,
    "employed": PersonStatus.ACTIVE,
    "left": PersonStatus.LEFT,
    "inactive": PersonStatus.LEFT,
    "terminated": PersonStatus.LEFT,
}


def is_address(value: str) -> bool:
    """Whether this can be a mail address."""
    return (
        len(value) <= LONGEST_ADDRESS
        and _ADDRESS.fullmatch(value) is not None
        and ".." not in value
    )


@dataclass(frozen=True, slots=True)
class Record:
    """A worker record as the file has it. `manager` is an employee id, or none at the top."""

    row: int
    employee_id: str
    first_name: str
    last_name: str
    email: str
    phone: str | None
    hire_date: date
    job_title: str | None
    level: str | None
    manager: str | None
    department: str | None
    office: str | None
    country: str | None
    time_zone: str | None
    work_days: tuple[int, ...] | None
    projects: tuple[str, ...]
    employment: str
    language: str
    status: PersonStatus | None
    """None: the file does not say, so the leaving day decides."""

    left_on: date | None

    @property
    def leaves(self) -> bool:
        """Whether the file says that they have left, or from when on they will have."""
        return self.status is PersonStatus.LEFT or (self.status is None and bool(self.left_on))

    @property
    def name(self) -> str:
        """First and last name."""
        return f"{self.first_name} {self.last_name}"


@dataclass(frozen=True, slots=True)
class Readings:
    """What a file says by itself: records without managers, and what is wrong in it."""

    file: PeopleFile
    records: tuple[Record, ...]
    problems: tuple[ImportProblem, ...]


def read_alone(file: PeopleFile, mapping: ColumnMapping, *, today: date) -> Readings:
    """Read the records of a file without knowing anybody; `today` bounds hire dates."""
    reader = _Reader(mapping.date_format, formats_of(file.rows), today)
    records = [reader.record(row) for row in file.rows]
    whole = tuple(record for record in records if record is not None)
    problems = [*file.problems, *reader.problems]
    problems += _twice((row.number, row.cells.get("employee_id", "")) for row in file.rows)
    problems += _shared_addresses(whole)
    return Readings(file, whole, tuple(problems))


def unknown_states(data: bytes, mapping: ColumnMapping) -> list[str]:
    """The words of the status column that mean nothing here, each once, as they stand there.

    Those to which the mapping gives a meaning stay in the list, so that it can be changed.
    """
    plain = replace(mapping, values={})
    rows = read_people_file(data, plain).rows
    found = dict.fromkeys(row.cells.get("status", "") for row in rows)
    return [word for word in found if word and word.casefold() not in _STATUS]


def with_managers(
    readings: Readings, known: Mapping[str, Known]
) -> tuple[list[Record], list[ImportProblem]]:
    """Return the records with their managers and addresses, and every problem of the file, by row.

    `known` are the people of the database by employee id.
    """
    file, whole = readings.file, with_addresses(readings.records, known)
    problems = [*readings.problems, *_addresses_of_others(whole, known)]
    if any(name in file.columns for name in MANAGERS):
        managers, unknown = managers_of(file, people_of(file, known))
        said = {(problem.row, problem.column) for problem in problems}
        problems += [each for each in unknown if (each.row, each.column) not in said]
        whole = [replace(record, manager=managers.get(record.row)) for record in whole]
        problems += loops(file.rows, managers, {e.employee_id: e.manager for e in known.values()})
    return whole, sorted(problems, key=lambda problem: (problem.row, problem.column))


class _Reader:
    """Reads rows and collects what is wrong in them."""

    def __init__(self, date_words: str, fitting: Sequence[str], today: date) -> None:
        self.problems: list[ImportProblem] = []
        self._date_format = DATE_FORMATS[date_words]
        self._date_words = date_words
        self._fitting = fitting
        self._today = today

    def record(self, row: Row) -> Record | None:
        before = len(self.problems)
        self._damaged(row)
        hire_date = self._hire_date(row)
        record = Record(
            row=row.number,
            employee_id=self._text(row, "employee_id", required=True),
            first_name=self._text(row, "first_name", required=True),
            last_name=self._text(row, "last_name", required=True),
            email=self._email(row),
            phone=self._text(row, "phone") or None,
            hire_date=hire_date or date.max,
            job_title=self._text(row, "job_title") or None,
            level=self._text(row, "level") or None,
            manager=None,
            department=self._text(row, "department") or None,
            office=self._text(row, "office") or None,
            country=self._country(row),
            time_zone=self._zone(row),
            work_days=self._work_days(row),
            projects=self._projects(row),
            employment=self._text(row, "employment").lower() or "permanent",
            language=self._language(row),
            status=self._status(row),
            left_on=self._date(row, "left_on"),
        )
        if hire_date is not None:
            record = self._leaving(record)
        return record if len(self.problems) == before else None

    def _damaged(self, row: Row) -> None:
        """Note the cells from which a spreadsheet or another program has taken the content."""
        for column, value in row.cells.items():
            if value in _SHEET_ERRORS:
                message = f"{column} holds {value}: the formula in this cell has failed."
                hint = (
                    "Correct it in the spreadsheet; or say what it means, with a mapping: "
                    f"`values: {{{column}: {{{in_mapping(value)}: ''}}}}`."
                )
                self._wrong(row, column, "sheet_error", message, hint)
            elif "\ufffd" in value:
                message = f"{column} holds the mark of a letter that another program has lost."
                hint = "Export the file again, as CSV UTF-8, without a detour over that program."
                self._wrong(row, column, "encoding", message, hint)
            elif column in ("employee_id", "manager_id") and _SHORTENED.fullmatch(value):
                message = f"{value} is a long number that a spreadsheet has shortened."
                hint = "Give the column of ids the format `Text` and save the file again."
                self._wrong(row, column, "shortened", message, hint)

    def _wrong(self, row: Row, column: str, code: str, message: str, hint: str = "") -> None:
        self.problems.append(ImportProblem(row.number, column, code, message, hint))

    def _text(self, row: Row, column: str, *, required: bool = False) -> str:
        value = row.cells.get(column, "")
        if not value and required:
            self._wrong(row, column, "missing", f"{column} is empty.", self._name_hint(row, column))
        elif len(value) > LONGEST_TEXT:
            limit = f"{column} is longer than {LONGEST_TEXT} characters."
            self._wrong(row, column, "too_long", limit)
        elif not is_one_line(value):
            # A line break in a name would end up in a mail's header.
            self._wrong(row, column, "unprintable", f"{column} holds a line break or control code.")
        return readable(value)

    @staticmethod
    def _name_hint(row: Row, column: str) -> str:
        if column not in ("first_name", "last_name") or "full_name" not in row.cells:
            return ""
        return "A full name is read as `First Last` or `Last, First`."

    def _email(self, row: Row) -> str:
        """An address, which only people who have left need not have."""
        value = row.cells.get("email", "")
        if value and not is_address(value):
            self._wrong(
                row, "email", "address", "This is not a mail address.", "Like name@example.org."
            )
        return value

    def _leaving(self, record: Record) -> Record:
        """What the day of leaving, the state and the address say of each other."""
        row = Row(record.row, {})
        if record.left_on is not None and record.left_on < record.hire_date:
            message = f"The leaving day {record.left_on} lies before the hire date."
            self._wrong(row, "left_on", "before_hire", message, "Correct one of the two.")
        if not record.email and not record.leaves:
            hint = "Only people who have left need none; their `status` or `left_on` says so."
            self._wrong(row, "email", "missing", "email is empty.", hint)
        return record

    def _hire_date(self, row: Row) -> date | None:
        if not row.cells.get("hire_date"):
            self._wrong(row, "hire_date", "missing", "hire_date is empty.")
            return None
        value = self._date(row, "hire_date")
        if value is None:
            return None
        if value < EARLIEST_HIRE:
            self._wrong(row, "hire_date", "absurd_date", f"{value} is too long ago to be true.")
        elif (value - self._today).days > FURTHEST_HIRE_DAYS:
            self._wrong(row, "hire_date", "absurd_date", f"{value} is more than two years ahead.")
        return value

    def _date(self, row: Row, column: str) -> date | None:
        value = row.cells.get(column, "")
        if not value:
            return None
        found = read_date(value, self._date_format)
        if found is None:
            others = ", ".join(words for words in DATE_FORMATS if words != self._date_words)
            hint = (
                f"Dates are written {self._date_words}; with `date_format` a mapping may name "
                f"another one: {others}."
            )
            near = looks_like(value, self._fitting)
            self._wrong(row, column, "date", f"{value!r} is not a date.", near or hint)
        return found

    def _zone(self, row: Row) -> str | None:
        value = row.cells.get("time_zone", "")
        if value and value not in _zones():
            near = _zones_without_case().get(value.lower())
            hint = f"Did you mean {near}?" if near else "Write it like Europe/Berlin."
            self._wrong(row, "time_zone", "zone", f"{value!r} is not a time zone.", hint)
        return value or None

    def _country(self, row: Row) -> str | None:
        value = row.cells.get("country", "").upper()
        if value and not re.fullmatch("[A-Z]{2}", value):
            hint = "Two letters, like DE or US."
            self._wrong(row, "country", "country", f"{value!r} is not a country code.", hint)
        return value or None

    def _language(self, row: Row) -> str:
        value = row.cells.get("language", "").lower()
        if value and not re.fullmatch("[a-z]{2,3}(-[a-z0-9]{2,8})*", value):
            self._wrong(row, "language", "language", f"{value!r} is not a language code.")
        return value or "en"

    def _work_days(self, row: Row) -> tuple[int, ...] | None:
        value = row.cells.get("work_days", "")
        days = parse_work_days(value) if value else None
        if value and days is None:
            hint = "Write `Monday to Thursday` or `Monday, Wednesday, Friday`."
            self._wrong(row, "work_days", "work_days", f"{value!r} names no days.", hint)
        return days

    def _projects(self, row: Row) -> tuple[str, ...]:
        named = [name.strip() for name in row.cells.get("projects", "").split(";")]
        projects = tuple(dict.fromkeys(name for name in named if name))
        if len(projects) > MOST_PROJECTS:
            self._wrong(
                row, "projects", "too_many", f"More than {MOST_PROJECTS} projects are named."
            )
        if any(len(name) > LONGEST_TEXT for name in projects):
            limit = f"A project is longer than {LONGEST_TEXT} characters."
            self._wrong(row, "projects", "too_long", limit)
        if not all(is_one_line(name) for name in projects):
            message = "projects holds a line break or control code."
            self._wrong(row, "projects", "unprintable", message)
        return projects

    def _status(self, row: Row) -> PersonStatus | None:
        value = row.cells.get("status", "")
        if not value:
            return None
        status = _STATUS.get(value.casefold())
        if status is None:
            hint = (
                f"One of {', '.join(_STATUS)}; or say what it means, with a mapping: "
                f"`values: {{status: {{{in_mapping(value)}: left}}}}`."
            )
            self._wrong(row, "status", "status", f"{value!r} is not a status.", hint)
        return status


def parse_work_days(value: str) -> tuple[int, ...] | None:
    """Read `Monday to Thursday` or `Mon, Wed`; 0 is Monday. None if a word is no day."""
    words = value.lower().replace("-", " to ").replace("–", " to ")
    span = [part.strip() for part in words.split(" to ")]
    if len(span) == 2:
        first, last = (_day(part) for part in span)
        if first is None or last is None:
            return None
        length = (last - first) % 7 + 1
        return tuple(sorted((first + step) % 7 for step in range(length)))
    days = [_day(part) for part in re.split(r"[\s,;/]+", words) if part and part != "and"]
    if not days or None in days:
        return None
    return tuple(sorted({day for day in days if day is not None}))


def _day(word: str) -> int | None:
    found = [number for number, day in enumerate(_DAYS) if day.startswith(word) and len(word) >= 2]
    return found[0] if len(found) == 1 else None


@lru_cache(maxsize=1)
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


@lru_cache(maxsize=1)
def _zones_without_case() -> Mapping[str, str]:
    return {zone.lower(): zone for zone in _zones()}


def _twice(ids: Iterable[tuple[int, str]]) -> list[ImportProblem]:
    first: dict[str, int] = {}
    problems = []
    for number, value in ids:
        if value and value in first:
            message = f"The same employee id stands in row {first[value]}."
            problems.append(ImportProblem(number, "employee_id", "duplicate", message))
        elif value:
            first[value] = number
    return problems


def near_duplicates(records: Sequence[Record], known: Iterable[str]) -> list[ImportProblem]:
    """Warnings about ids that differ in what a spreadsheet changes: two people, or a slip."""
    others: dict[str, set[str]] = defaultdict(set)
    for employee_id in (*known, *(record.employee_id for record in records)):
        others[bare(employee_id)].add(employee_id)
    return [
        ImportProblem(
            record.row,
            "employee_id",
            "near_duplicate",
            f"{record.employee_id} differs from {', '.join(near)} in case, zeros or `.0` alone.",
            "They are two people here. A spreadsheet drops leading zeros from columns of numbers.",
        )
        for record in records
        if (near := sorted(others[bare(record.employee_id)] - {record.employee_id}))
    ]


def _shared_addresses(records: Sequence[Record]) -> list[ImportProblem]:
    """Two people at work with one address. Somebody who has left gives it up."""
    first: dict[str, int] = {}
    problems = []
    for record in records:
        address = record.email.lower()
        if not address or record.leaves:
            continue
        if address in first:
            message = f"The same mail address stands in row {first[address]}."
            problems.append(ImportProblem(record.row, "email", "duplicate", message))
        first.setdefault(address, record.row)
    return problems


def with_addresses(records: Sequence[Record], known: Mapping[str, Known]) -> list[Record]:
    """The records, leavers with the address that is left to them.

    An address goes from somebody who has left to somebody who needs it; of two who have left, the
    later row keeps it. Without one in the file a leaver keeps the one that is known.
    """
    mine = {record.employee_id for record in records}
    taken = {record.email.lower() for record in records if not record.leaves}
    taken |= {each.email.lower() for each in known.values() if _holds(each, mine)}
    settled: list[Record] = []
    for record in reversed(records):
        if record.leaves:
            before = known.get(record.employee_id)
            address = record.email or (before.email if before else "")
            record = replace(record, email="" if address.lower() in taken else address)
            taken.add(address.lower())
        settled.append(record)
    return settled[::-1]


def _holds(each: Known, mentioned: Container[str]) -> bool:
    return each.active and each.employee_id not in mentioned


def _addresses_of_others(
    records: Sequence[Record], known: Mapping[str, Known]
) -> list[ImportProblem]:
    """A mail address of somebody at work whom the file does not mention belongs to them."""
    mentioned = {record.employee_id for record in records}
    taken = {e.email.lower(): e for e in known.values() if e.email and _holds(e, mentioned)}
    problems = []
    for record in records:
        owner = taken.get(record.email.lower())
        if owner is None or owner.employee_id == record.employee_id:
            continue
        message = (
            f"The address belongs to employee {owner.employee_id}, who is active and not in the "
            "file."
        )
        hint = "Give one of them another address, or mark the other as left."
        if bare(owner.employee_id) == bare(record.employee_id):
            hint = (
                f"{record.employee_id} may be {owner.employee_id}: save the column of employee ids "
                "as text, so that zeros and letters stay as they are."
            )
        problems.append(ImportProblem(record.row, "email", "address_taken", message, hint))
    return problems
