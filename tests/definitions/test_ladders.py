"""Rungs, computed by hand. In February 2027 Mondays are 1, 8, 15, 22; the 15th is Presidents' Day.

The task of the examples is due on Thursday 25 February 2027 in Seattle and was announced on
Thursday the 11th.
"""

from datetime import date, datetime, timedelta
from itertools import islice, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from definitions.calendar import CalendarRange, PersonTime
from definitions.ladders import Rung, gap, next_rung, not_before, repeats, rungs
from definitions.models import BUILT_IN_LADDERS, Escalation, Ladder
from tests.definitions.places import munich, on, oxford, seattle, utc

STANDARD = BUILT_IN_LADDERS["standard"]
DUE = date(2027, 2, 25)
ANNOUNCED = date(2027, 2, 11)
URGENT = Ladder(
    remind=(-5, -2, -1, 0, 1),
    escalate=(Escalation(on=2, to="manager"), Escalation(on=3, to="hr", repeat=1)),
)


def all_rungs(
    ladder: Ladder = STANDARD,
    *,
    due_on: date = DUE,
    assignee: PersonTime | None = None,
    announced_on: date | None = ANNOUNCED,
    closes_at: datetime | None = None,
    most_repeats: int = 1,
) -> list[Rung]:
    return rungs(
        ladder,
        due_on=due_on,
        assignee=assignee or seattle(),
        announced_on=announced_on,
        closes_at=closes_at,
        most_repeats=most_repeats,
    )


def dates(found: list[Rung]) -> list[tuple[str, str]]:
    return [(rung.key, rung.on.isoformat()) for rung in found]


def after(key: str | None, **more: object) -> Rung | None:
    given: dict[str, object] = {
        "due_on": DUE,
        "assignee": seattle(),
        "announced_on": ANNOUNCED,
        "closes_at": None,
    }
    return next_rung(STANDARD, key, **{**given, **more})  # type: ignore[arg-type]


def test_the_standard_ladder_in_seattle() -> None:
    # Five before the 25th: 24, 23, 22, 19, 18. Three after: 26, 1 March, 2. Six: 3, 4, 5.
    assert dates(all_rungs()) == [
        ("remind:-5", "2027-02-18"),
        ("remind:-1", "2027-02-24"),
        ("remind:0", "2027-02-25"),
        ("remind:1", "2027-02-26"),
        ("escalate:3", "2027-03-02"),
        ("escalate:6", "2027-03-05"),
        ("escalate:6+1", "2027-03-12"),
    ]


def test_a_rung_goes_at_nine_where_the_assignee_is() -> None:
    first = after(None)
    assert first is not None
    assert (first.kind, first.level, first.to) == ("remind", -5, None)
    assert first.at == utc("2027-02-18T17:00")  # 09:00 at UTC-8
    third = after("remind:1")
    assert third is not None
    assert (third.kind, third.level, third.to) == ("escalate", 3, "manager")


def test_rungs_are_counted_on_the_assignees_calendar() -> None:
    # Due on Thursday 25 March 2027. In England the 26th and the 29th are holidays: one day after
    # is Tuesday the 30th, three after Thursday 1 April. In Ontario only the 26th is.
    found = dict(dates(all_rungs(due_on=on("2027-03-25"), assignee=oxford())))
    assert (found["remind:1"], found["escalate:3"]) == ("2027-03-30", "2027-04-01")
    found = dict(dates(all_rungs(due_on=on("2027-03-25"), assignee=seattle())))
    assert (found["remind:1"], found["escalate:3"]) == ("2027-03-26", "2027-03-30")


def test_no_rung_falls_on_a_holiday_or_on_leave() -> None:
    # On leave from 26 February to 5 March: the first working day after the due date is the 8th.
    away = seattle(leaves=((on("2027-02-26"), on("2027-03-05")),))
    found = dict(dates(all_rungs(assignee=away)))
    assert found["remind:1"] == "2027-03-08"
    assert found["escalate:3"] == "2027-03-10"


def test_reminders_until_the_day_of_the_announcement_do_not_exist() -> None:
    # Announced on the 18th, the day of the first reminder; and on the 24th.
    assert all_rungs(announced_on=on("2027-02-18"))[0].key == "remind:-1"
    assert all_rungs(announced_on=on("2027-02-17"))[0].key == "remind:-5"
    assert all_rungs(announced_on=on("2027-02-24"))[0].key == "remind:0"


def test_rungs_after_the_close_do_not_exist() -> None:
    # Closing on Thursday 4 March: the manager is told on the 2nd, HR (the 5th) is not.
    closes = seattle().end_of(on("2027-03-04"))
    assert all_rungs(closes_at=closes)[-1].key == "escalate:3"
    closes = seattle().end_of(on("2027-03-05"))
    assert all_rungs(closes_at=closes)[-1].key == "escalate:6"


def test_nobody_is_escalated_on_the_morning_of_a_late_announcement() -> None:
    # The opening mail bounced until Wednesday 3 March. The manager, dated the 2nd, hears on the
    # 4th; HR, dated the 5th, keeps its date here (the distance from what went out is the engine's
    # to ask for).
    found = dates(all_rungs(announced_on=on("2027-03-03")))
    assert found[:2] == [("escalate:3", "2027-03-04"), ("escalate:6", "2027-03-05")]


def test_the_last_rung_repeats_for_ever() -> None:
    # 5 March, then every five working days: 12, 19, 26 March, 2 April.
    found = dates(all_rungs(most_repeats=4))[-4:]
    assert found == [
        ("escalate:6+1", "2027-03-12"),
        ("escalate:6+2", "2027-03-19"),
        ("escalate:6+3", "2027-03-26"),
        ("escalate:6+4", "2027-04-02"),
    ]


def test_repeats_stop_when_the_next_escalation_takes_over() -> None:
    ladder = Ladder(
        escalate=(Escalation(on=3, to="manager", repeat=2), Escalation(on=7, to="hr", repeat=10))
    )
    keys = [rung.key for rung in all_rungs(ladder, most_repeats=1)]
    # Days 3, 5, then 7 belongs to HR.
    assert keys == ["escalate:3", "escalate:3+1", "escalate:7", "escalate:7+1"]


def test_reminders_among_repeats_keep_their_days() -> None:
    ladder = Ladder(remind=(0, 4), escalate=(Escalation(on=3, to="manager", repeat=2),))
    keys = [rung.key for rung in all_rungs(ladder, most_repeats=2)]
    assert keys == ["remind:0", "escalate:3", "remind:4", "escalate:3+1", "escalate:3+2"]


def test_a_ladder_without_rungs_has_none() -> None:
    assert after(None) is not None
    assert all_rungs(BUILT_IN_LADDERS["none"]) == []


def test_a_key_of_another_ladder_is_refused() -> None:
    for key in ("remind:-3", "escalate:4", "escalate:3+1", "nonsense"):
        with pytest.raises(ValueError, match="is no rung of this ladder"):
            after(key)


def test_the_end_of_the_frozen_years_is_said_and_not_guessed() -> None:
    with pytest.raises(CalendarRange):
        after("escalate:6+500")


# --- Distance -----------------------------------------------------------------------------------


def test_the_gap_is_what_the_ladder_puts_between_two_rungs() -> None:
    assert gap(STANDARD, "remind:1", "escalate:3") == 2
    assert gap(STANDARD, "remind:-1", "remind:1") == 2
    assert gap(STANDARD, "escalate:3", "escalate:6") == 3
    assert gap(STANDARD, "escalate:6", "escalate:6+1") == 5
    assert gap(STANDARD, "escalate:6+1", "escalate:6+3") == 10
    assert gap(STANDARD, "escalate:6", "remind:1") == 0


def test_without_a_second_key_the_gap_is_that_to_the_following_rung() -> None:
    assert gap(STANDARD, "escalate:3") == 3
    assert gap(STANDARD, "escalate:6") == 5
    assert gap(BUILT_IN_LADDERS["gentle"], "remind:1") is None


def test_a_rung_keeps_its_distance_from_what_really_went_out() -> None:
    # The overdue reminder went out on Wednesday 3 March instead of 26 February: the manager hears
    # two working days later, on Friday the 5th, HR three after that.
    assert not_before(STANDARD, "remind:1", on("2027-03-03"), "escalate:3", seattle()) == on(
        "2027-03-05"
    )
    rung = after("remind:1", not_before=on("2027-03-05"))
    assert rung is not None
    assert (rung.key, rung.on) == ("escalate:3", on("2027-03-05"))
    assert not_before(STANDARD, "escalate:3", on("2027-03-05"), "escalate:6", seattle()) == on(
        "2027-03-10"
    )


def test_on_time_the_distance_changes_nothing() -> None:
    earliest = not_before(STANDARD, "remind:1", on("2027-02-26"), "escalate:3", seattle())
    assert earliest == on("2027-03-02")
    assert after("remind:1", not_before=earliest) == after("remind:1")


def test_before_any_rung_went_out_the_announcement_counts() -> None:
    assert not_before(STANDARD, None, on("2027-03-05"), "escalate:3", seattle()) == on("2027-03-08")


def test_a_postponed_rung_after_the_close_does_not_exist() -> None:
    closes = seattle().end_of(on("2027-03-04"))
    assert after("remind:1", closes_at=closes, not_before=on("2027-03-05")) is None


def test_repeats_are_counted_from_the_place_that_a_rung_took() -> None:
    # Nobody up the line on 2 March (day 3): HR takes that place. Its repeats: 9, 16 March.
    found = list(islice(repeats(STANDARD, "escalate:6", on("2027-03-02"), assignee=seattle()), 2))
    assert dates(found) == [("escalate:6+1", "2027-03-09"), ("escalate:6+2", "2027-03-16")]
    # The same, one rung at a time.
    place = on("2027-03-02")
    following = after("escalate:6", not_before=seattle().calendar.after(place, 5))
    assert following == found[0]
    following = after("escalate:6+1", not_before=seattle().calendar.after(found[0].on, 5))
    assert following == found[1]


def test_repeats_end_with_the_task_and_with_the_next_escalation() -> None:
    closes = seattle().end_of(on("2027-03-10"))
    found = repeats(STANDARD, "escalate:6", on("2027-03-02"), assignee=seattle(), closes_at=closes)
    assert dates(list(found)) == [("escalate:6+1", "2027-03-09")]
    assert list(repeats(STANDARD, "escalate:3", on("2027-03-02"), assignee=seattle())) == []
    ladder = Ladder(escalate=(Escalation(on=3, to="manager", repeat=2), Escalation(on=7, to="hr")))
    found = repeats(ladder, "escalate:3", on("2027-03-02"), assignee=seattle())
    assert [rung.key for rung in found] == ["escalate:3+1"]


def test_daily_repeats_come_every_working_day() -> None:
    # Due Friday 14 May 2027 in Munich. +1 is Tuesday 18 (Whit Monday is the 17th), +2 the 19th,
    # +3 the 20th; then daily: 21, 24, 25, 26, 28 (Corpus Christi is the 27th).
    found = all_rungs(
        URGENT,
        due_on=on("2027-05-14"),
        assignee=munich(),
        announced_on=on("2027-05-03"),
        most_repeats=5,
    )
    assert dates(found)[-6:] == [
        ("escalate:3", "2027-05-20"),
        ("escalate:3+1", "2027-05-21"),
        ("escalate:3+2", "2027-05-24"),
        ("escalate:3+3", "2027-05-25"),
        ("escalate:3+4", "2027-05-26"),
        ("escalate:3+5", "2027-05-28"),
    ]


# --- Properties ---------------------------------------------------------------------------------


@st.composite
def ladders(draw: st.DrawFn) -> Ladder:
    remind = draw(st.lists(st.integers(-10, 10), unique=True, max_size=5))
    days = sorted(draw(st.sets(st.integers(1, 20), max_size=3)))
    escalate = [
        Escalation(on=day, to="manager", repeat=draw(st.one_of(st.none(), st.integers(1, 4))))
        for day in days
    ]
    return Ladder(remind=tuple(remind), escalate=tuple(escalate))


@given(ladder=ladders(), due=st.dates(date(2027, 1, 4), date(2027, 12, 1)))
@settings(max_examples=150, deadline=None)
def test_rungs_come_in_order_once_each_and_on_working_days(ladder: Ladder, due: date) -> None:
    due_on = oxford().calendar.on_or_after(due)
    found = all_rungs(
        ladder,
        due_on=due_on,
        assignee=oxford(),
        announced_on=due_on - timedelta(days=9),
        most_repeats=3,
    )
    assert [rung.at for rung in found] == sorted(rung.at for rung in found)
    assert len({rung.key for rung in found}) == len(found)
    assert all(oxford().calendar.is_working(rung.on) for rung in found)
    assert all(rung.on > due_on - timedelta(days=9) for rung in found if rung.kind == "remind")


@given(ladder=ladders(), due=st.dates(date(2027, 1, 4), date(2027, 12, 1)))
@settings(max_examples=150, deadline=None)
def test_the_gap_is_the_working_days_between_the_rungs_dates(ladder: Ladder, due: date) -> None:
    calendar = oxford().calendar
    due_on = calendar.on_or_after(due)
    found = all_rungs(ladder, due_on=due_on, assignee=oxford(), announced_on=None, most_repeats=3)
    for earlier, later in pairwise(found):
        distance = gap(ladder, earlier.key, later.key)
        assert distance == gap(ladder, earlier.key)
        assert distance == calendar.count(earlier.on, later.on)
        assert not_before(ladder, earlier.key, earlier.on, later.key, oxford()) == later.on


def test_a_rung_at_the_very_instant_of_the_close_is_there_and_one_after_it_is_not() -> None:
    first = all_rungs()[0]
    assert [rung.key for rung in all_rungs(closes_at=first.at)] == [first.key]
    assert all_rungs(closes_at=first.at - timedelta(seconds=1)) == []
