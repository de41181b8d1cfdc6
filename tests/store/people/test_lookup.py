"""People are found by what HR pastes; what names nobody for certain is answered with its line."""

from store.base.session import Database
from store.people.lookup import Line, in_department, read_lines, reporting_to, teams
from tests.store.running import D, person, rows


async def read(database: Database, typed: str) -> list[Line]:
    async with database.begin() as conn:
        return await read_lines(conn, typed)


async def test_ids_addresses_names_and_rows_of_tables_name_people(demo: Database) -> None:
    [(address,)] = await rows(demo, "SELECT email FROM people WHERE employee_id = '145'")
    typed = [
        "145",
        f"  {str(address).upper()} ",
        "john   singh",
        "Singh, John",
        f"John Singh <{address}>",
        f'"John Singh" <{address}>',
        "145, John Singh, Sales",
        "145\tSingh\tJohn",
        "John Singh; Sales",
    ]
    assert [
        line.person and line.person.employee_id for line in await read(demo, "\n".join(typed))
    ] == ["145"] * len(typed)


async def test_what_names_nobody_for_certain_keeps_its_number(demo: Database) -> None:
    await rows(
        demo,
        "UPDATE people SET first_name = 'John', last_name = 'Singh' WHERE employee_id = '146'"
        " RETURNING 1",
    )
    await rows(demo, "UPDATE people SET status = 'left' WHERE employee_id = '150' RETURNING 1")
    await rows(demo, "UPDATE people SET status = 'external' WHERE employee_id = '151' RETURNING 1")
    found = await read(demo, "145\n\nJohn Singh\n150\n\n151\nKaren Part\nJ. Sing\n%\n'; --\n")
    assert [(line.number, line.problem) for line in found] == [
        (1, None),
        (3, "ambiguous"),
        (4, "left"),
        (6, "unknown"),
        (7, "unknown"),
        (8, "unknown"),
        (9, "unknown"),
        (10, "unknown"),
    ]
    by_number = {line.number: line for line in found}
    assert [who.employee_id for who in by_number[3].perhaps] == ["145", "146"]
    assert [who.employee_id for who in by_number[8].perhaps] == ["145", "146"]
    assert by_number[9].perhaps == ()
    # What is offered for a line names that person and nobody else.
    for who in by_number[3].perhaps:
        [line] = await read(demo, who.line)
        assert line.person == who


async def test_departments_and_teams_are_chosen_whole(demo: Database) -> None:
    async with demo.begin() as conn:
        found = await teams(conn, D)
        sales = await in_department(conn, "Sales")
        president = await person(demo, "100")
        direct = await reporting_to(conn, president, D, directly=True)
        below = await reporting_to(conn, president, D, directly=False)
    assert dict(found.departments)["Sales"] == len(sales) == 34
    assert {who.employee_id: count for who, count in found.managers}["100"] == len(direct) == 14
    assert len(below) == 106
