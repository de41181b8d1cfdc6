"""One mail a day, whatever comes late; what goes at once is decided by the event."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from definitions.calendar import Calendars, PersonProfile
from definitions.company import Company
from domain.notifications import Event
from store.outbox.choice import Item, Somebody, choose, together

BERLIN = ZoneInfo("Europe/Berlin")
COMPANY = Company.model_validate(
    {
        "zone": "Europe/Berlin",
        "calendar": "de",
        "hr": ["hr@example.com"],
        "administrators": ["hr@example.com"],
        "calendars": {"de": {"holidays": "DE-BE"}},
    }
)
TIME = Calendars.freeze(COMPANY, 2026, 2028).person(PersonProfile("de", "Europe/Berlin"))
MORNING = datetime(2027, 1, 14, 8, tzinfo=UTC)  # a Thursday, 09:00 in Berlin
EVENING = datetime(2027, 1, 14, 15, 40, tzinfo=UTC)  # 16:40: the laptop was off until now


def somebody(person: int = 1) -> Somebody:
    return Somebody(person, f"p{person}@example.com", True, None, False, TIME)


def item(
    number: int, event: Event, send_at: datetime, *, prompt: bool = False, **more: object
) -> Item:
    values: dict[str, object] = {
        "person_id": 1,
        "desk": None,
        "cycle_id": UUID(int=1),
        "task_id": uuid4(),
        "rung": None,
        "due_revision": 1,
        "at": send_at,
        "ride_along": False,
        "mail_id": None,
        "cycle_state": "open",
        "task_state": "open",
        "assignee_id": 1,
        "task_desk": None,
        "task_revision": 1,
    }
    return Item(id=number, event=event, send_at=send_at, prompt=prompt, **(values | more))  # type: ignore[arg-type]


def test_a_late_daily_mail_takes_everything_with_it() -> None:
    """Fired at 16:40 because the machine was off at 09:00: no item passes for one at once."""
    late = [item(1, Event.REMINDER, MORNING, rung="remind:0"), item(2, Event.TASK_OPENED, EVENING)]
    [mail] = choose(somebody(), None, late, EVENING).groups
    assert (mail.kind, {i.id for i in mail.shown}) == ("daily", {1, 2})


def test_what_comes_after_the_late_daily_mail_waits_for_the_next_morning() -> None:
    after = EVENING + timedelta(minutes=2)
    choice = choose(somebody(), None, [item(3, Event.TASK_OPENED, after)], after, told_today={1})
    assert choice.groups == []
    assert [(i.id, at) for i, at in choice.postponed] == [(3, MORNING + timedelta(days=1))]


def test_what_cannot_wait_goes_at_once_after_the_daily_mail() -> None:
    after = EVENING + timedelta(minutes=2)
    both = [item(3, Event.TASK_OPENED, after), item(4, Event.DUE_CHANGED, after)]
    choice = choose(somebody(), None, both, after, told_today={1})
    [mail] = choice.groups
    assert (mail.kind, [i.id for i in mail.shown]) == ("at_once", [4])
    assert [i.id for i, _ in choice.postponed] == [3]


def test_the_opening_of_a_launch_by_button_goes_at_once_by_what_its_row_says() -> None:
    noon = MORNING + timedelta(hours=3)
    [mail] = choose(
        somebody(), None, [item(5, Event.TASK_OPENED, noon, prompt=True)], noon, told_today={1}
    ).groups
    assert mail.kind == "at_once"


def test_what_goes_at_once_but_had_to_wait_for_the_morning_makes_the_daily_mail() -> None:
    [mail] = choose(somebody(), None, [item(6, Event.REOPENED, MORNING)], MORNING).groups
    assert mail.kind == "daily"


def test_a_delegate_gets_one_mail_for_themselves_and_for_others() -> None:
    away, acting = somebody(1), somebody(2)
    theirs = item(7, Event.TASK_OPENED, MORNING)
    own = item(8, Event.TASK_OPENED, MORNING, person_id=2, assignee_id=2)
    riding = item(9, Event.DONE_NOTICE, MORNING, person_id=2, ride_along=True)
    first = choose(away, acting, [theirs], MORNING)
    for items, ids in (([own, riding], {7, 8, 9}), ([riding], {7, 9})):
        second = choose(acting, None, items, MORNING, mailed_anyway={2})
        [mail] = together([*first.groups, *second.groups])
        assert (mail.receiver.id, mail.instead_of, mail.kind) == (2, None, "daily")
        assert {i.id for i in mail.shown} == ids


def test_a_delegate_whose_mail_of_today_has_gone_hears_for_others_tomorrow() -> None:
    later = MORNING + timedelta(hours=1)
    theirs = item(7, Event.TASK_OPENED, later)
    choice = choose(somebody(1), somebody(2), [theirs], later, told_today={2})
    assert choice.groups == []
    assert [at for _, at in choice.postponed] == [MORNING + timedelta(days=1)]
    assert TIME.local_date(MORNING) == date(2027, 1, 14)
