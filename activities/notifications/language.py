"""The grammar that sentences need: dates, possessives, lists, names of zones, numbers.

Four languages, by own small tables: what a mail says is a weekday, a date, a name and a count,
and for these a general library brings more weight than help. Sentences themselves are in
`templates/mail/messages/`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Literal
from zoneinfo import ZoneInfo

LanguageCode = Literal["en", "de", "fr", "es"]
LANGUAGES: tuple[LanguageCode, ...] = ("en", "de", "fr", "es")

_WEEKDAYS: dict[LanguageCode, tuple[str, ...]] = {
    "en": ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
    "de": ("Mo.", "Di.", "Mi.", "Do.", "Fr.", "Sa.", "So."),
    "fr": ("lun.", "mar.", "mer.", "jeu.", "ven.", "sam.", "dim."),
    "es": ("lun", "mar", "mié", "jue", "vie", "sáb", "dom"),
}

# Months are written out where their abbreviation ends in a full stop: dates end sentences.
_MONTHS: dict[LanguageCode, tuple[str, ...]] = {
    "en": ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
    "de": (
        *("Januar", "Februar", "März", "April", "Mai", "Juni", "Juli", "August", "September"),
        *("Oktober", "November", "Dezember"),
    ),
    "fr": (
        *("janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre"),
        *("octobre", "novembre", "décembre"),
    ),
    "es": (
        *("enero", "febrero", "marzo", "abril", "mayo", "junio", "julio", "agosto", "septiembre"),
        *("octubre", "noviembre", "diciembre"),
    ),
}

_AND: dict[LanguageCode, str] = {"en": "and", "de": "und", "fr": "et", "es": "y"}
_GROUPING: dict[LanguageCode, str] = {"en": ",", "de": ".", "fr": "\u202f", "es": "."}

# Cities of the zone database whose name differs in the language.
_CITIES: dict[LanguageCode, dict[str, str]] = {
    "en": {},
    "de": {
        "Brussels": "Brüssel",
        "Lisbon": "Lissabon",
        "Luxembourg": "Luxemburg",
        "Moscow": "Moskau",
        "Prague": "Prag",
        "Rome": "Rom",
        "Singapore": "Singapur",
        "Tokyo": "Tokio",
        "Vienna": "Wien",
        "Warsaw": "Warschau",
        "Zurich": "Zürich",
        "Copenhagen": "Kopenhagen",
        "Mexico City": "Mexiko-Stadt",
    },
    "fr": {
        "Athens": "Athènes",
        "Brussels": "Bruxelles",
        "Lisbon": "Lisbonne",
        "London": "Londres",
        "Moscow": "Moscou",
        "Rome": "Rome",
        "Singapore": "Singapour",
        "Vienna": "Vienne",
        "Warsaw": "Varsovie",
        "Copenhagen": "Copenhague",
        "Mexico City": "Mexico",
        "Sao Paulo": "São Paulo",
    },
    "es": {
        "Athens": "Atenas",
        "Berlin": "Berlín",
        "Brussels": "Bruselas",
        "Dublin": "Dublín",
        "Lisbon": "Lisboa",
        "London": "Londres",
        "Los Angeles": "Los Ángeles",
        "Luxembourg": "Luxemburgo",
        "Mexico City": "Ciudad de México",
        "Moscow": "Moscú",
        "New York": "Nueva York",
        "Paris": "París",
        "Prague": "Praga",
        "Rome": "Roma",
        "Sao Paulo": "São Paulo",
        "Singapore": "Singapur",
        "Stockholm": "Estocolmo",
        "Tokyo": "Tokio",
        "Vienna": "Viena",
        "Warsaw": "Varsovia",
        "Zurich": "Zúrich",
        "Copenhagen": "Copenhague",
    },
}

_ZONES: dict[LanguageCode, str] = {
    "en": "{} time",
    "de": "Ortszeit {}",
    "fr": "heure {}",
    "es": "hora de {}",
}

_FRENCH_VOWELS = frozenset("aàâäeéèêëiîïoôöuùûühœæAÀÂÄEÉÈÊËIÎÏOÔÖUÙÛÜHŒÆ")


def supported(code: str) -> LanguageCode:
    """Return the language to write in for a record's language; English for one not known.

    `de-AT` and `de_AT` are German.
    """
    primary = code.replace("_", "-").partition("-")[0].lower()
    return next((known for known in LANGUAGES if known == primary), "en")


@dataclass(frozen=True, slots=True)
class Grammar:
    """The functions that templates of one language call. `apostrophe` is ' or the curly one."""

    code: LanguageCode
    apostrophe: str = "'"

    def date(self, day: date, today: date) -> str:
        """Return weekday, day and month; the year only if `day` is half a year or more away."""
        return _format_date(self.code, day, abs((day - today).days) >= 183)

    def clock(self, instant: datetime, zone: str) -> str:
        """Return the local time of day of an instant, such as 14:02."""
        return instant.astimezone(ZoneInfo(zone)).strftime("%H:%M")

    def zone(self, key: str) -> str:
        """Return how people call the time of an IANA zone: "Chicago time"."""
        return _format_zone(self.code, key, self.apostrophe)

    def whose(self, name: str) -> str:
        """Return the possessive: "Alexander's", "Alexanders", "d'Alexander", "de Alexander"."""
        match self.code:
            case "en":
                return f"{name}{self.apostrophe}s"
            case "de":
                silent = name[-1:].lower() in ("s", "ß", "x", "z")
                return f"{name}{self.apostrophe}" if silent else f"{name}s"
            case "fr":
                return _french_de(name, self.apostrophe)
            case "es":
                return f"de {name}"

    def listed(self, names: Sequence[str]) -> str:
        """Return "A", "A and B", "A, B and C"."""
        if len(names) < 2:
            return "".join(names)
        word = _AND[self.code]
        if self.code == "es" and _starts_with_i(names[-1]):
            word = "e"
        return f"{', '.join(names[:-1])} {word} {names[-1]}"

    def number(self, count: int) -> str:
        """Return a count with its thousands grouped."""
        if self.code == "es" and count < 10_000:
            return str(count)
        return f"{count:,}".replace(",", _GROUPING[self.code])


def first_upper(text: str) -> str:
    """Return the text with its first letter as a capital; the rest is left as people wrote it."""
    if text[:1] == "“" or text[:1] == "„" or text[:1] == "«":
        return text
    return text[:1].upper() + text[1:]


@lru_cache(maxsize=8192)
def _format_date(code: LanguageCode, day: date, with_year: bool) -> str:
    weekday, month = _WEEKDAYS[code][day.weekday()], _MONTHS[code][day.month - 1]
    year = f" {day.year}" if with_year else ""
    match code:
        case "en":
            return f"{weekday} {day.day} {month}{year}"
        case "de":
            return f"{weekday}, {day.day}. {month}{year}"
        case "fr":
            return f"{weekday} {'1er' if day.day == 1 else day.day} {month}{year}"
        case "es":
            return f"{weekday} {day.day} de {month}{' de' + year if year else ''}"


@lru_cache(maxsize=2048)
def _format_zone(code: LanguageCode, key: str, apostrophe: str) -> str:
    if "/" not in key or key.startswith("Etc/"):
        return key.removeprefix("Etc/")
    city = key.rpartition("/")[2].replace("_", " ")
    city = _CITIES[code].get(city, city)
    if code == "fr":
        city = _french_de(city, apostrophe)
    return _ZONES[code].format(city)


def _french_de(name: str, apostrophe: str) -> str:
    return f"d{apostrophe}{name}" if name[:1] in _FRENCH_VOWELS else f"de {name}"


def _starts_with_i(name: str) -> bool:
    lowered = name[:3].lower()
    return lowered[:1] in ("i", "í") or (
        lowered[:2] == "hi" and lowered[2:3] not in ("a", "e", "o", "u")
    )
