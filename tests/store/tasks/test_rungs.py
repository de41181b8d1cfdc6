"""Which rung fires at an instant, to the second; computed by hand.

The task is due on Thursday 25 February 2027 in Seattle (nine in the morning there is 17:00 UTC) and
was announced on Thursday the 11th. The standard ladder reminds and then escalates.
"""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest

from definitions.ladders import Rung, next_rung
from definitions.models import Escalation, Ladder
from store.tasks.announcing import LATE
from store.tasks.rungs import Climbing, kept_distance, leaves_at, pick
from tests.definitions.places import munich, seattle

SECOND = timedelta(seconds=1)


def utc(year: int, month: int, day: int, hour: int) -> datetime:
    return datetime(year, month, day, hour, tzinfo=UTC)


DUE = date(2027, 2, 25)
ANNOUNCED = date(2027, 2, 11)
LADDER = Ladder(
    remind=(-2, 0, 1), escalate=(Escalation(on=2, to="manager"), Escalation(on=4, to="hr"))
)
TASK = Climbing(
    id=UUID(int=1),
    subject_id=1,
    assignee_id=1,
    desk=None,
    due_on=DUE,
    due_revision=1,
    closes_at=None,
    announced_on=ANNOUNCED,
    announce_at=utc(2027, 2, 11, 17),
    next_rung=None,
    next_rung_at=None,
    last_rung=None,
    last_rung_on=None,
    told_to=(),
)


def rung(after: str | None) -> Rung:
    found = next_rung(
        LADDER, after, due_on=DUE, assignee=seattle(), announced_on=ANNOUNCED, closes_at=None
    )
    assert found is not None
    return found


def standing_at(at: datetime, **more: object) -> Climbing:
    """The task with its first escalation at an instant, all reminders done."""
    values = {"last_rung": "remind:1", "next_rung": "escalate:2", "next_rung_at": at}
    return replace(TASK, **(values | more))  # type: ignore[arg-type]


def test_a_reminder_fires_at_its_instant_and_not_a_second_earlier() -> None:
    first = rung(None)
    early = pick(LADDER, TASK, seattle(), first.at - SECOND)
    assert (early.rung, early.waiting) == (None, first)
    assert pick(LADDER, TASK, seattle(), first.at).rung == first


def test_of_reminders_that_piled_up_the_latest_fires_from_its_instant_on() -> None:
    first, second = rung(None), rung(rung(None).key)
    assert pick(LADDER, TASK, seattle(), second.at - SECOND).rung == first
    late = pick(LADDER, TASK, seattle(), second.at)
    assert (late.rung, late.passed) == (second, (f"{first.key}:passed",))


def test_an_escalation_fires_where_it_stands_and_not_a_second_earlier() -> None:
    at = utc(2027, 3, 3, 17)
    waits = pick(LADDER, standing_at(at), seattle(), at - SECOND)
    assert waits.rung is None
    assert waits.waiting is not None
    assert waits.waiting.at == at
    fires = pick(LADDER, standing_at(at), seattle(), at)
    assert fires.rung is not None
    assert (fires.rung.key, fires.rung.on) == ("escalate:2", date(2027, 3, 3))


@pytest.mark.parametrize(
    ("announced", "stands"),
    [(date(2027, 3, 3), date(2027, 3, 4)), (date(2027, 3, 2), date(2027, 3, 3))],
    ids=["announced that morning", "announced the day before"],
)
def test_nobody_is_escalated_on_the_day_of_the_announcement(announced: date, stands: date) -> None:
    task = standing_at(utc(2027, 3, 3, 17), announced_on=announced)
    found = pick(LADDER, task, seattle(), utc(2027, 3, 3, 17))
    one = found.rung or found.waiting
    assert one is not None
    assert one.on == stands


def test_an_escalation_never_stands_at_the_instant_at_which_the_last_mail_went() -> None:
    """It went out late, at the very instant of the next one: that waits for the next morning."""
    sent = utc(2027, 3, 3, 17)
    at_that_instant = kept_distance(LADDER, "remind:1", sent, "escalate:2", sent, seattle())
    assert at_that_instant > sent
    later = utc(2027, 3, 5, 17)
    assert (
        kept_distance(LADDER, "remind:1", utc(2027, 2, 26, 17), "escalate:2", later, seattle())
        == later
    )


def test_between_escalations_mail_is_compared_with_mail() -> None:
    """A desk in the east reads both a morning later: its day counts, from the first day on."""
    sent = utc(2027, 3, 1, 17)
    planned = utc(2027, 3, 2, 17)
    alone = kept_distance(LADDER, "escalate:2", sent, "escalate:4", planned, seattle())
    assert alone == utc(2027, 3, 3, 17)
    east = kept_distance(LADDER, "escalate:2", sent, "escalate:4", planned, seattle(), [munich()])
    assert east == planned


def test_a_mail_that_is_late_by_no_more_than_the_bound_counts_as_in_time() -> None:
    morning = utc(2027, 3, 3, 17)
    assert leaves_at(seattle(), morning, morning + LATE) == morning
    assert leaves_at(seattle(), morning, morning + LATE + SECOND) == morning + LATE + SECOND
