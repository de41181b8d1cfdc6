"""Turn the cells of a people file into worker records, and say everything that is wrong.

Pure: what can be judged from the file alone, and against a summary of who is known already.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import lru_cache
from zoneinfo import available_timezones

from domain.states import PersonStatus
from store.people_file import DATE_FORMATS, ColumnMapping, ImportProblem, PeopleFile, Row

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
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_STATUS = {
    "": PersonStatus.ACTIVE,
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
    status: PersonStatus
    left_on: date | None

    @property
    def name(self) -> str:
        """First and last name."""
        return f"{self.first_name} {self.last_name}"


@dataclass(frozen=True, slots=True)
class Known:
    """Somebody whom the database knows already."""

    person_id: int
    employee_id: str
    name: str
    email: str
    active: bool
    left_on: date | None
    manager: str | None  # employee id of the manager on the effective day


@dataclass(frozen=True, slots=True)
class Readings:
    """What a file says by itself: records without managers, and what is wrong in it."""

    file: PeopleFile
    records: tuple[Record, ...]
    problems: tuple[ImportProblem, ...]


def read_alone(file: PeopleFile, mapping: ColumnMapping, *, today: date) -> Readings:
    """Read the records of a file without knowing anybody; `today` bounds hire dates."""
    reader = _Reader(DATE_FORMATS[mapping.date_format], mapping.date_format, today)
    records = [reader.record(row) for row in file.rows]
    problems = [*file.problems, *reader.problems]
    problems += _twice(file.rows, "employee_id", "employee id")
    problems += _twice(file.rows, "email", "mail address")
    whole = tuple(record for record in records if record is not None)
    return Readings(file, whole, tuple(problems))


def with_managers(
    readings: Readings, known: Mapping[str, Known]
) -> tuple[list[Record], list[ImportProblem]]:
    """Return the records with their managers, and every problem of the file, by row.

    `known` are the people of the database by employee id.
    """
    file, whole = readings.file, list(readings.records)
    problems = [*readings.problems, *_addresses_of_others(whole, known)]
    if "manager_id" in file.columns or "manager_email" in file.columns:
        managers, unknown = _managers(file, known)
        problems += unknown
        whole = [replace(record, manager=managers.get(record.row)) for record in whole]
        problems += _loops(file.rows, managers, known)
    return whole, sorted(problems, key=lambda problem: (problem.row, problem.column))


class _Reader:
    """Reads rows and collects what is wrong in them."""

    def __init__(self, date_format: str, date_words: str, today: date) -> None:
        self.problems: list[ImportProblem] = []
        self._date_format = date_format
        self._date_words = date_words
        self._today = today

    def record(self, row: Row) -> Record | None:
        before = len(self.problems)
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
        return record if len(self.problems) == before else None

    def _wrong(self, row: Row, column: str, code: str, message: str, hint: str = "") -> None:
        self.problems.append(ImportProblem(row.number, column, code, message, hint))

    def _text(self, row: Row, column: str, *, required: bool = False) -> str:
        value = row.cells.get(column, "")
        if not value and required:
            self._wrong(row, column, "missing", f"{column} is empty.")
        elif len(value) > LONGEST_TEXT:
            limit = f"{column} is longer than {LONGEST_TEXT} characters."
            self._wrong(row, column, "too_long", limit)
        elif not value.isprintable():
            # A line break in a name would end up in a mail's header.
            self._wrong(row, column, "unprintable", f"{column} holds a line break or control code.")
        return value

    def _email(self, row: Row) -> str:
        value = row.cells.get("email", "")
        if not value:
            self._wrong(row, "email", "missing", "email is empty.")
        elif not is_address(value):
            self._wrong(row, "email", "address", f"{value!r} is not a mail address.")
        return value

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
        try:
            return datetime.strptime(value, self._date_format).date()  # noqa: DTZ007 (a date)
        except ValueError:
            hint = f"Dates are written {self._date_words}; a mapping may name another date_format."
            self._wrong(row, column, "date", f"{value!r} is not a date.", hint)
            return None

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
        if not all(name.isprintable() for name in projects):
            message = "projects holds a line break or control code."
            self._wrong(row, "projects", "unprintable", message)
        return projects

    def _status(self, row: Row) -> PersonStatus:
        value = row.cells.get("status", "")
        status = _STATUS.get(value.lower())
        if status is None:
            hint = f"One of {', '.join(filter(None, _STATUS))}."
            self._wrong(row, "status", "status", f"{value!r} is not a status.", hint)
        return status or PersonStatus.ACTIVE


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


def _twice(rows: Iterable[Row], column: str, words: str) -> list[ImportProblem]:
    first: dict[str, int] = {}
    problems = []
    for row in rows:
        value = row.cells.get(column, "").lower()
        if value and value in first:
            message = f"The same {words} stands in row {first[value]}."
            problems.append(ImportProblem(row.number, column, "duplicate", message))
        elif value:
            first[value] = row.number
    return problems


def _addresses_of_others(
    records: Sequence[Record], known: Mapping[str, Known]
) -> list[ImportProblem]:
    """A mail address of somebody whom the file does not mention belongs to them."""
    mentioned = {record.employee_id for record in records}
    taken = {each.email.lower(): each for each in known.values()}
    problems = []
    for record in records:
        owner = taken.get(record.email.lower())
        if owner and owner.employee_id != record.employee_id and owner.employee_id not in mentioned:
            message = (
                f"The address belongs to employee {owner.employee_id}, who is not in the file."
            )
            problems.append(ImportProblem(record.row, "email", "duplicate", message))
    return problems


def _managers(
    file: PeopleFile, known: Mapping[str, Known]
) -> tuple[dict[int, str], list[ImportProblem]]:
    """Return the employee id of each row's manager, by row."""
    by_id = {row.cells.get("employee_id", "") for row in file.rows} | known.keys()
    by_email = {each.email.lower(): each.employee_id for each in known.values()}
    for row in file.rows:
        by_email[row.cells.get("email", "").lower()] = row.cells.get("employee_id", "")
    column = "manager_id" if "manager_id" in file.columns else "manager_email"
    managers = {}
    problems = []
    for row in file.rows:
        wanted = row.cells.get(column, "")
        if not wanted:
            continue
        found = wanted if column == "manager_id" else by_email.get(wanted.lower())
        if found is None or found not in by_id:
            message = f"Nobody in the file or the company is {wanted!r}."
            hint = "Add the manager to the file, or correct the reference."
            problems.append(ImportProblem(row.number, column, "unknown_manager", message, hint))
        elif found == row.cells.get("employee_id"):
            message = "Nobody can be their own manager."
            problems.append(ImportProblem(row.number, column, "loop", message))
        else:
            managers[row.number] = found
    return managers, problems


def _loops(
    rows: Sequence[Row], managers: Mapping[int, str], known: Mapping[str, Known]
) -> list[ImportProblem]:
    """Follow every line upwards once; a line that meets itself is a loop."""
    above = {each.employee_id: each.manager for each in known.values()}
    names = {each.employee_id: each.name for each in known.values()}
    numbers = {}
    for row in rows:
        employee = row.cells.get("employee_id", "")
        above[employee] = managers.get(row.number)
        first, last = row.cells.get("first_name", ""), row.cells.get("last_name", "")
        names[employee] = f"{first} {last}".strip() or employee
        numbers[employee] = row.number
    finished: set[str] = set()
    problems = []
    for start in above:
        path: dict[str, int] = {}
        current: str | None = start
        while current is not None and current not in finished and current not in path:
            path[current] = len(path)
            current = above.get(current)
        if current is not None and current in path:
            loop = [person for person, place in path.items() if place >= path[current]]
            first_row = min(numbers.get(person, 0) for person in loop)
            line = " → ".join(names[person] for person in [*loop, loop[0]])
            message = f"The reporting line runs in a circle: {line}."
            hint = "One of them must report to somebody else, or to nobody."
            problems.append(ImportProblem(first_row, "manager_id", "loop", message, hint))
        finished.update(path)
    return problems
