"""The company file: what it may say, and what is said about wrong ones."""

import json
from datetime import date, time

import pytest

from definitions.company import Company
from definitions.loader import parse_company
from definitions.problems import DefinitionError
from definitions.shipped import company, company_source

GOOD = """\
zone: Europe/Berlin
calendar: de
work_week: Monday to Friday
mail_at: "08:30"
hr: [hr@example.com]
administrators: [it@example.com]
calendars:
  de: {holidays: DE-BY, without: [Epiphany], plus: {Founding day: 2027-05-03}}
closures:
  - {from: 2027-12-27, to: 2027-12-31, why: Year end, offices: [Munich]}
offices:
  Munich: {calendar: de}
  Dubai: {calendar: de, zone: Asia/Dubai}
"""


def said(text: str) -> list[str]:
    try:
        parse_company(text, "company.yaml")
    except DefinitionError as error:
        return [str(problem).removeprefix("company.yaml:") for problem in error.found]
    return []


def test_the_shipped_company_is_read() -> None:
    settings = company()
    assert settings.zone == "America/Los_Angeles"
    assert settings.work_week == frozenset(range(5))
    assert settings.mail_at == time(9)
    assert settings.calendars["us"].plus == {
        "Day after Thanksgiving": (date(2026, 11, 27), date(2027, 11, 26))
    }
    assert settings.offices["Munich"].calendar == "bavaria"


@pytest.mark.parametrize("text", [GOOD, company_source()])
def test_settings_survive_json(text: str) -> None:
    settings = parse_company(text)
    assert Company.model_validate_json(settings.model_dump_json()) == settings
    assert Company.model_validate(json.loads(json.dumps(settings.model_dump(mode="json")))) == (
        settings
    )


@pytest.mark.parametrize(
    ("written", "days"),
    [
        ("Monday to Friday", {0, 1, 2, 3, 4}),
        ("Sunday to Thursday", {6, 0, 1, 2, 3}),
        ("[Monday, Tuesday, Thursday]", {0, 1, 3}),
    ],
)
def test_a_work_week_is_a_span_or_a_list(written: str, days: set[int]) -> None:
    assert parse_company(GOOD.replace("Monday to Friday", written)).work_week == days


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            "zone: Europe/Berlin",
            "zone: Europe/Berln",
            "1:7: zone: There is no time zone `Europe/Berln`. Did you mean `Europe/Berlin`?",
        ),
        ("calendar: de\nwork", "calendar: fr\nwork", "2:11: calendar: There is no calendar `fr`. "),
        (
            "Monday to Friday",
            "Monday-Friday",
            "3:12: work_week: `Monday-Friday` is no work week. Write `Monday to Friday`, or a list",
        ),
        (
            "Monday to Friday",
            "Monday to Fryday",
            "3:12: work_week: `Fryday` is no weekday. Did you mean `Friday`?",
        ),
        (
            '"08:30"',
            "8.30",
            '4:10: mail_at: `8.3` is no time of day. Write it in quotes: `"09:00"`.',
        ),
        ('"08:30"', '"17:00"', "4:10: mail_at: `17:00` is too late"),
        (
            "hr@example.com",
            "hr",
            "5:6: hr[0]: This is no mail address. Write an address like `hr@example.com`.",
        ),
        ("[hr@example.com]", "[]", "5:5: hr: This list is empty. Write at least one."),
        (
            "[hr@example.com]",
            "[hr@example.com, HR@example.com]",
            "5:22: hr[1]: This address stands there twice.",
        ),
        ("hr: [hr@example.com]\n", "", "1:1: hr: This is missing. Write `hr: [hr@example.com]`."),
        (
            "DE-BY",
            "DE-BX",
            "8:18: calendars.de.holidays: DE has no subdivision `BX`.",
        ),
        (
            "DE-BY",
            "Germany",
            "8:18: calendars.de.holidays: There is no list of public holidays `Germany`.",
        ),
        (
            "Founding day: 2027-05-03",
            "Founding day: soon",
            "8:67: calendars.de.plus.Founding day: `soon` is no date.",
        ),
        (
            "to: 2027-12-31",
            "to: 2027-12-20",
            "10:5: closures[0]: The closure ends before it starts. Exchange `from` and `to`.",
        ),
        (
            "offices: [Munich]",
            "offices: [Munch]",
            "10:65: closures[0].offices[0]: There is no office `Munch`. Did you mean `Munich`?",
        ),
        (
            "why: Year end, ",
            "",
            "10:5: closures[0].why: This is missing. Write `why: Year-end shutdown`.",
        ),
        (
            "Munich: {calendar: de}",
            "Munich: {calendar: bavaria}",
            "12:22: offices.Munich.calendar: There is no calendar `bavaria`.",
        ),
        (
            "zone: Asia/Dubai",
            "timezone: Asia/Dubai",
            "13:25: offices.Dubai.timezone: There is no key `timezone`. Did you mean `zone`?",
        ),
    ],
)
def test_a_broken_file_says_where_what_and_what_would_be_right(
    old: str, new: str, expected: str
) -> None:
    assert old in GOOD
    found = said(GOOD.replace(old, new, 1))
    assert len(found) == 1
    assert found[0].startswith(expected)


def test_everything_is_said_at_once() -> None:
    text = GOOD.replace("Europe/Berlin", "Berlin").replace("DE-BY", "XX").replace("hr@", "hr ")
    assert [line.split(":")[0] for line in said(text)] == ["1", "5", "8"]
