"""Files as HR systems and spreadsheets write them: read rightly, or asked about; never half."""

import re
from datetime import date

import pytest

from store.people.file import PeopleFile, read_people_file
from store.people.file_columns import ColumnMapping, ImportProblem, parse_mapping
from store.people.file_records import Record, read_alone, with_managers

HEAD = "employee_id,first_name,last_name,email,hire_date"
ANN = "900,Ann,Lee,ann@x.de,2020-01-02"
TODAY = date(2027, 1, 12)


def read(
    data: str | bytes, mapping: ColumnMapping | None = None
) -> tuple[PeopleFile, list[Record], list[ImportProblem]]:
    mapping = mapping or ColumnMapping()
    file = read_people_file(data.encode() if isinstance(data, str) else data, mapping)
    records, found = with_managers(read_alone(file, mapping, today=TODAY), {})
    return file, records, found


# --- Headings -----------------------------------------------------------------------------------

EXPORTS = {
    "Workday": "Employee ID,Legal First Name,Legal Last Name,Email - Work,Original Hire Date,"
    "Worker's Manager,Worker Status,Termination Date",
    "BambooHR": "Employee #,First Name,Last Name,Work Email,Hire Date,Reporting to,"
    "Employment Status,Termination Date",
    "SuccessFactors": "USERID,FIRSTNAME,LASTNAME,EMAIL,HIREDATE,MANAGER,STATUS,EXITDATE",
    "Personio": "Personalnummer,Vorname,Nachname,E-Mail,Eintrittsdatum,Vorgesetzter,"
    "Status,Austrittsdatum",
    "HiBob": "Employee ID,First name,Last name,Email,Start date,Reports to (Email),"
    "Lifecycle status,Leaving date",
    "Zoho": "Employee ID,First Name,Last Name,Email ID,Date of Joining,Reporting To,"
    "Employee Status,Date of exit",
    "Rippling": "Employee number,First name,Last name,Work email,Start date,"
    "Manager: Employee number,Status,Termination date",
    "French": "Matricule,Prénom,Nom,Adresse e-mail,Date d'embauche,Responsable,"
    "Statut,Date de sortie",
    "Spanish": "Número de empleado,Nombre,Apellidos,Correo electrónico,Fecha de ingreso,"
    "Jefe directo,Status,Fecha de baja",
}


@pytest.mark.parametrize("system", EXPORTS)
def test_the_headings_of_an_hr_system_are_all_understood(system: str) -> None:
    manager = "ann@x.de" if "(Email)" in EXPORTS[system] else "900"
    rows = f"{ANN},,active,\n901,Bo,Li,bo@x.de,2020-01-02,{manager},left,2026-12-31"
    file, records, found = read(f"{EXPORTS[system]}\n{rows}")
    assert (found, file.ignored) == ([], ())
    assert (records[1].manager, records[1].left_on) == ("900", date(2026, 12, 31))


LOOKS_LIKE = [
    *("Responsabile", "Führungskräfte/Teamleiter", "Leidinggevende", "N+1", "Team Lead"),
    *("Approver", "Superviseur", "Direkt vorgesetzt", "HR status", "Statut (code)", "Sortie"),
    *("Datum uit dienst", "Austritt zum", "Baja"),
]


@pytest.mark.parametrize("heading", LOOKS_LIKE)
def test_a_heading_that_may_be_a_manager_or_a_leaver_is_asked_about(heading: str) -> None:
    _, _, found = read(f"{HEAD},{heading}\n{ANN},x")
    assert [(problem.column, problem.code) for problem in found] == [(heading, "unclear_column")]


@pytest.mark.parametrize("heading", ["End date", "Last day at work", "Austritt per"])
def test_a_leaving_day_is_asked_about_beside_a_state(heading: str) -> None:
    _, _, found = read(f"{HEAD},status,{heading}\n{ANN},active,2027-02-01")
    assert [(problem.column, problem.code) for problem in found] == [(heading, "unclear_column")]
    assert "may be left_on" in found[0].message


def test_an_address_at_work_is_read_before_any_other() -> None:
    line = f"{HEAD},Work Email\n900,Ann,Lee,ann@home.example,2020-01-02,ann@work.example"
    file, records, _ = read(line)
    assert (records[0].email, file.ignored) == ("ann@work.example", ("email",))


@pytest.mark.parametrize(
    "heading", ["Boss: number", "Boss #", "*Boss", "Boss, or none", "[Boss]", "Boss's", "1 Boss"]
)
def test_a_mapping_that_a_hint_shows_can_be_used_as_it_stands(heading: str) -> None:
    data = f'{HEAD},"{heading}"\n{ANN},\n901,Bo,Li,bo@x.de,2020-01-02,900'
    _, _, found = read(data)
    shown = re.findall("`([^`]+)`", found[0].hint)
    _, records, found = read(data, parse_mapping(shown[0]))
    assert (found, records[1].manager) == ([], "900")
    assert read(data, parse_mapping(shown[1]))[2] == []


@pytest.mark.parametrize("state", ["gone", "null", "true", "1", "Ex: gone", "gone #2", "-", "a, b"])
def test_the_same_holds_for_a_state_that_is_unknown(state: str) -> None:
    data = f'{HEAD},status\n{ANN},"{state}"'
    _, _, found = read(data)
    [shown] = re.findall("`([^`]+)`", found[0].hint)
    _, records, found = read(data, parse_mapping(shown))
    assert found == []
    assert records[0].leaves


# --- Dates --------------------------------------------------------------------------------------


def test_a_day_that_may_be_two_is_said_to_be_either() -> None:
    _, _, [problem] = read(f"{HEAD}\n900,Ann,Lee,ann@x.de,03/04/2020")
    assert "DD/MM/YYYY or MM/DD/YYYY" in problem.hint


def test_the_other_days_of_a_file_say_how_it_writes_them() -> None:
    other = "901,Bo,Li,bo@x.de,12/25/2020"
    _, _, found = read(f"{HEAD}\n900,Ann,Lee,ann@x.de,03/04/2020\n{other}")
    assert ["MM/DD/YYYY" in p.hint and "DD/MM" not in p.hint for p in found] == [True, True]


@pytest.mark.parametrize(
    ("written", "words"), [("2020/01/02", "YYYY/MM/DD"), ("02-01-2020", "DD-MM-YYYY")]
)
def test_other_common_ways_to_write_a_day_are_known(written: str, words: str) -> None:
    data = f"{HEAD}\n900,Ann,Lee,ann@x.de,{written}"
    assert f"`date_format: {words}`" in read(data)[2][0].hint
    _, records, found = read(data, parse_mapping({"date_format": words}))
    assert (found, records[0].hire_date) == ([], date(2020, 1, 2))


# --- What spreadsheets do to cells ----------------------------------------------------------------


@pytest.mark.parametrize("cell", ["#REF!", "#N/A", "#NAME?", "#DIV/0!"])
@pytest.mark.parametrize("column", [0, 1, 5])
def test_a_formula_that_failed_is_no_value(cell: str, column: int) -> None:
    cells = [*ANN.split(","), ""]
    cells[column] = cell
    _, _, found = read(f"{HEAD},manager_id\n{','.join(cells)}")
    assert [problem.code for problem in found] == ["sheet_error"]


def test_what_such_a_cell_means_can_be_said() -> None:
    data = f"{HEAD},manager_id\n{ANN},#N/A"
    [shown] = re.findall("`([^`]+)`", read(data)[2][0].hint)
    assert read(data, parse_mapping(shown))[2] == []


@pytest.mark.parametrize("cell", ["1.23E+05", "4,5E+11", "7E+12"])
def test_a_number_that_was_shortened_is_no_id(cell: str) -> None:
    _, _, found = read(f'{HEAD}\n"{cell}",Ann,Lee,ann@x.de,2020-01-02')
    assert [problem.code for problem in found] == ["shortened"]
    assert cell in found[0].message


def test_an_id_that_was_made_a_decimal_number_is_recognised() -> None:
    _, _, found = read(f"{HEAD},manager_id\n{ANN},\n901,Bo,Li,bo@x.de,2020-01-02,900.0")
    assert found[0].hint == "Did you mean 900?"


def test_digits_that_are_kept_as_text_are_those_digits() -> None:
    line = f'{HEAD}\n"=""007""",Ann,Lee,ann@x.de,"=""2020-01-02"""'
    _, records, found = read(line)
    assert (found, records[0].employee_id) == ([], "007")


def test_a_letter_that_another_program_has_lost_is_said() -> None:
    _, _, found = read(f"{HEAD}\n900,J\ufffdrg,Lee,ann@x.de,2020-01-02")
    assert [(problem.row, problem.column, problem.code) for problem in found] == [
        (2, "first_name", "encoding")
    ]


# --- Files that are something else ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"PK\x05\x06" + bytes(18), "workbook"),
        (b"\x1f\x8b\x08\x00", "compressed"),
        (b"%PDF-1.7\n\xff", "PDF"),
        (b"\xef\xbb\xbf\n <HTML><table><tr><td>employee_id", "web page"),
        (b'<?xml version="1.0"?><Workbook>', "XML"),
        (b'[{"employee_id": 1}]', "JSON"),
    ],
)
def test_a_file_of_another_kind_is_called_what_it_is(data: bytes, what: str) -> None:
    _, _, [problem] = read(data)
    assert (problem.code, what in problem.message) == ("workbook", True)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_utf_16_is_read_with_and_without_its_mark(encoding: str) -> None:
    _, records, found = read(f"{HEAD}\n900,Jörg,Lee,j@x.de,2020-01-02\n".encode(encoding))
    assert (found, records[0].first_name) == ([], "Jörg")


def test_a_cell_without_end_is_called_so() -> None:
    _, _, [problem] = read("x" * 200_000)
    assert "characters" in problem.message
    assert "never closed" in problem.hint
