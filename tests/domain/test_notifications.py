"""Which notification is shown, when it may leave, and in which section it stands."""

import pytest

from domain.notifications import (
    TRAITS,
    Event,
    Section,
    pressing,
    rung_offset,
    rung_repeat,
    section_of,
)


def test_every_event_has_traits() -> None:
    assert set(TRAITS) == set(Event)


def test_no_two_events_are_equally_pressing() -> None:
    ranks = [traits.pressing for traits in TRAITS.values()]
    assert len(ranks) == len(set(ranks))


@pytest.mark.parametrize(
    ("rung", "offset", "repeat"),
    [("remind:-5", -5, 0), ("remind:0", 0, 0), ("escalate:6", 6, 0), ("escalate:6+2", 6, 2)],
)
def test_a_rung_says_its_day_and_its_repeat(rung: str, offset: int, repeat: int) -> None:
    assert (rung_offset(rung), rung_repeat(rung)) == (offset, repeat)


def test_what_is_no_rung_is_refused() -> None:
    with pytest.raises(ValueError, match="not a rung"):
        rung_offset("opened")


def test_reminders_that_piled_up_become_the_latest() -> None:
    rungs = ["remind:-5", "remind:1", "remind:-1", "remind:0"]
    assert min(rungs, key=lambda rung: pressing(Event.REMINDER, rung)) == "remind:1"


def test_a_repeat_is_more_pressing_than_the_rung_it_repeats() -> None:
    assert pressing(Event.ESCALATION, "escalate:6+1") < pressing(Event.ESCALATION, "escalate:6")


def test_being_overdue_outranks_what_has_time() -> None:
    overdue = pressing(Event.REMINDER, "remind:1")
    assert pressing(Event.ESCALATED_NOTICE, "escalate:3") < overdue
    assert overdue < pressing(Event.TASK_OPENED)
    assert pressing(Event.TASK_OPENED) < pressing(Event.REMINDER, "remind:-1")


def test_what_ends_a_task_outranks_all_else_about_it() -> None:
    ended = (Event.CANCELLED, Event.REASSIGNED_AWAY, Event.DONE_NOTICE, Event.REQUEST_CANCELLED)
    for event in ended:
        assert pressing(event) < pressing(Event.ESCALATION, "escalate:6")


@pytest.mark.parametrize(
    ("event", "rung", "section"),
    [
        (Event.ESCALATION, "escalate:3", Section.ESCALATED),
        (Event.REMINDER, "remind:1", Section.OVERDUE),
        (Event.REMINDER, "remind:0", Section.DUE_SOON),
        (Event.TASK_OPENED, None, Section.NEW),
        (Event.DONE_NOTICE, None, Section.FOR_INFORMATION),
    ],
)
def test_the_section_of_an_item(event: Event, rung: str | None, section: Section) -> None:
    assert section_of(event, rung) is section


def test_what_goes_at_once_is_what_the_reference_lists() -> None:
    at_once = {event for event in Event if event.at_once}
    assert at_once == {
        *(Event.REOPENED, Event.REASSIGNED_TO, Event.REASSIGNED_AWAY, Event.DUE_CHANGED),
        *(
            Event.PAUSED,
            Event.RESUMED,
            Event.CANCELLED,
            Event.SIGN_IN,
            Event.TEST_MAIL,
            Event.LAUNCHED_REPORT,
        ),
        *(Event.REQUEST_CANCELLED, Event.SEAL_BROKEN, Event.SEALS_LOST),
        # Of accounts and desks: the language reference is of cycles.
        *(Event.ADDRESS_CHANGED, Event.ADDRESS_OBJECTED, Event.DESK_CHANGE),
    }
    assert {event for event in Event if event.always} == {
        *(Event.SIGN_IN, Event.TEST_MAIL, Event.ADDRESS_CHANGED)
    }


def test_one_liners_ride_along() -> None:
    assert {event for event in Event if event.ride_along} == {
        Event.DONE_NOTICE,
        Event.INPUT_CHANGED,
    }


def test_whether_more_time_is_said_does_not_depend_on_who_has_answered() -> None:
    assert not Event.FEEDBACK_EXTENDED.while_open
    assert Event.REMINDER.while_open  # said to silent raters, and only to themselves


def test_a_reminder_is_not_repeated_after_an_unknown_outcome() -> None:
    assert not Event.REMINDER.again_if_unknown
    assert Event.TASK_OPENED.again_if_unknown


def test_templates_are_named_in_kebab_case() -> None:
    assert Event.REASSIGNED_TO.template == "reassigned-to"
