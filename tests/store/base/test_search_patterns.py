"""A search finds what holds every word, in whatever order, and takes no word for a pattern."""

from datetime import date

import pytest

from store.base.session import Database
from store.views.lists.people import list_people
from store.views.people_pages import people_rows


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("miller it bruce", ["Bruce Miller"]),
        ("bruce", ["Bruce Miller"]),
        ("MILLER  bruce", ["Bruce Miller"]),
        ("bruce%", []),
        ("b_uce", []),
        ("bruce nobody", []),
    ],
)
async def test_every_word_is_found_in_any_order(
    demo: Database, typed: str, found: list[str]
) -> None:
    async with demo.begin() as conn:
        rows = await people_rows(conn, date(2027, 1, 12), search=typed)
    assert [row.name for row in rows] == found


async def test_a_list_of_the_api_is_searched_alike(demo: Database) -> None:
    async with demo.begin() as conn:
        people = await list_people(
            conn, on=date(2027, 1, 12), search="miller bruce", status=None, after=0, limit=10
        )
    assert [person.employee_id for person in people] == ["104"]
