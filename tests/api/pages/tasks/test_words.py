"""What pages say of tasks is what will happen."""

from datetime import date

import pytest

from api.pages.kinds.words import About
from api.pages.tasks.words import by_whom, seen_by, verb, verb_of
from definitions.kinds.feedback_round.rules import NAMING_RATERS as NOMINATE

TODAY = date(2027, 2, 8)
RELEASE = date(2027, 2, 16)
REVIEW = About("form", "manager", "Manager review", "David Williams", "David")


def _seen(*, meets: bool, today: date = TODAY) -> str:
    return seen_by(
        REVIEW,
        hr_reads=True,
        releases=True,
        meets=meets,
        releases_on=RELEASE,
        released=False,
        result_open=False,
        today=today,
    )


def test_the_planned_day_is_that_of_the_release_and_not_of_the_talk_that_opens_the_result() -> None:
    assert _seen(meets=True) == (
        "David sees it once results are released and you have talked; "
        "the release is planned for Tue 16 Feb."
    )
    assert _seen(meets=False) == "David sees it when results are released, planned for Tue 16 Feb."


def test_no_day_is_planned_that_has_passed() -> None:
    """The release waits for everybody, and comes later than planned."""
    after = date(2027, 2, 17)
    assert _seen(meets=False, today=after) == "David sees it when results are released."
    assert _seen(meets=True, today=after) == (
        "David sees it once results are released and you have talked."
    )


def test_choosing_raters_has_one_name_for_oneself_and_for_others() -> None:
    own = About(
        "nominate", "subject", "Choose who is asked for feedback", "David Williams", "David"
    )
    others = About(
        "nominate", "manager", "Choose who is asked for feedback", "David Williams", "David"
    )
    said = {verb(own), verb(others), verb_of(own)}
    assert said == {NOMINATE} == {"Choose who is asked for feedback"}


@pytest.mark.parametrize(
    ("title", "author", "mine", "said"),
    [
        ("Half-year notes", "Ana Díaz", False, "Half-year notes, by Ana Díaz"),
        ("Your first month", "Ana Díaz", False, "“Your first month”, by Ana Díaz"),
        (
            "Two questions before your check-in",
            "Ana Díaz",
            True,
            "Two questions before your check-in",
        ),
        ("Your first month", "", False, "Your first month"),
        ("Yourself aside", "Ana Díaz", False, "Yourself aside, by Ana Díaz"),
    ],
)
def test_a_heading_above_somebodys_text_says_whose_it_is(
    title: str, author: str, mine: bool, said: str
) -> None:
    assert by_whom(title, author, mine=mine) == said
