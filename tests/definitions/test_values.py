"""Durations, instants, days of the year and periods: text in, the same text out."""

from datetime import date

import pytest

from definitions.durations import Duration
from definitions.instants import Anchor, Instant
from definitions.kinds.feedback_round.raters import HowMany
from definitions.problems import WrongValueError
from definitions.recurrence import DayRule, PeriodRule


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("10 working days", "10 working days"),
        ("1 working day", "1 working day"),
        ("1 days", "1 day"),
        ("2 week", "2 weeks"),
        ("18  months", "18 months"),
        ("4 years", "4 years"),
        ("0 days", "0 days"),
    ],
)
def test_durations(text: str, written: str) -> None:
    assert str(Duration.parse(text)) == written
    assert Duration.parse(written) == Duration.parse(text)


@pytest.mark.parametrize("text", ["10wd", "ten days", "-1 days", "1.5 days", "10 Working days", ""])
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(WrongValueError):
        Duration.parse(text)


@pytest.mark.parametrize(
    ("text", "day", "after"),
    [
        ("1 month", date(2027, 1, 31), date(2027, 2, 28)),
        ("1 month", date(2028, 1, 31), date(2028, 2, 29)),
        ("1 year", date(2028, 2, 29), date(2029, 2, 28)),
        ("11 months", date(2027, 2, 15), date(2028, 1, 15)),
        ("2 weeks", date(2027, 12, 25), date(2028, 1, 8)),
    ],
)
def test_calendar_units_keep_the_day_or_take_the_last(text: str, day: date, after: date) -> None:
    assert Duration.parse(text).after(day) == after


def test_calendar_units_go_back_as_well() -> None:
    assert Duration.parse("1 month").before(date(2027, 3, 31)) == date(2027, 2, 28)


def test_working_days_need_a_calendar() -> None:
    with pytest.raises(ValueError, match="calendar"):
        Duration.parse("1 working day").after(date(2027, 1, 1))


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("launch", Instant(anchor=Anchor("launch"))),
        ("2027-01-12", Instant(day=date(2027, 1, 12))),
        ("self.due", Instant(anchor=Anchor("due", "self"))),
        (
            "5 working days after due",
            Instant(anchor=Anchor("due"), offset=Duration(5, "working_days")),
        ),
        (
            "2 weeks before period.end",
            Instant(anchor=Anchor("period.end"), offset=Duration(2, "weeks"), direction="before"),
        ),
        (
            "30 days after hire_date",
            Instant(anchor=Anchor("hire_date"), offset=Duration(30, "days")),
        ),
    ],
)
def test_instants(text: str, instant: Instant) -> None:
    assert Instant.parse(text) == instant
    assert str(Instant.parse(text)) == text
    assert str(instant) == text


def test_a_bare_duration_counts_from_the_opening_in_due_only() -> None:
    due = Instant.parse_due("10 working days")
    assert due == Instant.parse("10 working days after opens")
    assert str(due) == "10 working days"
    with pytest.raises(WrongValueError):
        Instant.parse("10 working days")


@pytest.mark.parametrize(
    ("text", "year", "days"),
    [
        ("second Tuesday of January", 2027, ["2027-01-12"]),
        (
            "second Tuesday of April, July, October",
            2027,
            ["2027-04-13", "2027-07-13", "2027-10-12"],
        ),
        ("last Friday of February", 2028, ["2028-02-25"]),
        ("first Monday of March and November", 2027, ["2027-03-01", "2027-11-01"]),
        ("12 January", 2027, ["2027-01-12"]),
    ],
)
def test_days_of_the_year(text: str, year: int, days: list[str]) -> None:
    rule = DayRule.parse(text)
    assert [day.isoformat() for day in rule.dates(year)] == days
    assert DayRule.parse(str(rule)) == rule


@pytest.mark.parametrize(
    ("text", "launch", "bounds"),
    [
        ("previous year", date(2027, 1, 12), ("2026-01-01", "2026-12-31")),
        ("this year", date(2027, 1, 12), ("2027-01-01", "2027-12-31")),
        ("this half", date(2027, 6, 8), ("2027-01-01", "2027-06-30")),
        ("previous half", date(2027, 6, 8), ("2026-07-01", "2026-12-31")),
        ("previous quarter", date(2027, 1, 2), ("2026-10-01", "2026-12-31")),
        ("this quarter", date(2027, 12, 31), ("2027-10-01", "2027-12-31")),
        ("2026-04-01 to 2027-03-31", date(2027, 6, 1), ("2026-04-01", "2027-03-31")),
    ],
)
def test_periods(text: str, launch: date, bounds: tuple[str, str]) -> None:
    rule = PeriodRule.parse(text)
    first, last = rule.bounds(launch)
    assert (first.isoformat(), last.isoformat()) == bounds
    assert str(rule) == text


def test_a_period_from_the_hire_date() -> None:
    rule = PeriodRule.parse("90 days from hire_date")
    hired = date(2027, 1, 4)
    assert rule.bounds(hired, hired) == (hired, date(2027, 4, 4))
    with pytest.raises(ValueError, match="hire date"):
        rule.bounds(hired)


def test_a_period_of_two_dates_as_a_list() -> None:
    rule = PeriodRule.parse([date(2026, 4, 1), date(2027, 3, 31)])
    assert str(rule) == "2026-04-01 to 2027-03-31"


@pytest.mark.parametrize(("value", "text"), [("4 to 6", "4 to 6"), ("all", "all"), (3, "3")])
def test_numbers_of_raters(value: object, text: str) -> None:
    assert str(HowMany.parse(value)) == text
