"""Golden timelines of the shipped definitions, for one person in each of four places.

The dates of the annual review and of the probation are computed by hand in test_timeline; these
hold everything that a preview prints, rungs included.
"""

from datetime import date

import pytest
from syrupy.assertion import SnapshotAssertion

from definitions.calendar import PersonProfile
from definitions.preview import WIDTH, as_text, person_timeline
from tests.definitions.cycles import SHIPPED, made_of, shipped
from tests.definitions.places import calendars, on, utc

PLACES = {
    "Seattle": PersonProfile("us", "America/Los_Angeles", office="Seattle"),
    "Oxford": PersonProfile("england", "Europe/London", office="Oxford"),
    "Munich": PersonProfile("bavaria", "Europe/Berlin", office="Munich"),
    "Toronto": PersonProfile("ontario", "America/Toronto", office="Toronto"),
}
LAUNCHES = {
    "annual": "2027-01-12",
    "mid_year": "2027-06-08",
    "quarterly": "2027-04-13",
    "feedback": "2027-03-02",
    "upward": "2027-09-14",
}
HIRED = "2027-03-01"


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("name", SHIPPED)
def test_golden_timeline(name: str, place: str, snapshot: SnapshotAssertion) -> None:
    launch = on(LAUNCHES[name]) if name in LAUNCHES else None
    hired = None if launch else on(HIRED)
    rows = person_timeline(shipped(name), launch, calendars(), PLACES[place], hired)
    assert as_text(rows, f"{name}, {place}, {launch or hired}") == snapshot


def test_each_task_has_the_dates_of_whoever_holds_it() -> None:
    profiles = {"subject": PLACES["Oxford"], "manager": PLACES["Munich"]}
    rows = person_timeline(shipped("annual"), on("2027-01-12"), calendars(), profiles)
    by_stage = {row.stage: row for row in rows}
    assert by_stage["self"].times.opens_at == utc("2027-01-12T09:00")
    assert by_stage["manager"].times.opens_at == utc("2027-02-11T08:00")
    # Nobody named for HR: the company's calendar, in Seattle.
    assert by_stage["release"].times.opens_at == utc("2027-03-01T17:00")


def test_a_stage_opens_when_the_one_before_is_due_if_that_is_later_than_planned() -> None:
    # Wednesdays only: 13, 20, 27 January, 3, 10, 17, 24 February, 3, 10, 17 March.
    slow = PersonProfile("us", "America/Los_Angeles", frozenset({2}))
    profiles = {"subject": slow, "manager": PLACES["Seattle"], "rater": PLACES["Seattle"]}
    rows = person_timeline(shipped("annual"), on("2027-01-12"), calendars(), profiles)
    assert rows[0].due_on == on("2027-03-17")
    by_stage = {row.stage: row for row in rows}
    assert by_stage["manager"].opens_on == on("2027-03-18")


def test_a_360_round_shows_its_steps() -> None:
    definition = made_of("- {id: feedback, kind: feedback_round, form: one}")
    rows = person_timeline(definition, on("2027-01-12"), calendars(), PLACES["Seattle"])
    found = [(row.stage, row.step, row.title, row.holder, row.due_on) for row in rows]
    assert found == [
        ("feedback", "nominate", "Choose who is asked for feedback", "subject", on("2027-01-20")),
        ("feedback", "approve", "Look over the feedback lists", "manager", on("2027-01-26")),
        ("feedback", "collect", "Feedback", "rater", on("2027-02-10")),
    ]
    # Raters are reminded and never escalated.
    assert {rung.kind for row in rows for rung in row.rungs} == {"remind"}


def test_only_the_steps_that_a_round_has_are_shown() -> None:
    (row,) = person_timeline(shipped("upward"), on("2027-01-12"), calendars(), PLACES["Seattle"])
    assert (row.step, row.holder) == ("collect", "rater")
    named_by_manager = made_of(
        """
        - {id: feedback, kind: feedback_round, form: one, nominate: {by: manager, title: Whom?}}
        """
    )
    rows = person_timeline(named_by_manager, on("2027-01-12"), calendars(), PLACES["Seattle"])
    assert [(row.title, row.holder, row.due_on) for row in rows] == [
        ("Whom?", "manager", on("2027-01-20")),
        ("Feedback", "rater", on("2027-02-04")),
    ]


def test_a_condition_is_shown() -> None:
    definition = made_of("- {id: one, due: 5 working days, when: person.is_manager}")
    rows = person_timeline(definition, on("2027-01-12"), calendars(), PLACES["Seattle"])
    assert "person.is_manager" in as_text(rows)


def test_a_preview_says_which_date_it_needs() -> None:
    with pytest.raises(ValueError, match="hire date"):
        person_timeline(shipped("probation"), on("2027-03-01"), calendars(), PLACES["Oxford"])
    with pytest.raises(ValueError, match="launch date"):
        person_timeline(shipped("annual"), None, calendars(), PLACES["Oxford"], date(2020, 1, 1))


@pytest.mark.parametrize("name", SHIPPED)
def test_a_preview_fits_a_terminal(name: str) -> None:
    launch = on(LAUNCHES[name]) if name in LAUNCHES else None
    rows = person_timeline(shipped(name), launch, calendars(), PLACES["Munich"], on(HIRED))
    assert max(len(line) for line in as_text(rows).splitlines()) <= WIDTH
