"""Grammar: what a native reader would trip over."""

from datetime import UTC, date, datetime

import pytest

from activities.notifications.language import Grammar, LanguageCode, first_upper, supported

TODAY = date(2026, 11, 9)


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("en", "Fri 20 Nov"),
        ("de", "Fr., 20. November"),
        ("fr", "ven. 20 novembre"),
        ("es", "vie 20 de noviembre"),
    ],
)
def test_a_date_is_weekday_day_and_month(code: LanguageCode, expected: str) -> None:
    assert Grammar(code).date(date(2026, 11, 20), TODAY) == expected


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("en", "Tue 1 Jun 2027"),
        ("de", "Di., 1. Juni 2027"),
        ("fr", "mar. 1er juin 2027"),
        ("es", "mar 1 de junio de 2027"),
    ],
)
def test_a_date_half_a_year_away_has_its_year(code: LanguageCode, expected: str) -> None:
    assert Grammar(code).date(date(2027, 6, 1), TODAY) == expected
    assert "2027" not in Grammar(code).date(date(2027, 1, 4), TODAY)


@pytest.mark.parametrize(
    ("code", "name", "expected"),
    [
        ("en", "Alexander", "Alexander's"),
        ("en", "James", "James's"),
        ("de", "Alexander", "Alexanders"),
        ("de", "Alexis", "Alexis'"),
        ("fr", "Alexander", "d'Alexander"),
        ("fr", "Neena", "de Neena"),
        ("fr", "Élodie", "d'Élodie"),
        ("es", "Alexander", "de Alexander"),
    ],
)
def test_the_possessive(code: LanguageCode, name: str, expected: str) -> None:
    assert Grammar(code).whose(name) == expected


@pytest.mark.parametrize(
    ("code", "names", "expected"),
    [
        ("en", ["A"], "A"),
        ("en", ["A", "B", "C"], "A, B and C"),
        ("de", ["A", "B"], "A und B"),
        ("fr", ["A", "B"], "A et B"),
        ("es", ["Ana", "Irene"], "Ana e Irene"),
        ("es", ["Ana", "Hilda"], "Ana e Hilda"),
        ("es", ["Ana", "Hiedra"], "Ana y Hiedra"),
        ("es", ["Ana", "Luis"], "Ana y Luis"),
    ],
)
def test_a_list_of_names(code: LanguageCode, names: list[str], expected: str) -> None:
    assert Grammar(code).listed(names) == expected


@pytest.mark.parametrize(
    ("code", "zone", "expected"),
    [
        ("en", "America/Chicago", "Chicago time"),
        ("en", "America/Argentina/Buenos_Aires", "Buenos Aires time"),
        ("de", "Europe/Vienna", "Ortszeit Wien"),
        ("fr", "Europe/London", "heure de Londres"),
        ("fr", "Europe/Athens", "heure d'Athènes"),
        ("es", "America/New_York", "hora de Nueva York"),
        ("en", "UTC", "UTC"),
        ("de", "Etc/UTC", "UTC"),
    ],
)
def test_a_zone_is_named_by_its_city(code: LanguageCode, zone: str, expected: str) -> None:
    assert Grammar(code).zone(zone) == expected


@pytest.mark.parametrize(
    ("code", "expected"),
    [("en", "12,345"), ("de", "12.345"), ("fr", "12\u202f345"), ("es", "12.345")],
)
def test_numbers_are_grouped(code: LanguageCode, expected: str) -> None:
    assert Grammar(code).number(12345) == expected


def test_spanish_does_not_group_four_digits() -> None:
    assert Grammar("es").number(1234) == "1234"


def test_clock_is_local() -> None:
    instant = datetime(2026, 11, 9, 17, 5, tzinfo=UTC)
    assert Grammar("en").clock(instant, "America/Los_Angeles") == "09:05"


def test_the_first_letter_only_is_raised() -> None:
    assert first_upper("the review of DeShawn McKay") == "The review of DeShawn McKay"
    assert first_upper("“your notes” for Ana") == "“your notes” for Ana"


@pytest.mark.parametrize(
    ("record", "expected"), [("de-AT", "de"), ("FR", "fr"), ("es_MX", "es"), ("pt", "en")]
)
def test_the_language_of_a_record(record: str, expected: str) -> None:
    assert supported(record) == expected
