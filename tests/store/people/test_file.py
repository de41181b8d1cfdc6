"""A CSV file is read whole, or every problem in it is said at once, with its row."""

from datetime import date

import pytest

from domain.errors import Invalid
from store.people.file import PeopleFile, read_people_file
from store.people.file_columns import ColumnMapping, ImportProblem, parse_mapping
from store.people.file_managers import Known
from store.people.file_records import Record, parse_work_days, read_alone, with_managers

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


def test_a_loop_is_told_with_the_ids_in_it(people_csv: bytes) -> None:
    data = people_csv.replace(b"President,,", b"President,103,")
    found = read_records(read_people_file(data), ColumnMapping(), {}, today=TODAY)[1]
    assert [problem.message for problem in found] == [
        "The reporting line runs in a circle: 100 → 103 → 102 → 100."
    ]


def test_a_loop_through_somebody_outside_the_file_is_found() -> None:
    known = {"9": Known(1, "9", "Old Boss", "o@x.de", active=True, left_on=None, manager="1")}
    data = f"{HEAD},manager_id\n1,A,A,a@x.de,2020-01-01,9\n".encode()
    found = read_records(read_people_file(data), ColumnMapping(), known, today=TODAY)[1]
    assert [problem.code for problem in found] == ["loop"]


def test_an_address_of_somebody_at_work_outside_the_file_is_refused() -> None:
    known = {"9": Known(1, "9", "Old Boss", "a@x.de", active=True, left_on=None, manager=None)}
    data = f"{HEAD}\n1,A,A,A@x.de,2020-01-01\n".encode()
    found = read_records(read_people_file(data), ColumnMapping(), known, today=TODAY)[1]
    assert [(problem.row, problem.code) for problem in found] == [(2, "address_taken")]


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


def read(
    data: str, mapping: ColumnMapping | None = None, known: dict[str, Known] | None = None
) -> tuple[list[Record], list[ImportProblem]]:
    """Records and problems of a file."""
    mapping = mapping or ColumnMapping()
    return read_records(read_people_file(data.encode(), mapping), mapping, known or {}, today=TODAY)


ANN = "900,Ann,Lee,ann@x.de,2020-01-02"
LEFT = ",status,left_on"


def old(employee_id: str, address: str, *, active: bool = False) -> dict[str, Known]:
    """Somebody whom the database knows."""
    return {employee_id: Known(1, employee_id, "Cy Mo", address, active, None, None)}


# --- Addresses of people who have left ----------------------------------------------------------


def test_an_address_passes_from_somebody_who_left_to_a_newcomer() -> None:
    records, found = read(f"{HEAD}\n950,Cy,Mo,CY@x.de,2026-10-01", known=old("902", "cy@x.de"))
    assert found == []
    assert records[0].email == "CY@x.de"


@pytest.mark.parametrize("address", ["cy@x.de", ""])
@pytest.mark.parametrize("leaver_first", [True, False])
def test_somebody_who_left_may_stand_in_the_file_with_the_same_address_or_none(
    address: str, leaver_first: bool
) -> None:
    left = f"902,Cy,Mo,{address},2020-01-02,left,2026-06-30"
    new = "950,Cy,Mo,cy@x.de,2026-10-01,active,"
    lines = [left, new] if leaver_first else [new, left]
    records, found = read("\n".join([HEAD + LEFT, *lines]), known=old("902", "cy@x.de"))
    assert found == []
    assert {record.employee_id: record.email for record in records} == {"902": "", "950": "cy@x.de"}


def test_somebody_who_left_keeps_an_address_that_nobody_else_uses() -> None:
    lines = f"{HEAD}{LEFT}\n902,Cy,Mo,,2020-01-02,left,2026-06-30"
    records, found = read(lines, known=old("902", "cy@x.de", active=True))
    assert (found, records[0].email) == ([], "cy@x.de")


def test_only_people_who_have_left_may_be_without_an_address() -> None:
    assert problems(f"{HEAD}{LEFT}\n1,A,B,,2020-01-02,active,") == [(2, "email", "missing")]


def test_two_people_at_work_never_share_an_address() -> None:
    line = "{},A,B,a@x.de,2020-01-02,active,"
    lines = "\n".join([HEAD + LEFT, line.format(1), line.format(2)])
    assert problems(lines) == [(3, "email", "duplicate")]


@pytest.mark.parametrize(("known_id", "given"), [("00971", "971"), ("e970", "E970")])
def test_an_id_that_lost_its_zeros_is_named_as_the_reason_of_a_taken_address(
    known_id: str, given: str
) -> None:
    _, found = read(
        f"{HEAD}\n{given},F,Q,f@x.de,2020-01-02", known=old(known_id, "f@x.de", active=True)
    )
    assert [problem.code for problem in found] == ["address_taken"]
    assert f"{given} may be {known_id}" in found[0].hint


# --- States and days ----------------------------------------------------------------------------


def test_without_a_state_the_leaving_day_says_who_has_left() -> None:
    records, found = read(f"{HEAD}{LEFT}\n980,G,R,g@x.de,2015-01-02,,2021-05-31")
    assert (found, records[0].leaves) == ([], True)


def test_leaving_before_hiring_is_refused() -> None:
    wrong = f"{HEAD}{LEFT}\n981,H,S,h@x.de,2020-01-02,left,2019-01-01"
    assert problems(wrong) == [(2, "left_on", "before_hire")]


def test_a_mapping_says_what_a_state_means() -> None:
    line = f"{HEAD},status\n{ANN},Voluntarily Terminated"
    _, found = read(line)
    assert "values: {status: {Voluntarily Terminated: left}}" in found[0].hint
    mapping = parse_mapping("values: {status: {voluntarily terminated: left}}")
    records, found = read(line, mapping)
    assert (found, records[0].leaves) == ([], True)


@pytest.mark.parametrize(
    ("written", "hint"),
    [
        ("43832", "keeps for 2020-01-02"),
        ("02.01.2020", "DD.MM.YYYY"),
        ("31/12/2019", "DD/MM/YYYY"),
        ("2020-01-02 09:30", "time of day"),
    ],
)
def test_a_date_that_is_none_is_told_what_it_looks_like(written: str, hint: str) -> None:
    _, found = read(f"{HEAD}\n1,A,B,a@x.de,{written}")
    assert [problem.code for problem in found] == ["date"]
    assert hint in found[0].hint


@pytest.mark.parametrize(
    "written", ["2020-01-02 00:00:00", "2020-01-02T00:00:00Z", "2020-01-02 0:00"]
)
def test_midnight_is_a_date(written: str) -> None:
    records, found = read(f"{HEAD}\n1,A,B,a@x.de,{written}")
    assert (found, records[0].hire_date) == ([], date(2020, 1, 2))


# --- Managers -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headings", "cells"),
    [
        ("manager_id,manager_email", ",ann@x.de"),
        ("manager_id,manager_email", "900,ANN@x.de"),
        ("Supervisor Id,Supervisor", "900,Ann Lee"),
        ("Supervisor,Salary", '"Lee, Ann",1'),
        ("ManagerID", "900"),
        ("Reporting Manager", "ann  lee"),
        ("Line Manager Email", "ann@x.de"),
        ("reportsTo", "900"),
        ("Manager", "ann@x.de"),
    ],
)
def test_a_manager_is_found_by_whatever_the_file_names_them(headings: str, cells: str) -> None:
    fill = "," * headings.count(",")
    records, found = read(f"{HEAD},{headings}\n{ANN},{fill}\n960,Di,Oh,d@x.de,2020-01-02,{cells}")
    assert found == []
    assert [record.manager for record in records] == [None, "900"]


def test_two_columns_that_name_different_managers_are_refused() -> None:
    bo = "901,Bo,Li,bo@x.de,2020-01-02,,"
    lines = f"{HEAD},manager_id,manager_email\n{ANN},,\n{bo}\n960,D,O,d@x.de,2020-01-02,900,bo@x.de"
    _, found = read(lines)
    assert [(problem.row, problem.code) for problem in found] == [(4, "contradiction")]
    assert "900, 901" in found[0].message


def test_a_name_of_several_people_is_no_manager() -> None:
    same = "901,Ann,Lee,b@x.de,2020-01-02,"
    lines = f"{HEAD},Manager\n{ANN},\n{same}\n960,D,O,d@x.de,2020-01-02,Ann Lee"
    _, found = read(lines)
    assert [(problem.row, problem.code) for problem in found] == [(4, "ambiguous_manager")]


def test_an_unknown_manager_id_is_compared_without_case_and_zeros() -> None:
    lines = f"{HEAD},manager_id\n00900,Ann,Lee,a@x.de,2020-01-02,\n1,D,O,d@x.de,2020-01-02,900"
    _, found = read(lines)
    assert found[0].hint == "Did you mean 00900?"


# --- Columns ------------------------------------------------------------------------------------


def test_what_was_read_as_what_and_what_was_not_is_said() -> None:
    file = read_people_file(f"{HEAD},Cost Centre,City\n{ANN},1,Oslo".encode())
    assert (file.columns["office"], file.ignored) == ("City", ("Cost Centre",))


@pytest.mark.parametrize("heading", ["Functional Manager", "Boss of them", "Termination Reason"])
def test_a_column_that_looks_like_a_field_is_asked_about(heading: str) -> None:
    line = f"{HEAD},{heading}\n{ANN},x"
    _, found = read(line)
    assert [(problem.column, problem.code) for problem in found] == [(heading, "unclear_column")]
    assert f"ignore: [{heading}]" in found[0].hint
    _, found = read(line, parse_mapping({"ignore": [heading]}))
    assert found == []


def test_a_missing_field_is_shown_the_heading_that_comes_nearest() -> None:
    head = HEAD.replace("email", "E-Mail Addr")
    _, found = read(f"{head}\n1,A,B,a@x.de,2020-01-02")
    assert [problem.code for problem in found] == ["header"]
    assert "`email: E-Mail Addr`" in found[0].hint


@pytest.mark.parametrize("whole", ["Ann Marie Lee", '"Lee, Ann Marie"'])
def test_a_full_name_is_taken_apart(whole: str) -> None:
    records, found = read(f"employee_id,Name,email,hire_date\n1,{whole},a@x.de,2020-01-02")
    assert found == []
    assert (records[0].first_name, records[0].last_name) == ("Ann Marie", "Lee")


# --- Characters ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["می‌خواهم", "क्‍षिति", "👩‍👩‍👧", "Ø’Hara"])
def test_names_with_joiners_are_names(name: str) -> None:
    records, found = read(f"{HEAD}\n1,{name},B,a@x.de,2020-01-02")
    assert (found, records[0].first_name) == ([], name)


def test_marks_that_nobody_sees_are_taken_out() -> None:
    line = "\u200b1\u200d,\ufeffAnn\u200b,\u200eLee\u00ad,a\u200b@x.de\u200f,2020-01-02"
    records, found = read(f"{HEAD}\n{line}")
    assert found == []
    read_as = records[0]
    assert (read_as.employee_id, read_as.name, read_as.email) == ("1", "Ann Lee", "a@x.de")


@pytest.mark.parametrize(
    "data",
    [
        "sep=;\n" + HEAD.replace(",", ";") + "\n1;A;B;a@x.de;2020-01-02",
        HEAD.replace(",", ";") + ';"Notes; of, all, kinds, and more"\n1;A;B;a@x.de;2020-01-02;x',
        HEAD.replace(",", ";") + ';"two\nlines, and, a, comma"\n1;A;B;a@x.de;2020-01-02;x',
    ],
)
def test_the_delimiter_is_found_whatever_the_headings_contain(data: str) -> None:
    records, found = read(data)
    assert found == []
    assert records[0].email == "a@x.de"


@pytest.mark.parametrize("page", ["mac_roman", "cp1250", "cp1251", "cp850", "shift_jis"])
def test_another_code_page_is_not_read_in_silence(page: str) -> None:
    name = {"cp1251": "Иванова", "cp1250": "Wałęsa", "shift_jis": "山田"}.get(page, "Jörg Gößmann")
    data = f"{HEAD}\n1,A,{name},a@x.de,2020-01-02".encode(page)
    read_as = read_people_file(data)
    assert [problem.code for problem in read_as.problems] == ["encoding"]
    told = read_people_file(data, parse_mapping({"encoding": page}))
    assert (told.problems, told.rows[0].cells["last_name"]) == ((), name)


def test_windows_1252_is_read_and_said() -> None:
    data = f"{HEAD}\n1,Renée,Müller-Gößmann,a@x.de,2020-01-02\n2,Mª José,O´Brien,b@x.de,2020-01-02"
    file = read_people_file(data.encode("cp1252"))
    assert (file.problems, [warning.code for warning in file.warnings]) == ((), ["encoding"])


def test_a_name_that_was_encoded_twice_is_refused() -> None:
    twice = f"{HEAD}\n1,Ann,Müller,a@x.de,2020-01-02".encode().decode("cp1252")
    assert problems(twice) == [(2, "last_name", "encoding")]


def test_no_problem_quotes_an_address_or_a_name() -> None:
    lines = (
        f"{HEAD},manager_email,manager\n1,Petra,Pan,petra@x,2020-01-02,wendy@x.de,\n"
        "2,Peter,Pan,peter@x.de,2020-01-02,,Captain Hook\n3,Peter,Pan,peter@x.de,2020-01-02,,"
    )
    said = " ".join(f"{problem.message} {problem.hint}" for problem in read(lines)[1])
    assert not any(word in said for word in ("petra", "wendy", "peter", "Hook", "Pan"))
