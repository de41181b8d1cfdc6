"""Plans and the dates of tasks, computed by hand.

Mondays of 2027: 4, 11, 18 (holiday in Seattle), 25 January; 1, 8, 15 (holiday in Seattle and
Toronto), 22 February; 1, 8, 15, 22, 29 (holiday in England and Germany) March. Seattle is at
UTC-8 until 14 March, London at UTC until 28 March, Munich an hour ahead of London, Toronto five
behind.
"""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from definitions.calendar import PersonProfile, PersonTime
from definitions.models import Definition, Duration, Instant
from definitions.timeline import (
    Anchors,
    Period,
    Plan,
    StagePlan,
    TaskTimes,
    Unplannable,
    ends_at,
    extend,
    extend_due,
    first_opening,
    late_joiners_until,
    later_than,
    lost_to_pause,
    passed_before,
    period_of,
    period_title,
    plan_cycle,
    plan_person,
    reopen_due,
    shift_for_pause,
    slip,
    task_times,
    too_short,
    with_steps,
)
from definitions.unfolding import unfold
from tests.definitions.cycles import made_of, shipped
from tests.definitions.places import Who, calendars, munich, on, oxford, seattle, toronto, utc

LAUNCH = date(2027, 1, 12)  # the second Tuesday of January
PERIOD = Period(start=date(2026, 1, 1), end=date(2026, 12, 31), title="2026")


_plans: dict[tuple[int, date], tuple[Definition, Plan]] = {}


def plan_of(definition: Definition, launch: date = LAUNCH) -> Plan:
    """The plan, computed once: thousands of generated tasks ask for the same."""
    key = (id(definition), launch)
    if key not in _plans:
        _plans[key] = (definition, _planned(definition, launch))
    return _plans[key][1]


def _planned(definition: Definition, launch: date) -> Plan:
    period = period_of(definition, launch)
    return plan_cycle(definition, launch, calendars().company(), period)


def task(
    definition: Definition,
    stage: str,
    who: PersonTime,
    begins: datetime,
    *,
    launch: date = LAUNCH,
    plan: Plan | None = None,
    late_joiner: bool = False,
    extended_by: int = 0,
    step: str | None = None,
) -> TaskTimes:
    return task_times(
        definition,
        definition.stage(stage),
        plan or plan_of(definition, launch),
        assignee=who,
        anchors=Anchors(launch, PERIOD),
        begins=begins,
        late_joiner=late_joiner,
        extended_by=extended_by,
        step=step,
    )


def days(plan: Plan, stage: str) -> tuple[str, str, str | None]:
    planned = plan.stages[stage]
    closes = None if planned.closes is None else planned.closes.isoformat()
    return planned.opens.isoformat(), planned.due.isoformat(), closes


BY_SCHEDULE = utc("2027-01-11T19:00")  # nine o'clock on the 12th on the easternmost island
REVIEW = """
- {id: one, due: 10 working days, closes: 5 working days after due}
- {id: two, assignee: manager, due: 10 working days}
"""
"""The manager's text is planned for 28 January."""


# --- The plan -----------------------------------------------------------------------------------


def test_the_annual_review_of_2027_is_planned_on_the_company_calendar() -> None:
    plan = plan_of(shipped("annual"))
    # Ten after the 12th: 13, 14, 15, 19, 20, 21, 22, 25, 26, 27. Five more: 28, 29, 1, 2, 3.
    assert days(plan, "self") == ("2027-01-12", "2027-01-27", "2027-02-03")
    # Named by the 20th (13-15, 19, 20), approved by the 26th (22, 25, 26), written from the 27th
    # on: 28, 29, 1-5, 8-10 February. Three more, over the holiday on the 15th: 11, 12, 16.
    assert days(plan, "feedback") == ("2027-01-12", "2027-02-10", "2027-02-16")
    # The day after the 10th, the later of the two; ten more: 12, 16-19, 22-26.
    assert days(plan, "manager") == ("2027-02-11", "2027-02-26", None)
    assert days(plan, "release") == ("2027-03-01", "2027-03-03", None)
    assert days(plan, "conversation") == ("2027-03-04", "2027-03-11", "2027-03-18")
    assert days(plan, "acknowledgement") == ("2027-03-12", "2027-03-19", "2027-04-02")
    # Thirty after 19 March, six weeks without a holiday: 30 April.
    assert plan.ends == on("2027-04-30")
    # The last second of that day; Seattle is at UTC-7 then.
    assert ends_at(plan, calendars().company()) == utc("2027-05-01T06:59:59")


def test_the_mid_year_review_of_2027() -> None:
    plan = plan_of(shipped("mid_year"), on("2027-06-08"))
    # Juneteenth is observed on Friday 18 June, Independence Day on Monday 5 July.
    assert days(plan, "self") == ("2027-06-08", "2027-06-15", "2027-06-21")
    assert days(plan, "manager") == ("2027-06-16", "2027-06-28", None)
    assert days(plan, "conversation") == ("2027-06-29", "2027-07-07", "2027-07-14")


def test_a_quarterly_check_in_opens_two_stages_at_once() -> None:
    plan = plan_of(shipped("quarterly"), on("2027-04-13"))
    assert days(plan, "notes") == ("2027-04-13", "2027-04-20", "2027-04-27")
    # Fifteen after 13 April: three weeks, 4 May; ten more: 18 May.
    assert days(plan, "conversation") == ("2027-04-13", "2027-05-04", "2027-05-18")


ROUND = """
- {id: one, due: 10 working days}
- {id: feedback, kind: feedback_round, opens: launch, form: one}
- {id: two, assignee: manager, after: [one, feedback], due: 10 working days}
"""


def test_the_steps_of_a_360_round_follow_one_another() -> None:
    plan = plan_of(made_of(ROUND))
    steps = plan.stages["feedback"].steps
    # Nominate: five after the 12th: 13, 14, 15, 19, 20. It closes when it is due.
    assert steps["nominate"] == StagePlan(LAUNCH, on("2027-01-20"), on("2027-01-20"))
    # Approve opens on the 21st; three after: 22, 25, 26.
    assert steps["approve"] == StagePlan(on("2027-01-21"), on("2027-01-26"), on("2027-01-26"))
    # Collect opens on the 27th; ten after: 28, 29, 1-5, 8, 9, 10. Three more: 11, 12, 16.
    assert steps["collect"] == StagePlan(on("2027-01-27"), on("2027-02-10"), on("2027-02-16"))
    assert days(plan, "feedback") == ("2027-01-12", "2027-02-10", "2027-02-16")
    # The manager's stage opens after the later of 27 January and 10 February.
    assert days(plan, "two") == ("2027-02-11", "2027-02-26", None)


def test_steps_can_be_counted_again_from_the_dates_of_their_round() -> None:
    definition = made_of(ROUND)
    plan = plan_of(definition)
    whole = plan.stages["feedback"]
    bare = StagePlan(whole.opens, whole.due, whole.closes)
    stage = definition.stage("feedback")
    assert with_steps(stage, bare, calendars().company()) == whole
    assert with_steps(definition.stage("one"), bare, calendars().company()) is bare


def test_a_launch_on_a_day_off_opens_on_the_next_working_day() -> None:
    # By button on Saturday 16 January; Monday is a holiday in Seattle.
    plan = plan_of(made_of("- {id: one, due: 2 working days}"), on("2027-01-16"))
    assert days(plan, "one") == ("2027-01-19", "2027-01-21", None)


def test_opens_with_after_holds_both() -> None:
    text = """
    - {id: one, due: 5 working days}
    - {id: two, after: one, opens: OPENS, due: 2 working days}
    """
    # One is due on Wednesday the 20th.
    early = plan_of(made_of(text.replace("OPENS", "2027-01-13")))
    assert days(early, "two") == ("2027-01-21", "2027-01-25", None)
    late = plan_of(made_of(text.replace("OPENS", "2027-01-30")))  # a Saturday
    assert days(late, "two") == ("2027-02-01", "2027-02-03", None)


def test_dates_move_to_working_days_each_in_its_direction() -> None:
    # 15 February is a holiday: due moves to Friday the 12th, opens and closes to Tuesday the 16th.
    text = """
    - {id: one, opens: launch, due: 2027-02-15, closes: 2027-02-15}
    - {id: two, opens: 2027-02-15, due: 2 working days}
    """
    plan = plan_of(made_of(text))
    assert days(plan, "one") == ("2027-01-12", "2027-02-12", "2027-02-16")
    assert plan.stages["two"].opens == on("2027-02-16")


def test_months_keep_the_day_or_take_the_last_of_the_month() -> None:
    # 29 January and a month: 28 February, a Sunday; due moves to Friday the 26th.
    plan = plan_of(made_of("- {id: one, due: 1 month}"), on("2027-01-29"))
    assert plan.stages["one"].due == on("2027-02-26")
    # 12 January and two weeks is a Tuesday.
    plan = plan_of(made_of("- {id: one, due: 2 weeks}"))
    assert plan.stages["one"].due == on("2027-01-26")


def test_other_anchors_are_planned_dates() -> None:
    text = """
    - {id: one, due: 10 working days, closes: 5 working days after due}
    - {id: two, opens: 2 working days after one.opens, due: 1 working day before one.closes}
    - {id: three, opens: 3 working days after period.end, due: 40 days after period.end}
    """
    plan = plan_of(made_of(text), on("2027-01-12"))
    # One: 12 January, 27 January, 3 February.
    assert days(plan, "two") == ("2027-01-14", "2027-02-02", None)
    # 31 December 2026 is the end of the period; 1 January is a holiday: 4, 5, 6 January. Forty
    # days after it is Tuesday 9 February.
    assert days(plan, "three") == ("2027-01-06", "2027-02-09", None)


def test_a_due_date_before_the_opening_is_planned_on_the_opening_and_reported() -> None:
    text = """
    - {id: one, due: 10 working days}
    - {id: two, due: 2027-01-15}
    """
    definition = made_of(text)
    assert days(plan_of(definition), "two") == ("2027-01-28", "2027-01-28", None)
    anchors = Anchors(LAUNCH, PERIOD)
    found = too_short(definition, anchors, calendars().company())
    assert found == [("two", on("2027-01-28"), on("2027-01-15"))]
    assert too_short(shipped("annual"), anchors, calendars().company()) == []


def test_dates_that_wait_for_each_other_are_refused() -> None:
    good = made_of("- {id: one, due: 2 working days}\n- {id: two, due: 2 working days}")
    one, two = good.stages
    circle = good.model_copy(
        update={
            "stages": (
                one.model_copy(update={"opens": Instant.parse("two.due")}),
                two.model_copy(update={"opens": Instant.parse("one.due"), "after": ()}),
            )
        }
    )
    with pytest.raises(Unplannable, match="depend on each other"):
        plan_of(circle)
    endless = good.model_copy(
        update={"stages": (one, two.model_copy(update={"due": Instant.parse("one.closes")}))}
    )
    with pytest.raises(Unplannable, match=r"`one\.closes` has no date"):
        plan_of(endless)
    with pytest.raises(Unplannable, match="`hire_date` has no date"):
        plan_of(shipped("probation"))


def test_a_plan_survives_json() -> None:
    for definition in (made_of(ROUND), shipped("annual")):
        plan = plan_of(definition)
        assert Plan.model_validate_json(plan.model_dump_json()) == plan
        assert Plan.model_validate(plan.model_dump(mode="json")) == plan
        assert plan.model_copy(update={"stages": dict(plan.stages)}) == plan


def test_late_joiners_enter_until_the_first_due_date_unless_it_says_otherwise() -> None:
    company, anchors = calendars().company(), Anchors(LAUNCH, PERIOD)
    annual, quarterly = shipped("annual"), shipped("quarterly")
    assert late_joiners_until(annual, plan_of(annual), anchors, company) == on("2027-01-27")
    assert late_joiners_until(quarterly, plan_of(quarterly), anchors, company) is None


# --- Opening ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("who", "opens", "due", "closes"),
    [
        # Seattle skips the 18th, and ends its day eight hours after Oxford.
        (seattle, "2027-01-12T17:00", "2027-01-27", "2027-02-04T07:59:59"),
        # Elsewhere: 13, 14, 15, 18-22, 25, 26; and five more: 27, 28, 29, 1, 2.
        (oxford, "2027-01-12T09:00", "2027-01-26", "2027-02-02T23:59:59"),
        (munich, "2027-01-12T08:00", "2027-01-26", "2027-02-02T22:59:59"),
        (toronto, "2027-01-12T14:00", "2027-01-26", "2027-02-03T04:59:59"),
    ],
)
def test_by_schedule_everybody_starts_at_nine_and_counts_their_own_days(
    who: Who, opens: str, due: str, closes: str
) -> None:
    found = task(shipped("annual"), "self", who(), BY_SCHEDULE)
    assert (found.opens_at, found.due_on) == (utc(opens), on(due))
    assert found.closes_at == utc(closes)
    assert found.announce_at == found.opens_at
    assert found.due_at == who().end_of(found.due_on)


def test_a_launch_by_button_in_the_afternoon_of_seattle_reaches_london_the_next_morning() -> None:
    pressed = utc("2027-01-12T23:00")  # 15:00 in Seattle, 23:00 in London
    assert task(shipped("annual"), "self", seattle(), pressed).opens_at == pressed
    found = task(shipped("annual"), "self", oxford(), pressed)
    assert found.opens_at == utc("2027-01-13T09:00")
    # Still counted from the planned opening, the 12th.
    assert found.due_on == on("2027-01-26")


def test_a_launch_by_button_in_the_evening_waits_for_the_morning_everywhere() -> None:
    pressed = utc("2027-01-13T02:00")  # 18:00 on the 12th in Seattle
    assert task(shipped("annual"), "self", seattle(), pressed).opens_at == utc("2027-01-13T17:00")
    assert task(shipped("annual"), "self", munich(), pressed).opens_at == utc("2027-01-13T08:00")


def test_a_planned_opening_on_a_local_holiday_waits_for_the_next_working_day() -> None:
    # 6 January is Epiphany in Munich. Ten after the 6th: 7, 8, 11-15, 18, 19, 20.
    definition = made_of("- {id: one, due: 10 working days}")
    found = task(definition, "one", munich(), utc("2027-01-05T19:00"), launch=on("2027-01-06"))
    assert found.opens_at == utc("2027-01-07T08:00")
    assert found.due_on == on("2027-01-20")
    # Three after the 6th would be 7, 8, 11; three after the 7th, when it really opened: the 12th.
    definition = made_of("- {id: one, due: 3 working days}")
    found = task(definition, "one", munich(), utc("2027-01-05T19:00"), launch=on("2027-01-06"))
    assert found.due_on == on("2027-01-12")


def test_a_manager_who_is_free_early_may_start_and_is_told_on_the_planned_morning() -> None:
    # The stage is planned for 28 January. The first report is ready on the 20th, 19:00 in Munich.
    found = task(made_of(REVIEW), "two", munich(), utc("2027-01-20T18:00"))
    assert found.opens_at == utc("2027-01-21T08:00")
    assert found.announce_at == utc("2027-01-28T08:00")
    # Ten after the planned 28th: 29, 1-5, 8-11 February. Opening early does not shorten.
    assert found.due_on == on("2027-02-11")


def test_a_manager_of_eight_has_one_due_date_and_one_opening_mail() -> None:
    freed = [utc(f"2027-01-{day}T15:00") for day in (14, 15, 19, 20, 22, 25, 26, 27)]
    found = [task(made_of(REVIEW), "two", seattle(), begins) for begins in freed]
    assert {one.due_on for one in found} == {on("2027-02-11")}
    assert {one.announce_at for one in found} == {utc("2027-01-28T17:00")}
    assert len({one.opens_at for one in found}) == 8


def test_freed_before_nine_on_the_planned_day_is_on_time() -> None:
    found = task(made_of(REVIEW), "two", seattle(), utc("2027-01-28T07:59:59"))
    assert found.opens_at == found.announce_at == utc("2027-01-28T17:00")


def test_an_opening_of_its_own_holds_back_what_was_freed_early() -> None:
    text = """
    - {id: one, due: 5 working days}
    - {id: two, assignee: manager, after: one, opens: 2027-02-15, due: 5 working days}
    """
    definition = made_of(text)
    # Seattle rests on the 15th; Oxford does not. The plan says the 16th.
    found = task(definition, "two", seattle(), utc("2027-01-14T18:00"))
    assert found.opens_at == found.announce_at == utc("2027-02-16T17:00")
    found = task(definition, "two", oxford(), utc("2027-01-14T12:00"))
    assert found.opens_at == utc("2027-02-15T09:00")
    assert found.announce_at == utc("2027-02-16T09:00")


# --- Due and close ------------------------------------------------------------------------------


def test_opening_late_leaves_at_least_three_working_days() -> None:
    review = made_of(REVIEW)
    # Freed by the close of the self review, 3 February, 23:59:59 in Seattle.
    found = task(review, "two", seattle(), utc("2027-02-04T07:59:59"))
    assert found.opens_at == found.announce_at == utc("2027-02-04T17:00")
    assert found.due_on == on("2027-02-11")  # 5, 8, 9 would be earlier: the later holds
    # Freed on Wednesday the 10th at noon: 11, 12, 16.
    found = task(review, "two", seattle(), utc("2027-02-10T20:00"))
    assert found.opens_at == utc("2027-02-10T20:00")
    assert found.due_on == on("2027-02-16")
    # Freed that evening it opens on the 11th: 12, 16, 17.
    found = task(review, "two", seattle(), utc("2027-02-11T02:00"))
    assert found.due_on == on("2027-02-17")


def test_a_late_opening_by_calendar_units_leaves_no_less() -> None:
    definition = made_of("- {id: one, due: 1 day}\n- {id: two, due: 2 days, at_least: 4 days}")
    # Opens on Tuesday the 12th; four days later is Saturday, and Monday a holiday: the 19th.
    plan = plan_of(definition)
    moved = plan.model_copy(
        update={"stages": {**plan.stages, "two": StagePlan(LAUNCH, on("2027-01-14"))}}
    )
    found = task(definition, "two", seattle(), utc("2027-01-12T17:00"), plan=moved)
    assert found.due_on == on("2027-01-19")


def test_a_late_joiner_has_the_full_time_from_the_day_of_entry() -> None:
    # Wednesday 20 January: 21, 22, 25-29, 1, 2, 3 February. The others are due on the 27th.
    entered = utc("2027-01-20T17:00")
    found = task(shipped("annual"), "self", seattle(), entered, late_joiner=True)
    assert (found.opens_at, found.due_on) == (entered, on("2027-02-03"))
    # And the close is counted from there: 4, 5, 8, 9, 10.
    assert found.closes_at == seattle().end_of(on("2027-02-10"))


def test_a_late_joiner_has_as_many_days_as_a_fixed_date_left_the_others() -> None:
    definition = made_of("- {id: one, due: 2027-01-29}")
    # In Oxford, after the 12th until the 29th: 13-15, 18-22, 25-29 are 13 working days. Entered at
    # 17:00 it opens on the 21st; `at_least` is `due` and counts from there (§4, §3.6): 22, 25-29,
    # 1-5, 8, and 9 February.
    found = task(definition, "one", oxford(), utc("2027-01-20T17:00"), late_joiner=True)
    assert found.due_on == on("2027-02-09")
    assert found.opens_at == utc("2027-01-21T09:00")


def test_the_days_of_a_fixed_date_are_counted_from_an_opening_on_a_local_holiday() -> None:
    # Opens on Epiphany: 7, 8, 11-15 January are seven days in Munich. Entered on Monday the 11th:
    # 12-15, 18, 19, 20.
    definition = made_of("- {id: one, due: 2027-01-15}")
    entered = utc("2027-01-11T09:00")
    found = task(definition, "one", munich(), entered, launch=on("2027-01-06"), late_joiner=True)
    assert found.due_on == on("2027-01-20")


def test_leave_over_the_due_date_moves_due_and_close() -> None:
    # Away from Monday 25 to Friday 29 January. 13-15, 18-22 are eight; then 1 and 2 February.
    away = oxford(leaves=((on("2027-01-25"), on("2027-01-29")),))
    found = task(shipped("annual"), "self", away, BY_SCHEDULE)
    assert found.due_on == on("2027-02-02")
    assert found.closes_at == utc("2027-02-09T23:59:59")


def test_a_week_from_sunday_to_thursday_has_its_own_due_date() -> None:
    # 13, 14, 17-21, 24, 25, 26 January.
    week = oxford(work_days=frozenset({6, 0, 1, 2, 3}))
    assert task(shipped("annual"), "self", week, BY_SCHEDULE).due_on == on("2027-01-26")
    # Part-time, Monday to Wednesday: 13, 18, 19, 20, 25, 26, 27, 1, 2, 3 February.
    part = oxford(work_days=frozenset({0, 1, 2}))
    assert task(shipped("annual"), "self", part, BY_SCHEDULE).due_on == on("2027-02-03")


def test_a_date_that_is_no_working_day_of_the_assignee_moves_for_them_alone() -> None:
    definition = made_of("- {id: one, due: 2027-02-15, closes: 2027-03-29}")
    begins = BY_SCHEDULE
    assert task(definition, "one", seattle(), begins).due_on == on("2027-02-12")
    assert task(definition, "one", toronto(), begins).due_on == on("2027-02-12")
    assert task(definition, "one", oxford(), begins).due_on == on("2027-02-15")
    # Easter Monday is the 29th: the close moves to the 30th where it is a holiday.
    assert task(definition, "one", oxford(), begins).closes_at == oxford().end_of(on("2027-03-30"))
    assert task(definition, "one", toronto(), begins).closes_at == toronto().end_of(
        on("2027-03-29")
    )


def test_closes_due_is_the_due_instant() -> None:
    definition = made_of("- {id: one, due: 5 working days, closes: due}")
    found = task(definition, "one", munich(), BY_SCHEDULE)
    assert found.closes_at == found.due_at == utc("2027-01-19T22:59:59")


def test_a_fixed_close_never_comes_before_a_late_due_date() -> None:
    definition = made_of("- {id: one, due: 10 working days, closes: 2027-01-29}")
    found = task(definition, "one", seattle(), utc("2027-01-20T17:00"), late_joiner=True)
    assert found.due_on == on("2027-02-03")
    assert found.closes_at == found.due_at


def test_an_extension_for_tasks_to_come_lengthens_the_planned_due_date() -> None:
    # 27 January and three: 28, 29, 1 February.
    found = task(shipped("annual"), "self", seattle(), BY_SCHEDULE, extended_by=3)
    assert found.due_on == on("2027-02-01")
    assert found.closes_at == seattle().end_of(on("2027-02-08"))


def test_the_steps_of_a_round_have_dates_like_stages() -> None:
    definition = made_of(ROUND)
    nominate = task(definition, "feedback", oxford(), BY_SCHEDULE, step="nominate")
    assert (nominate.opens_at, nominate.due_on) == (utc("2027-01-12T09:00"), on("2027-01-19"))
    assert nominate.closes_at == nominate.due_at
    # Named on the 14th: the manager may approve at once, and hears of it on the planned 21st.
    approve = task(definition, "feedback", oxford(), utc("2027-01-14T12:00"), step="approve")
    assert approve.opens_at == utc("2027-01-14T12:00")
    assert approve.announce_at == utc("2027-01-21T09:00")
    assert approve.due_on == on("2027-01-26")
    with pytest.raises(Unplannable, match="name its step"):
        task(definition, "feedback", oxford(), BY_SCHEDULE)
    with pytest.raises(Unplannable, match="has no step"):
        task(definition, "one", oxford(), BY_SCHEDULE, step="nominate")


def test_the_first_opening_is_nine_in_the_easternmost_zone() -> None:
    annual = shipped("annual")
    everybody = [seattle(), toronto(), munich(), oxford()]
    assert first_opening(annual, plan_of(annual), everybody) == utc("2027-01-12T08:00")
    assert first_opening(annual, plan_of(annual), []) is None


# --- Rolling ------------------------------------------------------------------------------------


def test_a_probation_is_planned_on_the_newcomers_own_calendar() -> None:
    # Hired in Oxford on Monday 1 March 2027; Easter is 28 March.
    plan = plan_person(shipped("probation"), on("2027-03-01"), oxford())
    # 25 days: 26 March, Good Friday: the 25th. Five before: 24, 23, 22, 19, 18. Five after: 30,
    # 31, 1, 2, 5 April.
    assert days(plan, "day_30") == ("2027-03-18", "2027-03-25", "2027-04-05")
    # 30 days: Wednesday 31 March. Five before: 30, 25, 24, 23, 22.
    assert days(plan, "talk_30") == ("2027-03-22", "2027-03-31", None)
    # 75 days: Saturday 15 May: the 14th. Ten before, over May Day on the 3rd: 29 April.
    assert days(plan, "recommendation") == ("2027-04-29", "2027-05-14", None)
    # After it: Monday the 17th; 82 days: Saturday the 22nd, so the 21st.
    assert days(plan, "decision") == ("2027-05-17", "2027-05-21", None)
    # The day after 28 May that works: Tuesday 1 June (bank holiday on the 31st).
    assert days(plan, "acknowledgement") == ("2027-06-01", "2027-06-08", "2027-06-15")


def test_a_talk_due_on_a_weekend_or_holiday_is_due_before_it() -> None:
    probation = shipped("probation")
    # 30 days after Thursday 4 March is Saturday 3 April.
    plan = plan_person(probation, on("2027-03-04"), oxford())
    assert plan.stages["talk_30"].due == on("2027-04-02")
    # 30 days after Saturday 17 April is 17 May, Whit Monday in Munich and nothing in Oxford.
    hired = on("2027-04-17")
    plan = plan_person(probation, hired, oxford())
    assert days(plan, "talk_30") == ("2027-05-10", "2027-05-17", None)
    found = task_times(
        probation,
        probation.stage("talk_30"),
        plan,
        assignee=munich(),
        anchors=Anchors(hired, period_of(probation, hired, hired), hired),
        begins=utc("2027-04-17T07:00"),
    )
    assert found.due_on == on("2027-05-14")
    assert found.opens_at == utc("2027-05-10T07:00")  # summer time


def test_what_was_due_before_somebody_entered_is_passed_over() -> None:
    plan = plan_person(shipped("probation"), on("2027-03-01"), oxford())
    assert passed_before(plan, on("2027-03-31")) == ("day_30",)
    assert passed_before(plan, on("2027-04-10")) == ("day_30", "talk_30")
    assert passed_before(plan, on("2027-03-01")) == ()


# --- How dates move -----------------------------------------------------------------------------

BARRIER = """
- {id: one, due: 5 working days}
- {id: two, per: cycle, due: 2 working days}
- {id: three, due: 5 working days, closes: 5 working days after due}
- {id: aside, opens: launch, due: 5 working days}
- {id: four, after: [three, aside], due: 5 working days}
"""


def test_a_barrier_that_opens_late_moves_everything_after_it() -> None:
    definition = made_of(BARRIER)
    plan = plan_of(definition)
    assert days(plan, "two") == ("2027-01-21", "2027-01-25", None)
    assert days(plan, "three") == ("2027-01-26", "2027-02-02", "2027-02-09")
    # Opened on Tuesday the 26th: 21, 22, 25 are lost, three working days.
    moved = slip(plan, definition, "two", on("2027-01-26"), calendars().company())
    assert days(moved, "two") == ("2027-01-26", "2027-01-28", None)
    assert days(moved, "three") == ("2027-01-29", "2027-02-05", "2027-02-12")
    # Four was 3 to 10 February; three later, over the 15th: 8 to 16 February.
    assert days(moved, "four") == ("2027-02-08", "2027-02-16", None)
    assert moved.stages["one"] == plan.stages["one"]
    assert moved.stages["aside"] == plan.stages["aside"]
    company = calendars().company().calendar
    assert moved.ends == company.after(on("2027-02-16"), 30)


def test_slips_add_up_and_never_move_earlier() -> None:
    definition, company = made_of(BARRIER), calendars().company()
    plan = plan_of(definition)
    assert slip(plan, definition, "two", on("2027-01-21"), company) == plan
    assert slip(plan, definition, "two", on("2027-01-13"), company) == plan
    once = slip(plan, definition, "two", on("2027-01-22"), company)
    assert slip(once, definition, "two", on("2027-01-21"), company) == once
    # A Saturday: Friday the 22nd is lost, it is planned for Monday.
    assert slip(once, definition, "two", on("2027-01-23"), company).stages["two"].opens == on(
        "2027-01-25"
    )


def test_a_stage_per_person_does_not_slip() -> None:
    definition = made_of(BARRIER)
    plan = plan_of(definition)
    assert slip(plan, definition, "three", on("2027-03-01"), calendars().company()) == plan


def test_a_fixed_end_does_not_slip() -> None:
    definition = made_of(BARRIER, "ends: 2027-03-31")
    moved = slip(plan_of(definition), definition, "two", on("2027-02-01"), calendars().company())
    assert moved.ends == on("2027-03-31")


def test_the_steps_of_a_round_slip_with_it() -> None:
    text = """
    - {id: one, per: cycle, opens: launch, due: 5 working days}
    - {id: feedback, kind: feedback_round, form: one}
    """
    definition = made_of(text)
    plan, company = plan_of(definition), calendars().company()
    moved = slip(plan, definition, "one", on("2027-01-13"), company)
    old, new = plan.stages["feedback"].steps, moved.stages["feedback"].steps
    assert new["collect"].due == company.calendar.after(old["collect"].due, 1)


def test_what_comes_after_is_followed_through_the_whole_graph() -> None:
    assert later_than(made_of(BARRIER), "one") == ("two", "three", "four")
    assert later_than(made_of(BARRIER), "four") == ()
    assert later_than(shipped("annual"), "release") == ("conversation", "acknowledgement")


def test_an_extension_moves_due_and_close_and_others_only_if_asked() -> None:
    definition, company = made_of(BARRIER), calendars().company()
    plan = plan_of(definition)
    alone = extend(plan, definition, "three", 2, company)
    assert days(alone, "three") == ("2027-01-26", "2027-02-04", "2027-02-11")
    assert alone.stages["four"] == plan.stages["four"]
    together = extend(plan, definition, "three", 2, company, and_after=True)
    assert days(together, "four") == ("2027-02-05", "2027-02-12", None)
    assert together.stages["two"] == plan.stages["two"]


def test_an_extended_due_date_is_counted_from_the_present_one() -> None:
    assert extend_due(on("2027-01-27"), 3, seattle()) == on("2027-02-01")
    assert extend_due(on("2027-01-27"), 0, seattle()) == on("2027-01-27")


def test_a_reopened_task_has_three_working_days_or_its_old_date() -> None:
    # Reopened on Thursday 11 February: 12, 16, 17 in Seattle.
    assert reopen_due(on("2027-01-27"), on("2027-02-11"), seattle()) == on("2027-02-17")
    assert reopen_due(on("2027-02-26"), on("2027-02-11"), seattle()) == on("2027-02-26")


def test_a_pause_moves_what_lies_ahead_by_the_working_days_lost() -> None:
    # From Wednesday 20 to Monday 25 January: 20, 21, 22 are lost.
    paused, resumed = on("2027-01-20"), on("2027-01-25")
    assert lost_to_pause(paused, resumed, seattle()) == 3
    assert shift_for_pause(on("2027-01-27"), paused, resumed, seattle()) == on("2027-02-01")
    assert shift_for_pause(on("2027-01-26"), paused, resumed, oxford()) == on("2027-01-29")
    # Somebody on leave on the 21st and 22nd loses one day.
    away = seattle(leaves=((on("2027-01-21"), on("2027-01-22")),))
    assert shift_for_pause(on("2027-01-27"), paused, resumed, away) == on("2027-01-28")
    # Paused and resumed on the same day, or over a weekend: nothing is lost.
    assert shift_for_pause(on("2027-01-27"), paused, paused, seattle()) == on("2027-01-27")
    weekend = on("2027-01-23"), on("2027-01-25")
    assert shift_for_pause(on("2027-01-27"), *weekend, seattle()) == on("2027-01-27")


def test_a_pause_keeps_the_time_of_day_over_a_clock_change() -> None:
    # Two days lost; from Friday 12 March to Tuesday 16 March 2027 Seattle goes to UTC-7.
    moved = shift_for_pause(
        utc("2027-03-13T07:59:59"), on("2027-03-09"), on("2027-03-11"), seattle()
    )
    assert moved == utc("2027-03-17T06:59:59")


# --- Periods ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "launch", "start", "end", "title"),
    [
        ("previous year", "2027-01-12", "2026-01-01", "2026-12-31", "2026"),
        ("this year", "2027-01-12", "2027-01-01", "2027-12-31", "2027"),
        ("this half", "2027-06-08", "2027-01-01", "2027-06-30", "H1 2027"),
        ("previous half", "2027-06-08", "2026-07-01", "2026-12-31", "H2 2026"),
        ("previous quarter", "2027-01-12", "2026-10-01", "2026-12-31", "Q4 2026"),
        ("previous quarter", "2026-10-13", "2026-07-01", "2026-09-30", "Q3 2026"),
        ("this quarter", "2027-04-13", "2027-04-01", "2027-06-30", "Q2 2027"),
        ("2026-04-01 to 2027-03-31", "2027-04-13", "2026-04-01", "2027-03-31", None),
    ],
)
def test_periods_are_relative_to_the_launch(
    rule: str, launch: str, start: str, end: str, title: str | None
) -> None:
    definition = made_of("- {id: one, due: 5 working days}", f"period: {rule}")
    found = period_of(definition, on(launch))
    assert (found.start, found.end) == (on(start), on(end))
    assert found.title == (title or "1 Apr 2026 to 31 Mar 2027")


def test_a_period_from_the_hire_date_ends_on_that_day() -> None:
    probation = shipped("probation")
    found = period_of(probation, on("2027-03-01"), on("2027-03-01"))
    assert found == Period(
        start=on("2027-03-01"), end=on("2027-05-30"), title="1 Mar to 30 May 2027"
    )
    # The rolling cycle as a whole is about a year of hire dates.
    assert period_of(probation, on("2027-01-01")).title == "2027"


def test_a_month_has_a_title_of_its_own() -> None:
    assert period_title(on("2027-02-01"), on("2027-02-28")) == "February 2027"
    assert period_title(on("2026-12-01"), on("2026-12-31")) == "December 2026"


def test_a_period_within_months_is_named_by_its_days() -> None:
    assert period_title(on("2027-01-15"), on("2027-04-14")) == "15 Jan to 14 Apr 2027"
    assert period_title(on("2027-02-01"), on("2027-04-30")) == "1 Feb to 30 Apr 2027"


# --- Properties ---------------------------------------------------------------------------------

PLACES = (
    ("us", "America/Los_Angeles"),
    ("england", "Europe/London"),
    ("bavaria", "Europe/Berlin"),
    ("ontario", "America/Toronto"),
    ("us", "Pacific/Auckland"),
)
WEEKS = (None, frozenset({6, 0, 1, 2, 3}), frozenset({0, 1, 2}), frozenset({4}))
BEGINS = st.datetimes(datetime(2027, 1, 10), datetime(2027, 4, 30)).map(  # noqa: DTZ001
    lambda instant: instant.replace(microsecond=0, tzinfo=UTC)
)
SPELLS = st.lists(st.tuples(st.integers(0, 90), st.integers(0, 15)), max_size=2)


@st.composite
def people(draw: st.DrawFn) -> PersonProfile:
    place, zone = draw(st.sampled_from(PLACES))
    first = date(2027, 1, 11)
    leaves = tuple(
        (first + timedelta(days=start), first + timedelta(days=start + length))
        for start, length in draw(SPELLS)
    )
    return PersonProfile(place, zone, draw(st.sampled_from(WEEKS)), None, leaves)


ANNUAL = unfold(shipped("annual"))
STAGES = st.sampled_from([stage.id for stage in ANNUAL.stages])


@given(profile=people(), begins=BEGINS, stage=STAGES, late=st.booleans())
@settings(max_examples=300, deadline=None)
def test_the_dates_of_a_task_are_in_order_and_leave_time(
    profile: PersonProfile, begins: datetime, stage: str, late: bool
) -> None:
    who, annual = calendars().person(profile), ANNUAL
    found = task(annual, stage, who, begins, late_joiner=late)
    assert begins <= found.opens_at <= found.announce_at
    assert who.in_window(found.opens_at)
    opened_on = who.local_date(found.opens_at)
    assert found.due_on >= who.calendar.after(opened_on, annual.stage(stage).at_least.amount)
    assert who.calendar.is_working(found.due_on)
    assert who.local_date(found.due_at) == found.due_on
    if found.closes_at is not None:
        assert found.closes_at >= found.due_at
    planned = plan_of(annual).stages[stage].opens
    assert found.due_on > planned
    if not annual.stage(stage).after:
        assert found.opens_at >= who.opening(planned)
    assert found.announce_at >= min(found.opens_at, who.opening(planned))


@given(profile=people(), one=BEGINS, other=BEGINS, stage=STAGES)
@settings(max_examples=200, deadline=None)
def test_what_begins_later_is_never_due_earlier(
    profile: PersonProfile, one: datetime, other: datetime, stage: str
) -> None:
    who = calendars().person(profile)
    first = task(ANNUAL, stage, who, min(one, other))
    second = task(ANNUAL, stage, who, max(one, other))
    assert first.opens_at <= second.opens_at
    assert first.due_on <= second.due_on


@given(profile=people(), begins=BEGINS, stage=STAGES)
@settings(max_examples=200, deadline=None)
def test_leave_never_makes_a_date_earlier(
    profile: PersonProfile, begins: datetime, stage: str
) -> None:
    present = PersonProfile(profile.calendar, profile.zone, profile.work_days)
    away = task(ANNUAL, stage, calendars().person(profile), begins)
    here = task(ANNUAL, stage, calendars().person(present), begins)
    assert away.opens_at >= here.opens_at
    assert away.due_on >= here.due_on
    assert (away.closes_at is None) == (here.closes_at is None)
    if away.closes_at is not None and here.closes_at is not None:
        assert away.closes_at >= here.closes_at


@given(opened=st.dates(date(2027, 1, 1), date(2027, 3, 31)))
@settings(max_examples=100, deadline=None)
def test_a_slip_moves_all_later_dates_alike(opened: date) -> None:
    definition, company = made_of(BARRIER), calendars().company()
    plan = plan_of(definition)
    moved = slip(plan, definition, "two", opened, company)
    lost = company.calendar.count(plan.stages["two"].opens, opened)
    for key, planned in plan.stages.items():
        shift = lost if key in ("two", "three", "four") else 0
        new = moved.stages[key]
        assert company.calendar.count(planned.opens, new.opens) == shift
        assert company.calendar.count(planned.due, new.due) == shift
    assert moved.ends >= plan.ends


def test_durations_of_zero_days_are_the_opening_itself() -> None:
    definition = made_of("- {id: one, due: 0 working days}")
    assert definition.stage("one").at_least == Duration(0, "working_days")
    found = task(definition, "one", oxford(), BY_SCHEDULE)
    assert found.due_on == LAUNCH
