"""An import brings people to what the file says: all of it or nothing, and once."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import event, text

from domain.access import ENGINE
from domain.errors import Invalid
from domain.processes.launch_calendar import LAUNCH_CALENDAR
from store.base.session import Database
from store.changes.people_import import ImportResult, add_person, import_people

NOW = datetime(2027, 1, 12, 17, tzinfo=UTC)
HEAD = "employee_id,first_name,last_name,email,hire_date,manager_id,city"


async def bring(database: Database, data: bytes | str, **how: object) -> ImportResult:
    raw = data.encode() if isinstance(data, str) else data
    arguments = {"effective_on": date(2027, 1, 12), "actor": ENGINE, "now": NOW, **how}
    async with database.begin() as conn:
        return await import_people(conn, raw, **arguments)  # type: ignore[arg-type]


async def scalar(database: Database, sql: str) -> object:
    async with database.begin() as conn:
        return await conn.scalar(text(sql))


async def test_the_same_file_a_second_time_changes_nothing(
    demo: Database, people_csv: bytes
) -> None:
    bells = await scalar(demo, "SELECT count(*) FROM bells")
    audit = await scalar(demo, "SELECT count(*) FROM audit")
    again = await bring(demo, people_csv)
    assert not again.changes_anything
    assert (again.unchanged, again.missing) == (107, ())
    assert await scalar(demo, "SELECT count(*) FROM bells") == bells
    assert await scalar(demo, "SELECT count(*) FROM audit") == audit


async def test_a_file_with_a_problem_imports_nothing(database: Database) -> None:
    data = f"{HEAD}\n1,A,A,a@x.de,2020-01-01,,\n2,B,B,b@x.de,2020-01-01,99,\n"
    with pytest.raises(Invalid) as refused:
        await bring(database, data)
    assert [problem["row"] for problem in refused.value.problems] == [3]
    assert await scalar(database, "SELECT count(*) FROM people") == 0


async def test_a_dry_run_counts_and_changes_nothing(database: Database, people_csv: bytes) -> None:
    result = await bring(database, people_csv, dry_run=True)
    assert (len(result.new), result.dry_run) == (107, True)
    assert await scalar(database, "SELECT count(*) FROM people") == 0


async def test_a_new_manager_holds_from_the_effective_date(
    demo: Database, people_csv: bytes
) -> None:
    data = people_csv.replace(b",Programmer,103,IT", b",Programmer,102,IT")
    result = await bring(demo, data, effective_on=date(2027, 2, 1))
    assert result.manager_changes == ("104", "105", "106", "107")
    async with demo.begin() as conn:
        rows = await conn.execute(
            text(
                "SELECT m.employee_id, l.valid_from, l.valid_to FROM reporting_lines l"
                " JOIN people p ON p.id = l.person_id JOIN people m ON m.id = l.manager_id"
                " WHERE p.employee_id = '104' ORDER BY l.valid_from"
            )
        )
        lines = rows.all()
    assert lines == [
        ("103", date(2017, 5, 21), date(2027, 2, 1)),
        ("102", date(2027, 2, 1), None),
    ]
    back = await bring(demo, people_csv, effective_on=date(2027, 2, 1))
    assert len(back.manager_changes) == 4
    # Taken back on its own day, it never came to hold: one line each again.
    assert await scalar(demo, "SELECT count(*) FROM reporting_lines") == 106


async def test_people_who_are_missing_are_reported_and_only_left_on_request(
    demo: Database, people_csv: bytes
) -> None:
    data = b"\n".join(line for line in people_csv.split(b"\n") if not line.startswith(b"206,"))
    reported = await bring(demo, data)
    assert (reported.missing, reported.left) == (("206",), ())
    marked = await bring(demo, data, missing="leave")
    assert (marked.missing, marked.left) == ((), ("206",))
    assert await scalar(demo, "SELECT status FROM people WHERE employee_id = '206'") == "left"
    back = await bring(demo, people_csv)
    assert back.returned == ("206",)
    assert await scalar(demo, "SELECT left_on FROM people WHERE employee_id = '206'") is None


async def test_a_leaving_day_ahead_leaves_the_person_active_until_then(
    database: Database,
) -> None:
    data = f"{HEAD},left_on\n1,A,A,a@x.de,2020-01-01,,,2027-03-01\n"
    await bring(database, data)
    assert await scalar(database, "SELECT status FROM people") == "active"
    assert await scalar(database, "SELECT left_on FROM people") == date(2027, 3, 1)


@pytest.mark.parametrize(
    ("zone", "now", "status"),
    [
        ("America/Los_Angeles", datetime(2027, 1, 20, 2, tzinfo=UTC), "active"),
        ("America/Los_Angeles", datetime(2027, 1, 20, 8, tzinfo=UTC), "left"),
        ("Pacific/Apia", datetime(2027, 1, 19, 10, tzinfo=UTC), "active"),
        ("Pacific/Apia", datetime(2027, 1, 19, 12, tzinfo=UTC), "left"),
    ],
)
async def test_a_leaving_day_of_a_file_begins_where_the_person_is(
    demo: Database, zone: str, now: datetime, status: str
) -> None:
    row = "104,Bruce,Miller,bmiller@example.com,2017-05-21,103,Southlake"
    columns = f"{HEAD},time_zone,left_on"
    await bring(demo, f"{columns}\n{row},{zone},2027-01-20\n", now=now)
    assert await scalar(demo, "SELECT status FROM people WHERE employee_id = '104'") == status


async def test_columns_that_the_file_lacks_stay_as_they_are(
    demo: Database, people_csv: bytes
) -> None:
    await bring(
        demo,
        f"{HEAD},level,status\n"
        "104,Bruce,Miller,bmiller@example.com,2017-05-21,103,Southlake,L3,active",
    )
    await bring(demo, people_csv)
    assert await scalar(demo, "SELECT level FROM people WHERE employee_id = '104'") == "L3"
    assert await scalar(demo, "SELECT department FROM people WHERE employee_id = '104'") == "IT"


async def test_projects_are_a_list_and_stay_where_the_file_does_not_name_them(
    database: Database,
) -> None:
    row = "1,A,B,a@b.de,2020-01-01,,"
    await bring(database, f'{HEAD},projects\n{row},"Atlas; New ""Deal"" ;Atlas;"')
    named = await scalar(database, "SELECT projects FROM people")
    assert named == ["Atlas", 'New "Deal"']
    again = await bring(database, f'{HEAD},projects\n{row},Atlas;New "Deal"')
    assert not again.changes_anything
    await bring(database, f"{HEAD}\n{row}")
    assert await scalar(database, "SELECT projects FROM people") == named
    await bring(database, f"{HEAD},projects\n{row},")
    assert await scalar(database, "SELECT projects FROM people") == []


async def test_two_people_may_swap_their_addresses(database: Database) -> None:
    await bring(database, f"{HEAD}\n1,A,A,a@x.de,2020-01-01,,\n2,B,B,b@x.de,2020-01-01,1,\n")
    await bring(database, f"{HEAD}\n1,A,A,b@x.de,2020-01-01,,\n2,B,B,a@x.de,2020-01-01,1,\n")
    assert await scalar(database, "SELECT email FROM people WHERE employee_id = '1'") == "b@x.de"


async def test_a_corrected_address_is_no_longer_marked_as_refused(database: Database) -> None:
    await bring(database, f"{HEAD}\n1,A,A,a@x.de,2020-01-01,,\n")
    async with database.begin() as conn:
        await conn.execute(text("UPDATE people SET address_refused_at = now()"))
    await bring(database, f"{HEAD}\n1,A,A,b@x.de,2020-01-01,,\n")
    assert await scalar(database, "SELECT address_refused_at FROM people") is None


async def test_a_change_rings_the_launch_calendar(demo: Database) -> None:
    before = await scalar(
        demo, f"SELECT count(*) FROM bells WHERE process_id = '{LAUNCH_CALENDAR.id}'"
    )
    async with demo.begin() as conn:
        columns = {
            "employee_id": "900",
            "first_name": "New",
            "last_name": "Comer",
            "email": "n@example.com",
            "hire_date": "2027-01-12",
            "manager_id": "103",
        }
        person = await add_person(conn, columns, actor=ENGINE, now=NOW)
    zone = "SELECT zone FROM profiles r JOIN people p ON p.profile_id = r.id WHERE p.id = "
    assert await scalar(demo, f"{zone}{person}") == "America/Chicago"
    after = await scalar(
        demo, f"SELECT count(*) FROM bells WHERE process_id = '{LAUNCH_CALENDAR.id}'"
    )
    assert (before, after) == (1, 2)


async def test_twenty_thousand_people_are_imported_as_sets(database: Database) -> None:
    rows = [
        f"x{n},F{n},L{n},p{n}@x.de,2020-01-0{n % 9 + 1},{f'x{(n - 1) // 8}' if n else ''},"
        for n in range(20_000)
    ]
    few: list[str] = []
    many: list[str] = []
    for size, sent in ((20, few), (20_000, many)):
        with counted(database, sent):
            result = await bring(database, "\n".join([HEAD, *rows[:size]]))
    assert len(result.new) == 20_000 - 20
    assert len(many) <= len(few) + 20, "no statement for each person"


@contextmanager
def counted(database: Database, sent: list[str]) -> Iterator[None]:
    """Note the statements that are sent meanwhile."""

    def note(_: object, __: object, statement: str, *___: object) -> None:
        sent.append(statement)

    engine = database.engine.sync_engine
    event.listen(engine, "before_cursor_execute", note)
    yield
    event.remove(engine, "before_cursor_execute", note)


# --- An address of somebody who has left --------------------------------------------------------

PLAIN = "employee_id,first_name,last_name,email,hire_date,manager_id,status,left_on"
ANN = "900,Ann,Lee,ann.lee@x.de,2020-01-02,,active,"
CY = "902,Cy,Mo,cy.mo@x.de,2020-01-02,900,active,"
LEFT = "902,Cy,Mo,cy.mo@x.de,2020-01-02,900,left,2026-06-30"
NEW = "950,Cy,Mo,cy.mo@x.de,2026-10-01,900,active,"


async def addresses(database: Database) -> dict[str, str]:
    async with database.begin() as conn:
        rows = await conn.execute(text("SELECT employee_id, email FROM people ORDER BY 1"))
        return dict(rows.all())


@pytest.mark.parametrize(
    "again",
    [[NEW], [LEFT, NEW], [NEW, LEFT], [LEFT.replace("cy.mo@x.de", ""), NEW]],
    ids=["newcomer alone", "leaver first", "newcomer first", "leaver without mail"],
)
async def test_somebody_hired_again_gets_the_address_that_was_theirs(
    database: Database, again: list[str]
) -> None:
    await bring(database, "\n".join([PLAIN, ANN, CY]))
    await bring(database, "\n".join([PLAIN, LEFT]))
    assert (await addresses(database))["902"] == "cy.mo@x.de"
    for _ in range(2):
        result = await bring(database, "\n".join([PLAIN, *again]))
        assert await addresses(database) == {"900": "ann.lee@x.de", "902": "", "950": "cy.mo@x.de"}
    assert not result.changes_anything
    await bring(database, "\n".join([PLAIN, LEFT]))
    assert (await addresses(database))["902"] == "", "the address is the other one's now"


async def test_leaving_and_returning_under_a_new_number_in_one_file(database: Database) -> None:
    await bring(database, "\n".join([PLAIN, ANN, CY]))
    await bring(database, "\n".join([PLAIN, NEW, LEFT]))
    assert await addresses(database) == {"900": "ann.lee@x.de", "902": "", "950": "cy.mo@x.de"}


async def test_somebody_whose_address_passed_on_comes_back_by_two_members_of_desks_alone(
    database: Database,
) -> None:
    await bring(database, "\n".join([PLAIN, ANN, CY]))
    async with database.begin() as conn:
        await conn.execute(text("UPDATE people SET signed_in = true"))
    await bring(database, "\n".join([PLAIN, LEFT, NEW]))
    assert await scalar(database, "SELECT count(*) FROM address_changes") == 0
    await bring(database, "\n".join([PLAIN, CY.replace("cy.mo", "other")]))
    held = "SELECT state = 'open' AND holds_until IS NULL FROM address_changes"
    assert await scalar(database, held) is True, "there is no old address that could object"


async def test_an_address_of_somebody_at_work_is_not_taken(database: Database) -> None:
    await bring(database, "\n".join([PLAIN, "00971,Fy,Qu,fy.qu@x.de,2020-01-02,,active,"]))
    with pytest.raises(Invalid) as refused:
        await bring(database, "\n".join([PLAIN, "971,Fy,Qu,fy.qu@x.de,2020-01-02,,active,"]))
    [problem] = refused.value.problems
    assert problem["code"] == "address_taken"
    assert "who is active and not in the file" in str(problem["message"])
    assert "971 may be 00971" in str(problem["hint"])
    assert "Columns read: 'employee_id' as employee_id" in refused.value.detail


async def test_ids_that_differ_in_case_alone_are_two_people_and_said(database: Database) -> None:
    await bring(database, "\n".join([PLAIN, "E970,Ed,Po,ed@x.de,2020-01-02,,active,"]))
    result = await bring(database, "\n".join([PLAIN, "e970,Ed,Po,ed2@x.de,2020-01-02,,active,"]))
    assert result.new == ("e970",)
    assert [(each.row, each.code) for each in result.warnings] == [(2, "near_duplicate")]


async def test_a_line_named_by_address_alone_is_kept_and_opened(database: Database) -> None:
    head = "employee_id,first_name,last_name,email,hire_date,manager_id,manager_email"
    ann, bo = "900,Ann,Lee,ann@x.de,2020-01-02,,", "901,Bo,Li,bo@x.de,2020-01-02,{}"
    await bring(database, "\n".join([head, ann, bo.format("900,")]))
    result = await bring(database, "\n".join([head, ann, bo.format(",ann@x.de")]))
    assert result.manager_changes == ()
    lines = "SELECT count(*) FROM reporting_lines WHERE valid_to IS NULL"
    assert await scalar(database, lines) == 1


async def test_without_a_state_a_leaving_day_in_the_past_is_of_somebody_who_left(
    database: Database,
) -> None:
    await bring(database, "\n".join([PLAIN, "980,Gi,Ro,gi@x.de,2015-01-02,,,2021-05-31"]))
    assert await scalar(database, "SELECT status FROM people") == "left"
    assert await scalar(database, "SELECT left_on FROM people") == date(2021, 5, 31)


async def test_columns_that_were_not_read_are_named(database: Database) -> None:
    head = "employee_id,first_name,last_name,email,hire_date,Shoe size"
    result = await bring(database, f"{head}\n1,A,B,a@x.de,2020-01-02,44")
    assert result.ignored == ("Shoe size",)
    assert result.as_dict()["warnings"] == ()
