"""Read a CSV file of people as it comes out of an HR system: bytes in, named cells out.

Nothing is guessed silently: the encoding, the delimiter and the columns that were recognised
are part of the answer, and whatever cannot be read is a problem with its row.
"""

import csv
import io
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from domain.errors import Invalid

LARGEST_FILE = 64 * 1024 * 1024
LARGEST_MAPPING = 64 * 1024

FIELDS: Mapping[str, tuple[str, ...]] = {
    # our name: the headings under which it is found when no mapping names one
    "employee_id": ("employee_id", "employee_number", "person_id", "worker_id", "id"),
    "first_name": ("first_name", "given_name", "forename"),
    "last_name": ("last_name", "family_name", "surname"),
    "email": ("email", "e_mail", "mail", "work_email", "email_address"),
    "phone": ("phone", "telephone", "phone_number", "work_phone"),
    "hire_date": ("hire_date", "start_date", "hired_on", "hired"),
    "job_title": ("job_title", "title", "position"),
    "level": ("level", "grade", "job_level"),
    "manager_id": ("manager_id", "manager_employee_id", "manager_number", "reports_to"),
    "manager_email": ("manager_email", "manager_mail"),
    "department": ("department", "team", "org_unit"),
    "office": ("city", "office", "location", "site"),
    "country": ("country", "country_code"),
    "time_zone": ("time_zone", "timezone", "zone"),
    "work_days": ("work_days", "work_week"),
    "projects": ("projects", "project"),
    "employment": ("employment", "employment_type", "contract_type"),
    "language": ("language", "preferred_language"),
    "status": ("status", "employee_status"),
    "left_on": ("left_on", "leaving_date"),
}
REQUIRED = ("employee_id", "first_name", "last_name", "email", "hire_date")
DATE_FORMATS: Mapping[str, str] = {
    "YYYY-MM-DD": "%Y-%m-%d",
    "DD.MM.YYYY": "%d.%m.%Y",
    "DD/MM/YYYY": "%d/%m/%Y",
    "MM/DD/YYYY": "%m/%d/%Y",
}


@dataclass(frozen=True, slots=True)
class ImportProblem:
    """What is wrong in the file. Row 1 is the headings; row 0 means the file as a whole."""

    row: int
    column: str
    code: str
    message: str
    hint: str = ""

    def as_dict(self) -> dict[str, object]:
        """The same for an API answer or a page."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class ColumnMapping:
    """Which column holds which field, and how dates are written."""

    columns: Mapping[str, str] = field(default_factory=dict)
    date_format: str = "YYYY-MM-DD"


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the file: its number and its cells by field."""

    number: int
    cells: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class PeopleFile:
    """What was read. With problems, `rows` holds those that could be read none the less."""

    rows: tuple[Row, ...]
    columns: Mapping[str, str]  # field: the heading as it stands in the file
    encoding: str
    delimiter: str
    problems: tuple[ImportProblem, ...]


def parse_mapping(source: str | Mapping[str, object]) -> ColumnMapping:
    """Read a column mapping: `field: heading`, and `date_format` where dates are not ISO.

    `source` is the text of a YAML file or a mapping. Raises Invalid with every problem.
    """
    content = _yaml(source) if isinstance(source, str) else source
    problems = []
    columns: dict[str, str] = {}
    date_format = "YYYY-MM-DD"
    for key, value in content.items():
        if not isinstance(value, str) or not value.strip():
            problems.append(f"{key}: must name a column heading")
        elif key == "date_format":
            date_format = value
            if value not in DATE_FORMATS:
                problems.append(f"date_format: one of {', '.join(DATE_FORMATS)}")
        elif key in FIELDS:
            columns[key] = value
        else:
            problems.append(f"{key}: not a field; fields are {', '.join(FIELDS)}")
    if problems:
        raise Invalid(
            "The column mapping cannot be used.",
            tuple(ImportProblem(0, "", "mapping", each).as_dict() for each in problems),
        )
    return ColumnMapping(columns, date_format)


def read_people_file(data: bytes, mapping: ColumnMapping | None = None) -> PeopleFile:
    """Read the cells of a CSV file. Never raises: what is wrong is in `problems`."""
    unreadable = _unreadable(data)
    if unreadable:
        return PeopleFile((), {}, "", "", (unreadable,))
    content, encoding = _decode(data)
    if content is None:
        problem = ImportProblem(
            0, "", "encoding", "The file is neither UTF-8 nor Windows-1252.", "Save it as UTF-8."
        )
        return PeopleFile((), {}, "", "", (problem,))
    delimiter = _delimiter(content)
    records, problems = _records(content, delimiter)
    if not records:
        empty = ImportProblem(0, "", "empty", "The file is empty.")
        return PeopleFile((), {}, encoding, delimiter, (*problems, empty))
    (_, headings), *lines = records
    places, heading_problems = _places(headings, mapping or ColumnMapping())
    problems += heading_problems
    if not any(problem.code == "header" for problem in heading_problems):
        rows, ragged = _rows(lines, headings, places)
        problems += ragged
        if not lines and not problems:
            problems.append(ImportProblem(0, "", "empty", "The file holds headings only."))
    else:
        rows = ()
    columns = {name: headings[place].strip() for name, place in places.items()}
    return PeopleFile(rows, columns, encoding, delimiter, tuple(problems))


def _yaml(source: str) -> Mapping[str, object]:
    if len(source) > LARGEST_MAPPING:
        raise Invalid("The column mapping is too long.")
    try:
        content = YAML(typ="safe", pure=True).load(source)
    except YAMLError as error:
        raise Invalid("The column mapping is not valid YAML.") from error
    if not isinstance(content, dict):
        raise Invalid("The column mapping must be a list of `field: heading` lines.")
    return {str(key): value for key, value in content.items()}


def _unreadable(data: bytes) -> ImportProblem | None:
    if not data.strip():
        return ImportProblem(0, "", "empty", "The file is empty.")
    if len(data) > LARGEST_FILE:
        limit = LARGEST_FILE // 1024 // 1024
        return ImportProblem(0, "", "too_large", f"The file is larger than {limit} MB.")
    if data.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        return ImportProblem(
            0, "", "workbook", "This is a workbook, not a CSV file.", "Save the sheet as CSV UTF-8."
        )
    return None


def _decode(data: bytes) -> tuple[str | None, str]:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        candidates = ["utf-16"]
    else:
        # Nearly every Windows-1252 text with an umlaut is invalid UTF-8, so the order decides.
        candidates = ["utf-8-sig", "cp1252"]
    for encoding in candidates:
        try:
            content = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in content:
            return content, "utf-8" if encoding == "utf-8-sig" else encoding
    return None, ""


def _delimiter(content: str) -> str:
    """Return the delimiter that the headings use most, outside quotes."""
    headings = next((line for line in content.splitlines() if line.strip()), "")
    bare = "".join(headings.split('"')[::2])
    return max(",;\t|", key=lambda delimiter: (bare.count(delimiter), delimiter == ","))


def _records(
    content: str, delimiter: str
) -> tuple[list[tuple[int, list[str]]], list[ImportProblem]]:
    reader = csv.reader(io.StringIO(content, newline=""), delimiter=delimiter, strict=True)
    records = []
    problems = []
    number = 0
    try:
        for number, cells in enumerate(reader, start=1):
            if any(cell.strip() for cell in cells):
                records.append((number, cells))
    except csv.Error as error:
        problems.append(
            ImportProblem(
                number + 1,
                "",
                "quotes",
                f"The file cannot be read any further from here: {error}.",
                'A quote inside a quoted cell is written twice: "".',
            )
        )
    return records, problems


def _places(
    headings: Sequence[str], mapping: ColumnMapping
) -> tuple[dict[str, int], list[ImportProblem]]:
    """Return in which column each field stands."""
    problems = []
    seen: dict[str, int] = {}
    for place, heading in enumerate(headings):
        name = _plain(heading)
        if name and name in seen:
            message = f"Two columns are called {heading.strip()!r}."
            problems.append(ImportProblem(1, heading.strip(), "header", message))
        seen.setdefault(name, place)
    places = {}
    for name, synonyms in FIELDS.items():
        if name in mapping.columns:
            wanted = mapping.columns[name]
            if _plain(wanted) in seen:
                places[name] = seen[_plain(wanted)]
            else:
                message = f"The mapping reads {name} from {wanted!r}, which is no column."
                problems.append(ImportProblem(1, wanted, "header", message))
        else:
            found = next((seen[synonym] for synonym in synonyms if synonym in seen), None)
            # A column that the mapping gave to another field is not also taken for this one.
            taken = {_plain(column) for column in mapping.columns.values()}
            if found is not None and _plain(headings[found]) not in taken:
                places[name] = found
    if not places:
        message = "The first row holds no heading that is known."
        hint = f"It must name the columns: {', '.join(REQUIRED)}."
        return {}, [*problems, ImportProblem(1, "", "header", message, hint)]
    problems += [
        ImportProblem(
            1,
            name,
            "header",
            f"No column holds {name}.",
            f"Add it, or say with a mapping which column it is: `{name}: HEADING`.",
        )
        for name in REQUIRED
        if name not in places and name not in mapping.columns
    ]
    return places, problems


def _plain(heading: str) -> str:
    """Reduce a heading to letters, digits and single underscores: `E-Mail ` is `e_mail`."""
    text = unicodedata.normalize("NFKC", heading).strip().lower()
    words = "".join(letter if letter.isalnum() else " " for letter in text).split()
    return "_".join(words)


def _rows(
    lines: Sequence[tuple[int, list[str]]], headings: Sequence[str], places: Mapping[str, int]
) -> tuple[tuple[Row, ...], list[ImportProblem]]:
    rows = []
    problems = []
    width = len(headings)
    for number, cells in lines:
        # Empty cells beyond the last column are what spreadsheets leave behind.
        while len(cells) > width and not cells[-1].strip():
            cells.pop()
        if len(cells) != width:
            message = f"This row has {len(cells)} cells, the headings {width}."
            problems.append(
                ImportProblem(number, "", "ragged", message, "Quote cells with commas.")
            )
            continue
        rows.append(Row(number, {name: _clean(cells[place]) for name, place in places.items()}))
    return tuple(rows), problems


def _clean(cell: str) -> str:
    """Trim, and compose accents: the same name typed on two systems must compare equal."""
    return unicodedata.normalize("NFC", cell).replace("\u00a0", " ").strip()
