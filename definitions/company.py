"""The company settings on which every definition relies (language reference §2, company.yaml)."""

from collections.abc import Mapping
from datetime import date, time
from typing import Annotated, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    StringConstraints,
    WithJsonSchema,
    model_validator,
)

from definitions.durations import plain
from definitions.problems import WrongValueError, did_you_mean
from definitions.recurrence import WEEKDAYS, parse_work_week


class Model(BaseModel):
    """Frozen, refuses unknown keys, written with the keys of the language."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        populate_by_name=True,
        serialize_by_alias=True,
        use_attribute_docstrings=True,
    )


Text = Annotated[str, StringConstraints(strict=True, strip_whitespace=True, min_length=1)]
"""Text that says something."""


def _zone(value: object) -> object:
    if not isinstance(value, str):
        return value
    name = plain(value)
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        near = did_you_mean(name, available_timezones())
        hint = near or "Write a name of the IANA list, like `Europe/Berlin`."
        raise WrongValueError(f"There is no time zone `{name}`.", hint) from None
    return name


def _mail_address(value: object) -> object:
    if not isinstance(value, str):
        return value
    address = value.strip()
    name, at, domain = address.rpartition("@")
    if not at or not name or "." not in domain.strip(".") or any(c.isspace() for c in address):
        raise WrongValueError("This is no mail address.", "Write an address like `hr@example.com`.")
    return address


def _holidays(value: object) -> object:
    if not isinstance(value, str):
        return value
    import holidays  # slow to import: only where a company file is read

    countries = holidays.list_supported_countries(include_aliases=True)
    country, _, subdivision = value.strip().partition("-")
    if country not in countries:
        raise WrongValueError(
            f"There is no list of public holidays `{country}`.",
            did_you_mean(country, countries) if len(country) > 2 else "Write a code like `DE`.",
        )
    if subdivision and subdivision not in countries[country]:
        parts = countries[country]
        near = did_you_mean(subdivision, parts)
        hint = near if parts else f"{country} has no subdivisions: write `{country}`."
        raise WrongValueError(f"{country} has no subdivision `{subdivision}`.", hint)
    return value.strip()


def _time(value: object) -> object:
    if isinstance(value, time):
        return value
    try:
        read = time.fromisoformat(str(value))
    except ValueError:
        read = None
    if read is None or read.tzinfo is not None:
        raise WrongValueError(f"`{value}` is no time of day.", 'Write it in quotes: `"09:00"`.')
    if read > time(15, 59):
        raise WrongValueError(
            f"`{value}` is too late: the window for mails is eight hours from then.",
            'Write a time until "15:59".',
        )
    return read


def _dates(value: object) -> object:
    return [value] if isinstance(value, date | str) else value


def _day(value: object) -> date:
    try:
        if isinstance(value, date):
            return value
        return date.fromisoformat(str(value))
    except ValueError:
        raise WrongValueError(
            f"`{value}` is no date.", "Write an existing date, YYYY-MM-DD."
        ) from None


_DAY_SCHEMA = {"type": "string", "pattern": r"^\d{4}-\d{2}-\d{2}$", "examples": ["2027-12-27"]}

Zone = Annotated[Text, BeforeValidator(_zone)]
Address = Annotated[Text, BeforeValidator(_mail_address)]
Day = Annotated[date, BeforeValidator(_day), WithJsonSchema(_DAY_SCHEMA, mode="validation")]
Days = Annotated[
    tuple[Day, ...],
    BeforeValidator(_dates),
    WithJsonSchema(
        {"anyOf": [_DAY_SCHEMA, {"type": "array", "items": _DAY_SCHEMA}]}, mode="validation"
    ),
]
WorkWeek = Annotated[
    frozenset[int],
    BeforeValidator(parse_work_week),
    PlainSerializer(lambda days: [WEEKDAYS[day] for day in sorted(days)], return_type=list[str]),
    WithJsonSchema(
        {
            "anyOf": [
                {
                    "type": "string",
                    "pattern": rf"^({'|'.join(WEEKDAYS)}) to ({'|'.join(WEEKDAYS)})$",
                },
                {"type": "array", "items": {"enum": list(WEEKDAYS)}, "minItems": 1},
            ],
            "examples": ["Monday to Friday", "Sunday to Thursday"],
        },
        mode="validation",
    ),
]
MailTime = Annotated[
    time,
    BeforeValidator(_time),
    PlainSerializer(lambda at: at.strftime("%H:%M"), return_type=str),
    WithJsonSchema({"type": "string", "pattern": r"^\d{2}:\d{2}$"}, mode="validation"),
]


class HolidayCalendar(Model):
    """Public holidays of a place, less those on which the company works, and its own ones."""

    holidays: Annotated[Text, BeforeValidator(_holidays)] | None = None
    """Public holidays: `COUNTRY` or `COUNTRY-SUBDIVISION`, like `GB-ENG`."""

    without: tuple[Text, ...] = ()
    """Names of public holidays on which the company works."""

    plus: Mapping[str, Days] = Field(default_factory=dict)
    """The company's own holidays: name and dates."""


class Closure(Model):
    """Days on which offices are closed; the last one included."""

    first: Day = Field(alias="from")
    """The first day."""

    last: Day = Field(alias="to")
    """The last day."""

    why: Text
    """Shown where a date moves because of it."""

    offices: tuple[Text, ...] = ()
    """The offices that are closed; none named: all."""

    @model_validator(mode="after")
    def _in_order(self) -> "Closure":
        if self.last < self.first:
            raise WrongValueError("The closure ends before it starts.", "Exchange `from` and `to`.")
        return self


class Office(Model):
    """Where people work: the city of their record."""

    calendar: Text
    """One of `calendars`."""

    zone: Zone | None = None
    """The time zone of people whose record names none."""


class Company(Model):
    """The company settings."""

    zone: Zone
    """Time zone of plans, launches and people without a better one."""

    calendar: Text
    """Calendar of the same: one of `calendars`."""

    work_week: WorkWeek = frozenset(range(5))
    """Working days; a person's record may say otherwise."""

    mail_at: MailTime = time(9)
    """When the daily mail goes and tasks open, local to each person."""

    hr: tuple[Address, ...] = Field(min_length=1)
    """The HR desk: mail addresses."""

    administrators: tuple[Address, ...] = Field(min_length=1)
    """The administrators' desk: mail addresses."""

    calendars: Mapping[str, HolidayCalendar] = Field(default_factory=dict)
    """Holiday calendars, by name."""

    closures: tuple[Closure, ...] = ()
    """Days without work, of all or of some offices."""

    offices: Mapping[str, Office] = Field(default_factory=dict)
    """Offices (the city of a record) with their calendars and zones."""

    @model_validator(mode="after")
    def _names_exist(self) -> "Company":
        problems = [
            *self._unknown_calendars(),
            *self._unknown_offices(),
            *_repeated(("hr",), self.hr),
            *_repeated(("administrators",), self.administrators),
        ]
        if problems:
            raise WrongValuesError(problems)
        return self

    def _unknown_calendars(self) -> list[WrongValueError]:
        named: list[tuple[tuple[str | int, ...], str]] = [(("calendar",), self.calendar)]
        named += [(("offices", name, "calendar"), o.calendar) for name, o in self.offices.items()]
        return [
            WrongValueError(
                f"There is no calendar `{name}`.",
                did_you_mean(name, self.calendars) or "Describe it under `calendars`.",
                at=at,
            )
            for at, name in named
            if name not in self.calendars
        ]

    def _unknown_offices(self) -> list[WrongValueError]:
        return [
            WrongValueError(
                f"There is no office `{office}`.",
                did_you_mean(office, self.offices),
                at=("closures", index, "offices", place),
            )
            for index, closure in enumerate(self.closures)
            for place, office in enumerate(closure.offices)
            if office not in self.offices
        ]


class WrongValuesError(ValueError):
    """Several wrong parts of one value."""

    def __init__(self, problems: list[WrongValueError]) -> None:
        super().__init__("; ".join(problem.message for problem in problems))
        self.problems = problems


def _repeated(at: tuple[str | int, ...], addresses: tuple[str, ...]) -> list[WrongValueError]:
    seen: dict[str, Any] = {}
    repeated = []
    for index, address in enumerate(addresses):
        if address.lower() in seen:
            repeated.append(WrongValueError("This address stands there twice.", at=(*at, index)))
        seen[address.lower()] = index
    return repeated
