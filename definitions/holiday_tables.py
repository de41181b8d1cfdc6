"""Public holidays of countries and their subdivisions, and what a company makes of them.

The only module that reads the `holidays` package. Everything else works on the dates that were
frozen from here, so that a new release of the tables moves no running deadline.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import date
from functools import lru_cache
from http import HTTPStatus
from importlib.metadata import version

from domain.errors import AlmanacError

Table = Mapping[date, tuple[tuple[str, ...], ...]]
"""The holidays of each day: in English, and in the country's own language."""

_REMARK = re.compile(r"\s*\([^()]*\)$")  # "(observed)", "(estimated)"


class UnknownCalendar(AlmanacError, LookupError):
    """A calendar that the company file does not define, or a country that has no table."""

    code = "unknown-calendar"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    title = "There is no such calendar"


@lru_cache(maxsize=256)
def holiday_table(code: str, first_year: int, last_year: int) -> Table:
    """The public holidays of `COUNTRY` or `COUNTRY-SUBDIVISION` in these years.

    The first call for a country costs about half a second; repeated ones are answered from
    memory. Raises UnknownCalendar.
    """
    import holidays  # half a second: only where tables are read

    country, _, subdivision = code.partition("-")
    years = range(first_year, last_year + 1)

    def table(language: str | None) -> holidays.HolidayBase:
        return holidays.country_holidays(
            country, subdiv=subdivision or None, years=years, language=language
        )

    try:
        known = table(None)
    except NotImplementedError as error:
        raise UnknownCalendar(
            f"There is no holiday table {code!r}.",
            hint="Write COUNTRY or COUNTRY-SUBDIVISION, like GB-ENG.",
        ) from error
    # Without a language, the names would be those of the locale that the process runs in.
    own = table(known.default_language)
    english = table("en_US") if "en_US" in known.supported_languages else own
    return {
        day: (tuple(english.get_list(day)), tuple(own.get_list(day)))
        for day in sorted(english)
        if day.year in years
    }


def company_holidays(
    code: str | None,
    without: Iterable[str],
    plus: Mapping[str, Iterable[date]],
    first_year: int,
    last_year: int,
) -> dict[date, str]:
    """The days of a company's calendar, each with its name: the table, less `without`, and `plus`.

    `without` names holidays in English or in the country's language, in upper or lower case. The
    free weekday for a holiday on a weekend ("... (observed)") goes with it. A day on which two
    holidays meet stays unless both are left out. Raises UnknownCalendar.
    """
    unwanted = {_plain(name) for name in without}
    kept: dict[date, str] = {}
    table = holiday_table(code, first_year, last_year) if code else {}
    for day, languages in table.items():
        left = [[n for n in names if _plain(n) not in unwanted] for names in languages]
        if all(left):
            kept[day] = left[0][0]
    for name, days in plus.items():
        for day in days:
            if first_year <= day.year <= last_year:
                kept.setdefault(day, name)
    return dict(sorted(kept.items()))


def tables_read() -> str:
    """Which tables are installed: kept beside what was frozen from them."""
    return f"holidays {version('holidays')}"


def unknown_names(code: str, without: Iterable[str], first_year: int, last_year: int) -> list[str]:
    """Those names of `without` that no holiday of the table bears in these years: misspelt."""
    known = {
        _plain(name)
        for languages in holiday_table(code, first_year, last_year).values()
        for names in languages
        for name in names
    }
    return [name for name in without if _plain(name) not in known]


def _plain(name: str) -> str:
    return _REMARK.sub("", name.casefold())
