"""Days, instants and lengths of time as pages say them."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from api.pages.frame import dates
from api.pages.tasks.explaining import say_rung

CHICAGO = ZoneInfo("America/Chicago")
NOW = datetime(2027, 1, 26, 20, 4, tzinfo=UTC)  # 14:04 in Chicago


def test_day_says_its_year_only_where_it_could_be_mistaken() -> None:
    today = date(2027, 1, 26)
    assert dates.say_day(date(2027, 2, 5), today) == "Fri 5 Feb"
    assert dates.say_day(date(2026, 2, 5), today) == "Thu 5 Feb 2026"


def test_deadline_is_the_end_of_the_day_where_it_holds() -> None:
    end = datetime(2027, 1, 29, 23, 59, 59, tzinfo=CHICAGO)
    assert dates.say_deadline(end, CHICAGO) == "Fri 29 Jan, end of day (Chicago)"
    berlin = ZoneInfo("Europe/Berlin")
    assert dates.say_deadline(end, berlin) == "Sat 30 Jan, 06:59 (Berlin)"


@pytest.mark.parametrize(
    ("away", "words"),
    [
        (timedelta(seconds=20), "in a moment"),
        (timedelta(seconds=-20), "just now"),
        (timedelta(minutes=-12), "12 minutes ago"),
        (timedelta(hours=3), "in 3 hours"),
        (timedelta(hours=12), "tomorrow"),
        (timedelta(hours=-20), "yesterday"),
        (timedelta(days=5), "in 5 days"),
        (timedelta(days=-21), "3 weeks ago"),
        (timedelta(days=90), "in 3 months"),
        (timedelta(days=-800), "2 years ago"),
    ],
)
def test_relative_time_goes_by_the_readers_dates(away: timedelta, words: str) -> None:
    assert dates.say_relative(NOW + away, NOW, CHICAGO) == words


def test_numbers_and_nouns_agree() -> None:
    assert dates.plural(1, "day") == "1 day"
    assert dates.plural(1204, "person", "people") == "1,204 people"


@pytest.mark.parametrize(
    ("rung", "words"),
    [
        ("remind:-5", "5 working days before the due date."),
        ("remind:0", "On the due date."),
        ("escalate:3", "3 working days after the due date."),
        ("escalate:6+2", "6 working days after the due date. Repeat number 2."),
    ],
)
def test_rung_is_said_in_words(rung: str, words: str) -> None:
    assert say_rung(rung) == words


def test_a_deadline_is_said_as_the_holder_has_it_and_then_as_the_reader_has_it() -> None:
    london, chicago = ZoneInfo("Europe/London"), ZoneInfo("America/Chicago")
    due = datetime(2026, 11, 20, 23, 59, 59, tzinfo=london)
    assert dates.say_deadline_of(due, london, london) == "Fri 20 Nov, end of day (London)"
    assert dates.say_deadline_of(due, london, chicago) == (
        "Fri 20 Nov, end of day (London), which is 17:59 (Chicago)"
    )
    assert dates.say_deadline_of(due, london, ZoneInfo("Asia/Tokyo")) == (
        "Fri 20 Nov, end of day (London), which is Sat 21 Nov, 08:59 (Tokyo)"
    )
    # Two names of the same clock are no difference.
    assert "which is" not in dates.say_deadline_of(due, london, ZoneInfo("Europe/Lisbon"))
