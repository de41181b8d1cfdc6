"""Read a CSV file of people as it comes out of an HR system: bytes in, named cells out.

Nothing is guessed silently: the encoding, the delimiter, the columns that were read and those that
were not are part of the answer, and whatever cannot be read is a problem with its row.
"""

import csv
import io
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from domain.texts import readable
from store.people.file_columns import ColumnMapping, ImportProblem, find_columns, is_encoding

LARGEST_FILE = 64 * 1024 * 1024
DELIMITERS = ",;\t|"

_INVISIBLE = re.compile("[\u00ad\u200b\u200e\u200f\u061c\u2060-\u2064\ufeff]")
"""What copying from a page leaves around a name or an id, and nobody sees or means."""

_JOINERS = re.compile("[\u200c\u200d]")
WITHOUT_JOINERS = ("employee_id", "email", "manager_id", "manager_email")

_MISREAD = re.compile(
    # A sign between letters, a capital inside a word, a word of accented letters alone: what
    # another code page looks like, read as Windows-1252.
    r"[A-Za-zÀ-ÿ][¢£¤¥¦§¨©«¬®¯°±²³µ¶¸¹»¼½¾¿×÷ƒ†‡‰‹›„‚…ˆ˜™•€]"
    r"|[¢£¤¥¦§¨©«¬®¯°±²³µ¶¸¹»¼½¾¿×÷ƒ†‡‰‹›„‚ˆ˜™•€][A-Za-zÀ-ÿ]"
    r"|[A-Za-zÀ-ÿ][“”][A-Za-zÀ-ÿ]"  # around a nickname they have a space on one side
    r"|[a-zà-ÿ][ŠŽŸŒÀ-Þ][a-zà-ÿ]|(?<![A-Za-zÀ-ÿ])[À-ÿ]{3,}"
)
_NO_CSV: Mapping[tuple[bytes, ...], str] = {
    (b"pk\x03\x04", b"pk\x05\x06", b"\xd0\xcf\x11\xe0"): "a workbook",
    (b"\x1f\x8b", b"7z\xbc\xaf"): "a compressed file",
    (b"%pdf",): "a PDF",
    (b"<!doctype", b"<html", b"<table", b"<?xml"): "a web page or an XML file",
    (b"[{", b'{"', b"[\n", b"[ "): "a JSON file",
}
"""By what other kinds of files begin with, in lower case. Some HR systems call an HTML table
`.xls` or `.csv`."""

_AS_TEXT = re.compile(r'="([^"]*)"')
"""How some exports keep a spreadsheet from reading digits as a number."""

_TWICE_ENCODED = re.compile(
    r"Ã[\u0080-\u00bf\u0152\u0153\u0160\u0161\u0178\u017d\u017e\u2018-\u2122]|â€"
)


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the file: its number and its cells by field."""

    number: int
    cells: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class PeopleFile:
    """What was read. With problems, `rows` holds those that could be read none the less.

    `columns` is field: heading as it stands in the file; `ignored` are the headings that were not
    read; `warnings` stop nothing.
    """

    rows: tuple[Row, ...]
    columns: Mapping[str, str]
    encoding: str
    delimiter: str
    problems: tuple[ImportProblem, ...]
    ignored: tuple[str, ...] = ()
    warnings: tuple[ImportProblem, ...] = ()


def read_people_file(data: bytes, mapping: ColumnMapping | None = None) -> PeopleFile:
    """Read the cells of a CSV file. Never raises: what is wrong is in `problems`."""
    mapping = mapping or ColumnMapping()
    unreadable = _unreadable(data)
    if unreadable:
        return PeopleFile((), {}, "", "", (unreadable,))
    content, encoding = _decode(data, mapping.encoding)
    if content is None:
        return PeopleFile((), {}, "", "", (_no_encoding(mapping.encoding),))
    delimiter, content = _delimiter(content)
    records, problems = _records(content, delimiter)
    if not records:
        problems = problems or [ImportProblem(0, "", "empty", "The file is empty.")]
        return PeopleFile((), {}, encoding, delimiter, tuple(problems))
    (_, headings), *lines = records
    headings = [_visible(heading) for heading in headings]
    found = find_columns(headings, mapping)
    problems += found.problems
    rows: tuple[Row, ...] = ()
    if not any(problem.code == "header" for problem in found.problems):
        rows, ragged = _rows(lines, headings, found.places, mapping)
        problems += ragged
        if not lines and not problems:
            problems.append(ImportProblem(0, "", "empty", "The file holds headings only."))
    wrong, warnings = _code_pages(rows, encoding, mapping)
    columns = {name: headings[place].strip() for name, place in found.places.items()}
    return PeopleFile(
        rows,
        columns,
        encoding,
        delimiter,
        (*problems, *wrong),
        found.ignored,
        tuple(warnings),
    )


def peek(data: bytes, file: PeopleFile, rows: int) -> tuple[tuple[str, ...], ...]:
    """The headings and the first rows as they stand in the file, to recognise columns by."""
    if not file.encoding:
        return ()
    content = data[:200_000].decode(_codec(file.encoding), "replace")
    _, content = _delimiter(content)
    try:
        reader = csv.reader(io.StringIO(content), delimiter=file.delimiter or ",")
        found = [tuple(row) for _, row in zip(range(rows + 1), reader, strict=False)]
    except csv.Error:
        return ()
    return tuple(tuple(readable(cell).strip() for cell in row) for row in found)


# --- From bytes to text -------------------------------------------------------------------------


def _unreadable(data: bytes) -> ImportProblem | None:
    if not data.strip():
        return ImportProblem(0, "", "empty", "The file is empty.")
    if len(data) > LARGEST_FILE:
        limit = LARGEST_FILE // 1024 // 1024
        return ImportProblem(0, "", "too_large", f"The file is larger than {limit} MB.")
    begin = data[:200].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    for signatures, what in _NO_CSV.items():
        if begin.startswith(signatures):
            message = f"This is {what}, not a CSV file."
            return ImportProblem(0, "", "workbook", message, "Save the sheet as CSV UTF-8.")
    return None


def _decode(data: bytes, named: str) -> tuple[str | None, str]:
    if named:
        candidates = [named] if is_encoding(named) else []
    elif data.startswith((b"\xff\xfe", b"\xfe\xff")):
        candidates = ["utf-16"]
    elif b"\0" in data[:64]:  # no byte order mark; a heading begins with a letter
        candidates = ["utf-16-be" if data.startswith(b"\0") else "utf-16-le"]
    else:
        # Nearly every Windows-1252 text with an umlaut is invalid UTF-8, so the order decides.
        candidates = ["utf-8", "cp1252"]
    for encoding in candidates:
        try:
            content = data.decode(_codec(encoding))
        except UnicodeDecodeError:
            continue
        if "\0" not in content:
            return content, encoding
    return None, ""


def _codec(encoding: str) -> str:
    """A byte order mark belongs to no cell."""
    return "utf-8-sig" if encoding.replace("_", "-").lower() in ("utf-8", "utf8") else encoding


def _no_encoding(named: str) -> ImportProblem:
    if named:
        message = f"The file cannot be read as {named}."
        return ImportProblem(0, "", "encoding", message, "Name another code page, or none.")
    return ImportProblem(
        0,
        "",
        "encoding",
        "The file is neither UTF-8 nor Windows-1252.",
        "Save it as CSV UTF-8, or name its code page in a mapping: `encoding: mac_roman`.",
    )


def _code_pages(
    rows: Sequence[Row], encoding: str, mapping: ColumnMapping
) -> tuple[list[ImportProblem], list[ImportProblem]]:
    """Problems and warnings of a file whose code page is guessed, and perhaps another one."""
    if mapping.encoding or encoding not in ("cp1252", "utf-8"):
        return [], []
    pattern = _MISREAD if encoding == "cp1252" else _TWICE_ENCODED
    for row in rows:
        for name in ("first_name", "last_name", "full_name"):
            if not pattern.search(row.cells.get(name, "")):
                continue
            if encoding == "utf-8":
                message = "This name was turned into UTF-8 twice: one letter became two signs."
                hint = "Export the file again, as CSV UTF-8, without a detour over another program."
            else:
                message = "Read as Windows-1252, this name holds signs that no name has."
                hint = (
                    "Save the file as CSV UTF-8, or name its code page in a mapping: "
                    "`encoding: mac_roman` or `encoding: windows-1250`, for example."
                )
            return [ImportProblem(row.number, name, "encoding", message, hint)], []
    if encoding == "utf-8":
        return [], []
    message = "The file is not UTF-8; it was read as Windows-1252."
    return [], [ImportProblem(0, "", "encoding", message, "Look at names with accents.")]


# --- From text to cells -------------------------------------------------------------------------


def _delimiter(content: str) -> tuple[str, str]:
    """The delimiter, and the content without the line in which Excel names it.

    Without such a line it is the one that parts the headings into the most columns.
    """
    first, _, rest = content.partition("\n")
    named = re.fullmatch(r'"?sep=(.)"?;*\s*', first, re.IGNORECASE)
    if named is not None:
        return named[1], rest
    start = content.lstrip("\r\n")

    def columns(delimiter: str) -> int:
        try:
            # A heading in quotes may hold line ends, so it takes the parser to find its end.
            headings = next(csv.reader(io.StringIO(start, newline=""), delimiter=delimiter), [])
        except csv.Error:
            return 0
        return sum(bool(heading.strip()) for heading in headings)

    return max(DELIMITERS, key=columns), content


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
        message = f"The file cannot be read any further from here: {error}."
        hint = 'A quote inside a quoted cell is written twice: "".'
        if "field limit" in str(error):
            message = f"A cell has more than {csv.field_size_limit():,} characters."
            hint = "Perhaps a quote is opened here and never closed."
        problems.append(ImportProblem(number + 1, "", "quotes", message, hint))
    return records, problems


def _rows(
    lines: Sequence[tuple[int, list[str]]],
    headings: Sequence[str],
    places: Mapping[str, int],
    mapping: ColumnMapping,
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
        read = {name: _meant(name, _clean(cells[p]), mapping) for name, p in places.items()}
        rows.append(Row(number, _with_names(read)))
    return tuple(rows), problems


def _meant(name: str, cell: str, mapping: ColumnMapping) -> str:
    """The cell as it is meant: joiners are no part of ids and addresses, and words have a value."""
    if name in WITHOUT_JOINERS:
        cell = unicodedata.normalize("NFKC", _JOINERS.sub("", cell))
    meanings = mapping.values.get(name)
    return cell if meanings is None else meanings.get(cell.casefold(), cell)


def _with_names(cells: dict[str, str]) -> dict[str, str]:
    """First and last name out of a full one: `Last, First`, or the last word is the last name."""
    whole = cells.get("full_name", "")
    if "full_name" not in cells or "first_name" in cells or "last_name" in cells:
        return cells
    last, comma, first = whole.partition(",")
    if not comma:
        first, _, last = whole.rpartition(" ")
    return {**cells, "first_name": first.strip(), "last_name": last.strip()}


def _visible(cell: str) -> str:
    return _INVISIBLE.sub("", cell)


def _clean(cell: str) -> str:
    """Trim, compose accents, and take out what nobody sees.

    The same name typed on two systems must compare equal. Joiners stay: Persian and Indic names
    and emoji are written with them. A line break or control code stays, to be refused.
    """
    text = unicodedata.normalize("NFC", _visible(cell)).replace("\u00a0", " ")
    as_text = _AS_TEXT.fullmatch(text.strip())
    text = as_text[1] if as_text else text
    return text.strip().strip("\u200c\u200d").strip()
