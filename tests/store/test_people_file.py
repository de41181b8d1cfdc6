"""A CSV file is read whole, or every problem in it is said at once, with its row."""

from datetime import date

import pytest

from domain.errors import Invalid
from store.people_file import (
    ColumnMapping,
    ImportProblem,
    PeopleFile,
    parse_mapping,
    read_people_file,
)
from store.people_records import Known, Record, parse_work_days, read_alone, with_managers

HEAD = "employee_id,first_name,last_name,email,hire_date"
TODAY = date(2027, 1, 12)


def read_records(
    file: PeopleFile, mapping: ColumnMapping, known: dict[str, Known], *, today: date
) -> tuple[list[Record], list[ImportProblem]]:
    return with_managers(read_alone(file, mapping, today=today), known)


def problems(data: str | bytes, mapping: ColumnMapping | None = None) -> list[tuple[int, str, str]]:
    raw = data.encode() if isinstance(data, str) else data
    mapping = mapping or ColumnMapping()
    found = read_records(read_people_file(raw, mapping), mapping, {}, today=TODAY)[1]
    return [(problem.row, problem.column, problem.code) for problem in found]


def test_the_demo_company_has_no_problems(people_csv: bytes) -> None:
    file = read_people_file(people_csv)
    records, found = read_records(file, ColumnMapping(), {}, today=TODAY)
    assert (len(records), found, file.encoding, file.delimiter) == (107, [], "utf-8", ",")
    assert file.columns["office"] == "city"


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ("", [(0, "", "empty")]),
        ("\ufeff  \n \n", [(0, "", "empty")]),
        (HEAD, [(0, "", "empty")]),
        (b"PK\x03\x04 and more", [(0, "", "workbook")]),
        (b"employee_id\x81\x8d\n", [(0, "", "encoding")]),
        ("one,two\n1,2", [(1, "", "header")]),
        (
            "employee_id,first_name\n1,A",
            [(1, column, "header") for column in ("email", "hire_date", "last_name")],
        ),
        (f"{HEAD},Email\n1,A,B,a@b.de,2020-01-01,x", [(1, "Email", "header")]),
        (f'{HEAD}\n1,"A,B,a@b.de,2020-01-01\n', [(2, "", "quotes")]),
        (f"{HEAD}\n1,A,B,a@b.de", [(2, "", "ragged")]),
        (f"{HEAD}\n1,A,B,a@b.de,2020-01-01,,x", [(2, "", "ragged")]),
        (f"{HEAD}\n1,,B,a@b.de,2020-01-01", [(2, "first_name", "missing")]),
        (f"{HEAD}\n,A,B,a@b.de,2020-01-01", [(2, "employee_id", "missing")]),
        (f"{HEAD}\n1,A,B,,2020-01-01", [(2, "email", "missing")]),
        (f"{HEAD}\n1,A,B,a@b,2020-01-01", [(2, "email", "address")]),
        (f"{HEAD}\n1,A,B,a b@b.de,2020-01-01", [(2, "email", "address")]),
        (f"{HEAD}\n1,A,B,a..b@b.de,2020-01-01", [(2, "email", "address")]),
        (f'{HEAD}\n1,"A\nBcc: x",B,a@b.de,2020-01-01', [(2, "first_name", "unprintable")]),
        (f"{HEAD}\n1,{'A' * 201},B,a@b.de,2020-01-01", [(2, "first_name", "too_long")]),
        (f"{HEAD}\n1,A,B,a@b.de,", [(2, "hire_date", "missing")]),
        (f"{HEAD}\n1,A,B,a@b.de,01.02.2020", [(2, "hire_date", "date")]),
        (f"{HEAD}\n1,A,B,a@b.de,2020-02-30", [(2, "hire_date", "date")]),
        (f"{HEAD}\n1,A,B,a@b.de,0202-01-01", [(2, "hire_date", "absurd_date")]),
        (f"{HEAD}\n1,A,B,a@b.de,2030-01-01", [(2, "hire_date", "absurd_date")]),
        (f"{HEAD},time_zone\n1,A,B,a@b.de,2020-01-01,Mars/Base", [(2, "time_zone", "zone")]),
        (f"{HEAD},time_zone\n1,A,B,a@b.de,2020-01-01,europe/berlin", [(2, "time_zone", "zone")]),
        (f"{HEAD},country\n1,A,B,a@b.de,2020-01-01,Germany", [(2, "country", "country")]),
        (f"{HEAD},status\n1,A,B,a@b.de,2020-01-01,maybe", [(2, "status", "status")]),
        (f"{HEAD},work_days\n1,A,B,a@b.de,2020-01-01,never", [(2, "work_days", "work_days")]),
        (f"{HEAD},manager_id\n1,A,B,a@b.de,2020-01-01,9", [(2, "manager_id", "unknown_manager")]),
        (f"{HEAD},manager_id\n1,A,B,a@b.de,2020-01-01,1", [(2, "manager_id", "loop")]),
        (
            f"{HEAD}\n1,A,B,a@b.de,2020-01-01\n1,C,D,A@B.de,2020-01-01",
            [(3, "email", "duplicate"), (3, "employee_id", "duplicate")],
        ),
    ],
)
def test_what_is_wrong_is_said_with_its_row(
    data: str | bytes, expected: list[tuple[int, str, str]]
) -> None:
    assert problems(data) == expected


def test_all_problems_of_a_file_are_said_at_once() -> None:
    data = (
        f"{HEAD},manager_id,time_zone\n"
        "1,A,A,a@x.de,2020-01-01,3,Europe/Berlin\n"
        "2,B,,b@x.de,2020-13-01,1,Nowhere\n"
        "3,C,C,a@x.de,2020-01-01,2,\n"
    )
    assert problems(data) == [
        (2, "manager_id", "loop"),
        (3, "hire_date", "date"),
        (3, "last_name", "missing"),
        (3, "time_zone", "zone"),
        (4, "email", "duplicate"),
    ]


def test_a_loop_is_told_with_the_names_in_it(people_csv: bytes) -> None:
    data = people_csv.replace(b"President,,", b"President,103,")
    found = read_records(read_people_file(data), ColumnMapping(), {}, today=TODAY)[1]
    assert [problem.message for problem in found] == [
        "The reporting line runs in a circle:"
        " Steven King → Alexander James → Lex Garcia → Steven King."
    ]


def test_a_loop_through_somebody_outside_the_file_is_found() -> None:
    known = {"9": Known(1, "9", "Old Boss", "o@x.de", active=True, left_on=None, manager="1")}
    data = f"{HEAD},manager_id\n1,A,A,a@x.de,2020-01-01,9\n".encode()
    found = read_records(read_people_file(data), ColumnMapping(), known, today=TODAY)[1]
    assert [problem.code for problem in found] == ["loop"]


def test_an_address_of_somebody_outside_the_file_is_refused() -> None:
    known = {"9": Known(1, "9", "Old Boss", "a@x.de", active=True, left_on=None, manager=None)}
    data = f"{HEAD}\n1,A,A,A@x.de,2020-01-01\n".encode()
    found = read_records(read_people_file(data), ColumnMapping(), known, today=TODAY)[1]
    assert [(problem.row, problem.code) for problem in found] == [(2, "duplicate")]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_delimiters_and_encodings_are_recognised(delimiter: str, encoding: str) -> None:
    head = delimiter.join(["Employee ID", " first name", "LAST NAME", "E-Mail", "Hire Date"])
    line = delimiter.join(["7", "Jörg", '"Müller, Dr."', "j@x.de", "2020-01-01"])
    file = read_people_file(f"{head}\r\n{line}\r\n\r\n".encode(encoding))
    records, found = read_records(file, ColumnMapping(), {}, today=TODAY)
    assert found == []
    assert (records[0].first_name, records[0].last_name) == ("Jörg", "Müller, Dr.")


def test_empty_cells_beyond_the_last_column_are_not_ragged() -> None:
    assert problems(f"{HEAD}\n1,A,B,a@b.de,2020-01-01,,,\n") == []


def test_a_mapping_names_columns_and_how_dates_are_written() -> None:
    mapping = parse_mapping(
        "employee_id: Personalnummer\nfirst_name: Vorname\nlast_name: Nachname\n"
        "email: Mail\nhire_date: Eintritt\nmanager_email: Chef\ndate_format: DD.MM.YYYY\n"
    )
    data = (
        b"Personalnummer;Vorname;Nachname;Mail;Eintritt;Chef\n"
        b"1;A;A;a@x.de;31.01.2020;\n2;B;B;b@x.de;01.02.2020;A@x.de\n"
    )
    records, found = read_records(read_people_file(data, mapping), mapping, {}, today=TODAY)
    assert found == []
    assert (records[0].hire_date, records[1].manager) == (date(2020, 1, 31), "1")


@pytest.mark.parametrize(
    "mapping",
    ["- a", "salary: Gehalt", "email: ", "date_format: yy", "a: [", "{"],
)
def test_a_mapping_that_cannot_be_used_is_refused(mapping: str) -> None:
    with pytest.raises(Invalid):
        parse_mapping(mapping)


def test_a_mapping_to_a_column_that_is_missing_is_a_problem() -> None:
    mapping = parse_mapping({"email": "Mail"})
    data = f"{HEAD}\n1,A,B,a@b.de,2020-01-01\n"
    assert (1, "Mail", "header") in problems(data, mapping)


@pytest.mark.parametrize(
    ("words", "days"),
    [
        ("Monday to Friday", (0, 1, 2, 3, 4)),
        ("Sunday to Thursday", (0, 1, 2, 3, 6)),
        ("Mon-Wed", (0, 1, 2)),
        ("Monday, Wednesday and Friday", (0, 2, 4)),
        ("T, W", None),
        ("", None),
    ],
)
def test_work_weeks_are_read(words: str, days: tuple[int, ...] | None) -> None:
    assert parse_work_days(words) == days
