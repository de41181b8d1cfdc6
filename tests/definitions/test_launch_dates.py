"""When cycles start. 2026: 1 January is a Thursday. 2027: a Friday. 2028: a Saturday."""

from datetime import date

import pytest

from definitions.calendar import CalendarRange, Calendars
from definitions.company import Company
from definitions.launch_dates import check_at, check_on, launches_between, next_launch
from definitions.models import Definition
from tests.definitions.cycles import made_of, shipped
from tests.definitions.places import SETTINGS, calendars, on, utc

COMPANY = calendars().company()
ONE = "- {id: one, due: 5 working days}"


def launched(text: str) -> Definition:
    return made_of(ONE, f"launch: {text}")


def test_the_annual_review_starts_on_the_second_tuesday_of_january() -> None:
    # Tuesdays of January 2027: 5, 12. Of January 2028: 4, 11.
    annual = shipped("annual")
    assert next_launch(annual, on("2026-11-21"), COMPANY) == on("2027-01-12")
    assert next_launch(annual, on("2027-01-11"), COMPANY) == on("2027-01-12")
    assert next_launch(annual, on("2027-01-12"), COMPANY) == on("2028-01-11")


def test_check_ins_start_in_three_quarters_of_the_year() -> None:
    found = launches_between(shipped("quarterly"), on("2027-01-01"), on("2027-12-31"), COMPANY)
    assert found == [on("2027-04-13"), on("2027-07-13"), on("2027-10-12")]


def test_a_date_without_work_is_the_next_working_day() -> None:
    # 18 January 2027 is a holiday; 16 January 2028 is a Sunday and the 17th a holiday.
    rule = launched("{every: year, on: 18 January}")
    assert next_launch(rule, on("2026-12-01"), COMPANY) == on("2027-01-19")
    rule = launched("{every: year, on: 16 January}")
    assert next_launch(rule, on("2027-06-01"), COMPANY) == on("2028-01-18")


def test_the_end_of_a_year_may_move_into_the_next() -> None:
    # 31 December 2027 is the holiday for a New Year on Saturday: Monday 3 January 2028.
    rule = launched("{every: year, on: 31 December}")
    assert next_launch(rule, on("2027-01-05"), COMPANY) == on("2028-01-03")
    assert launches_between(rule, on("2028-01-01"), on("2028-01-31"), COMPANY) == [on("2028-01-03")]


def test_two_dates_that_move_to_one_day_are_one_launch() -> None:
    # 16 and 18 January 2027 both become Tuesday the 19th.
    rule = launched("{every: quarter, on: [16 January, 18 January, last Friday of June]}")
    found = launches_between(rule, on("2027-01-01"), on("2027-12-31"), COMPANY)
    assert found == [on("2027-01-19"), on("2027-06-25")]


def test_by_hand_there_is_no_next_date() -> None:
    assert next_launch(made_of(ONE), on("2026-11-21"), COMPANY) is None


def test_a_rolling_cycle_opens_with_the_year() -> None:
    assert next_launch(shipped("probation"), on("2026-11-21"), COMPANY) == on("2027-01-01")


def test_beyond_the_frozen_years_it_says_so() -> None:
    with pytest.raises(CalendarRange):
        next_launch(shipped("annual"), on("2028-02-01"), COMPANY)


def test_the_check_comes_ten_working_days_before_at_nine_company_time() -> None:
    # Before 12 January 2027: 11, 8, 7, 6, 5, 4 January, 31, 30, 29, 28 December.
    assert check_on(shipped("annual"), on("2027-01-12"), COMPANY) == on("2026-12-28")
    assert check_at(shipped("annual"), on("2027-01-12"), COMPANY) == utc("2026-12-28T17:00")


def test_a_check_by_calendar_units_falls_on_a_working_day_before() -> None:
    # Two weeks before Monday 1 February 2027 is the holiday of 18 January: Friday the 15th.
    rule = launched("{every: year, on: 1 February, check: 2 weeks}")
    assert check_on(rule, date(2027, 2, 1), COMPANY) == on("2027-01-15")


def test_a_closure_moves_a_launch() -> None:
    closed = {"from": "2027-01-11", "to": "2027-01-15", "why": "Move"}
    frozen = Calendars.freeze(
        Company.model_validate({**SETTINGS, "closures": [closed]}), 2027, 2027
    )
    # 18 January is a holiday as well.
    found = next_launch(shipped("annual"), on("2027-01-01"), frozen.company())
    assert found == on("2027-01-19")
