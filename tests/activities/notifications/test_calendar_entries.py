"""The calendar file: read back with the library, whatever was typed into titles."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from icalendar import Calendar

from activities.notifications import mail_items as m
from activities.notifications.rendering import render
from domain.notifications import Event
from tests.activities.notifications import samples


def calendar_of(*items: m.MailItem) -> Any:
    (attachment,) = render(samples.mail(*items), now=samples.NOW).attachments
    return Calendar.from_ical(attachment.content)


def test_the_deadline_stands_on_the_due_morning_of_the_assignee() -> None:
    (event,) = calendar_of(samples.ITEMS[Event.TASK_OPENED]).walk("VEVENT")
    begins = event["DTSTART"].dt
    assert begins == datetime(2026, 11, 20, 9, tzinfo=ZoneInfo(samples.ZONE))
    assert event["DURATION"].dt == timedelta(minutes=30)
    assert event["SUMMARY"] == "Write Alexander's review"
    assert event["CLASS"] == "PRIVATE"
    assert event["TRANSP"] == "TRANSPARENT"
    assert event["URL"] == samples.LINK


@pytest.mark.parametrize("zone", ["Europe/Berlin", "Asia/Kolkata", "America/Sao_Paulo"])
def test_the_zone_comes_with_its_rules(zone: str) -> None:
    task = replace(samples.MANAGER_REVIEW, zone=zone, due_on=date(2027, 7, 1))
    calendar = calendar_of(m.TaskOpened(task=task))
    (rules,) = calendar.walk("VTIMEZONE")
    assert rules["TZID"] == zone
    assert rules.subcomponents
    (event,) = calendar.walk("VEVENT")
    assert event["DTSTART"].params["TZID"] == zone
    local = datetime(2027, 7, 1, 9, tzinfo=ZoneInfo(zone))
    assert event["DTSTART"].dt.utcoffset() == local.utcoffset()


def test_utc_needs_no_rules() -> None:
    calendar = calendar_of(m.TaskOpened(task=replace(samples.MANAGER_REVIEW, zone="UTC")))
    assert not calendar.walk("VTIMEZONE")
    assert calendar.walk("VEVENT")[0]["DTSTART"].dt.utcoffset() == timedelta(0)


def test_an_extension_moves_the_same_entry() -> None:
    (first,) = calendar_of(samples.ITEMS[Event.TASK_OPENED]).walk("VEVENT")
    task = replace(samples.MANAGER_REVIEW, due_on=date(2026, 11, 27), due_revision=2)
    (moved,) = calendar_of(m.DueChanged(task=task, was_due_on=date(2026, 11, 20))).walk("VEVENT")
    assert moved["UID"] == first["UID"]
    assert moved["SEQUENCE"] > first["SEQUENCE"]


@pytest.mark.parametrize("event", [Event.CANCELLED, Event.REASSIGNED_AWAY])
def test_a_task_that_is_gone_is_struck_out(event: Event) -> None:
    """A cancellation is a message of its own method, above what was announced (RFC 5546)."""
    calendar = calendar_of(samples.ITEMS[event])
    (entry,) = calendar.walk("VEVENT")
    assert calendar["METHOD"] == "CANCEL"
    assert entry["STATUS"] == "CANCELLED"
    assert "URL" not in entry
    item = samples.ITEMS[event]
    assert isinstance(item, m.TaskItem)
    (announced,) = calendar_of(m.TaskOpened(task=item.task)).walk("VEVENT")
    assert entry["UID"] == announced["UID"]
    assert entry["SEQUENCE"] == announced["SEQUENCE"] + 1
    assert (
        entry["ORGANIZER"] == announced["ORGANIZER"] == "mailto:" + samples.mail(item).ask.address
    )


def test_what_is_given_again_after_it_was_struck_out_stands_again() -> None:
    task = samples.MANAGER_REVIEW
    (gone,) = calendar_of(m.ReassignedAway(task=task)).walk("VEVENT")
    (again,) = calendar_of(m.ReassignedTo(task=replace(task, due_revision=2))).walk("VEVENT")
    assert again["SEQUENCE"] > gone["SEQUENCE"]


def test_new_dates_and_cancellations_of_one_mail_are_two_files() -> None:
    mail = samples.mail(samples.ITEMS[Event.TASK_OPENED], samples.ITEMS[Event.REASSIGNED_AWAY])
    files = render(mail, now=samples.NOW).attachments
    methods = [Calendar.from_ical(file.content)["METHOD"] for file in files]
    assert methods == ["PUBLISH", "CANCEL"]
    for file, method in zip(files, methods, strict=True):
        assert file.content_type.endswith(f"method={method}")


@pytest.mark.parametrize("event", [Event.REMINDER, Event.ESCALATION, Event.DONE_NOTICE])
def test_reminders_and_other_peoples_tasks_bring_no_entry(event: Event) -> None:
    assert render(samples.mail(samples.ITEMS[event]), now=samples.NOW).attachments == ()


def test_whatever_is_typed_stays_in_its_line() -> None:
    title = "Überprüfung, Teil 1; \\n\r\nEND:VEVENT\r\nATTACH:http://x " + "ä" * 200
    cycle = replace(samples.ANNUAL, title=title)
    task = replace(samples.MANAGER_REVIEW, cycle=cycle, title=title, kind="calibration")
    (attachment,) = render(samples.mail(m.TaskOpened(task=task)), now=samples.NOW).attachments
    assert all(len(line) <= 75 for line in attachment.content.split(b"\r\n"))
    parsed: Any = Calendar.from_ical(attachment.content)
    (event,) = parsed.walk("VEVENT")
    assert "ATTACH" not in event
    assert "Überprüfung, Teil 1; \\n END:VEVENT ATTACH:http://x" in event["SUMMARY"]
    assert event["SUMMARY"].endswith("ä" * 200 + "”")
