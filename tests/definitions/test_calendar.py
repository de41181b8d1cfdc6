"""Working days and hours, computed by hand from printed calendars of 2026 and 2027.

January 2027: the 1st is a Friday, so Mondays are 4, 11, 18, 25.
"""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from definitions.calendar import (
    CalendarRange,
    Calendars,
    PersonProfile,
    UnknownCalendar,
    WorkCalendar,
    WorkRecord,
    instant_at,
    resolve_profile,
    with_substitutes,
)
from definitions.company import Company
from definitions.holiday_tables import company_holidays, unknown_names
from tests.definitions.places import (
    SETTINGS,
    Who,
    calendars,
    munich,
    on,
    oxford,
    seattle,
    toronto,
    utc,
)

# --- Holidays -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("who", "day", "works"),
    [
        # Martin Luther King Jr. Day is the third Monday of January: 18 January 2027.
        (seattle, "2027-01-18", False),
        (oxford, "2027-01-18", True),
        # Epiphany is free in Bavaria only: Wednesday 6 January 2027.
        (munich, "2027-01-06", False),
        (oxford, "2027-01-06", True),
        # Easter Sunday is 28 March 2027: Good Friday the 26th, Easter Monday the 29th.
        (oxford, "2027-03-26", False),
        (oxford, "2027-03-29", False),
        (toronto, "2027-03-26", False),
        (toronto, "2027-03-29", True),
        (seattle, "2027-03-26", True),
        # Corpus Christi, 60 days after Easter: Thursday 27 May 2027.
        (munich, "2027-05-27", False),
        # Family Day (Ontario) and Presidents' Day: the third Monday of February, 15 February 2027.
        (toronto, "2027-02-15", False),
        (seattle, "2027-02-15", False),
        (munich, "2027-02-15", True),
        # The late summer bank holiday: the last Monday of August 2027 is the 30th.
        (oxford, "2027-08-30", False),
        (toronto, "2027-08-30", True),
        # Christmas 2027 is a Saturday: the English take Monday and Tuesday, the Germans nothing.
        (oxford, "2027-12-27", False),
        (oxford, "2027-12-28", False),
        (munich, "2027-12-27", True),
        # The same in America: Friday the 24th; and New Year 2028 on Friday 31 December 2027.
        (seattle, "2027-12-24", False),
        (seattle, "2027-12-31", False),
    ],
)
def test_public_holidays_of_a_place_are_no_working_days_there(
    who: Who, day: str, works: bool
) -> None:
    assert who().calendar.is_working(on(day)) is works


def test_a_company_works_on_holidays_it_leaves_out_and_rests_on_its_own() -> None:
    # Columbus Day 2026 is Monday 12 October, Veterans Day Wednesday 11 November.
    assert seattle().calendar.is_working(on("2026-10-12"))
    assert seattle().calendar.is_working(on("2026-11-11"))
    # Thanksgiving is Thursday 26 November; the Friday is the company's own.
    assert not seattle().calendar.is_working(on("2026-11-26"))
    assert not seattle().calendar.is_working(on("2026-11-27"))


def test_leaving_out_a_holiday_leaves_out_the_weekday_that_replaces_it() -> None:
    # 11 November 2028 is a Saturday: observed on Friday the 10th.
    assert seattle().calendar.is_working(on("2028-11-10"))


def test_a_holiday_may_be_named_in_either_language_and_in_any_case() -> None:
    for name in ("Corpus Christi", "Fronleichnam", "CORPUS CHRISTI"):
        days = company_holidays("DE-BY", [name], {}, 2027, 2027)
        assert on("2027-05-27") not in days
    assert on("2027-05-27") in company_holidays("DE-BY", [], {}, 2027, 2027)


def test_the_locale_of_the_process_changes_no_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANGUAGE", "th")
    assert company_holidays("DE-BY", [], {}, 2031, 2031)[on("2031-01-06")] == "Epiphany"
    assert unknown_names("DE-BY", ["Heilige Drei Könige"], 2031, 2031) == []


def test_a_day_on_which_two_holidays_meet_is_free_until_both_are_left_out() -> None:
    # Juneteenth 2027 is observed on Friday the 18th; give it a twin by `plus`.
    days = company_holidays("US", [], {"Founders": [on("2027-06-18")]}, 2027, 2027)
    assert days[on("2027-06-18")].startswith("Juneteenth")
    without = ["Juneteenth National Independence Day"]
    days = company_holidays("US", without, {"Founders": [on("2027-06-18")]}, 2027, 2027)
    assert days[on("2027-06-18")] == "Founders"


def test_misspelt_holidays_are_found() -> None:
    assert unknown_names("US", ["Columbus Day", "Colombus Day"], 2026, 2027) == ["Colombus Day"]


def test_a_country_without_a_table_is_refused() -> None:
    with pytest.raises(UnknownCalendar):
        company_holidays("XX-YY", [], {}, 2027, 2027)


# --- Counting -----------------------------------------------------------------------------------


def test_n_working_days_after_are_strictly_later() -> None:
    # From Tuesday 12 January: 13, 14, 15, (18 is a holiday in Seattle), 19, 20.
    assert seattle().calendar.after(on("2027-01-12"), 5) == on("2027-01-20")
    assert oxford().calendar.after(on("2027-01-12"), 5) == on("2027-01-19")
    # From a Saturday, Monday is the first.
    assert oxford().calendar.after(on("2027-01-16"), 1) == on("2027-01-18")


def test_n_working_days_before_mirror_it() -> None:
    # From Wednesday 20 January: 19, 15, 14, 13, 12 in Seattle.
    assert seattle().calendar.before(on("2027-01-20"), 5) == on("2027-01-12")
    # From a Sunday, Friday is the first.
    assert oxford().calendar.before(on("2027-01-17"), 1) == on("2027-01-15")


def test_zero_working_days_are_the_day_itself_or_its_neighbour() -> None:
    calendar = seattle().calendar
    assert calendar.after(on("2027-01-12"), 0) == on("2027-01-12")
    assert calendar.after(on("2027-01-16"), 0) == on("2027-01-19")  # the 18th is a holiday
    assert calendar.before(on("2027-01-12"), 0) == on("2027-01-12")
    assert calendar.before(on("2027-01-18"), 0) == on("2027-01-15")


def test_counting_includes_the_first_day_and_not_the_last() -> None:
    calendar = seattle().calendar
    # 12, 13, 14, 15, 19 but not 16, 17 (weekend), 18 (holiday), 20 (the end).
    assert calendar.count(on("2027-01-12"), on("2027-01-20")) == 5
    assert calendar.count(on("2027-01-20"), on("2027-01-12")) == 0


def test_a_week_from_sunday_to_thursday_counts_its_own_days() -> None:
    # Sunday is weekday 6. From Thursday 14 January: Sunday 17, then Monday 18.
    calendar = oxford(work_days=frozenset({6, 0, 1, 2, 3})).calendar
    assert calendar.after(on("2027-01-14"), 1) == on("2027-01-17")
    assert calendar.after(on("2027-01-14"), 2) == on("2027-01-18")
    assert not calendar.is_working(on("2027-01-15"))  # a Friday


def test_part_time_counts_the_days_worked() -> None:
    # Monday, Tuesday, Wednesday. From Tuesday 12 January: 13, 18, 19, 20, 25.
    calendar = oxford(work_days=frozenset({0, 1, 2})).calendar
    assert calendar.after(on("2027-01-12"), 5) == on("2027-01-25")


def test_days_of_leave_are_no_working_days_of_that_person() -> None:
    away = ((on("2027-01-14"), on("2027-01-19")),)
    calendar = oxford(leaves=away).calendar
    assert calendar.after(on("2027-01-13"), 1) == on("2027-01-20")
    assert oxford().calendar.after(on("2027-01-13"), 1) == on("2027-01-14")


def test_overlapping_leaves_count_once() -> None:
    away = ((on("2027-01-14"), on("2027-01-19")), (on("2027-01-18"), on("2027-01-20")))
    assert oxford(leaves=away).calendar.after(on("2027-01-13"), 1) == on("2027-01-21")


def test_while_a_delegate_acts_the_delegates_working_days_count() -> None:
    away = [(on("2027-01-14"), on("2027-01-19"), munich().calendar)]
    acting = with_substitutes(seattle(), away)
    # The 18th is a holiday in Seattle and none in Munich; from the 20th Seattle counts again.
    assert acting.calendar.after(on("2027-01-15"), 1) == on("2027-01-18")
    assert acting.zone == seattle().zone
    assert not acting.calendar.is_working(on("2027-02-15"))


def test_office_closures_concern_the_offices_named() -> None:
    closed = {"from": "2027-12-27", "to": "2027-12-31", "why": "Shutdown", "offices": ["Munich"]}
    frozen = Calendars.freeze(
        Company.model_validate({**SETTINGS, "closures": [closed]}), 2027, 2028
    )
    here = frozen.person(PersonProfile("bavaria", "Europe/Berlin", office="Munich"))
    elsewhere = frozen.person(PersonProfile("bavaria", "Europe/Berlin"))
    assert here.calendar.after(on("2027-12-24"), 1) == on("2028-01-03")
    assert elsewhere.calendar.after(on("2027-12-24"), 1) == on("2027-12-27")
    assert frozen.company().calendar.is_working(on("2027-12-27"))


def test_closures_without_offices_concern_everybody() -> None:
    closed = {"from": "2027-12-27", "to": "2027-12-30", "why": "Shutdown"}
    frozen = Calendars.freeze(
        Company.model_validate({**SETTINGS, "closures": [closed]}), 2027, 2028
    )
    assert not frozen.company().calendar.is_working(on("2027-12-28"))
    munich_time = frozen.person(PersonProfile("bavaria", "Europe/Berlin", office="Munich"))
    assert not munich_time.calendar.is_working(on("2027-12-28"))


def test_dates_beyond_the_frozen_years_are_an_error_of_their_own() -> None:
    calendar = seattle().calendar
    with pytest.raises(CalendarRange):
        calendar.after(on("2028-12-28"), 5)
    with pytest.raises(CalendarRange):
        calendar.before(on("2026-01-02"), 1)
    with pytest.raises(CalendarRange):
        calendar.is_working(on("2029-01-02"))
    with pytest.raises(CalendarRange):
        calendar.count(on("2025-12-31"), on("2026-01-05"))


def test_a_negative_number_of_days_is_refused() -> None:
    with pytest.raises(ValueError, match="cannot count -1"):
        seattle().calendar.after(on("2027-01-12"), -1)
    assert seattle().calendar.shift(on("2027-01-13"), -1) == on("2027-01-12")


# --- Instants -----------------------------------------------------------------------------------


def test_times_of_day_are_local() -> None:
    # Seattle is at UTC-8 in January, London at UTC.
    assert seattle().opening(on("2027-01-12")) == utc("2027-01-12T17:00")
    assert oxford().opening(on("2027-01-12")) == utc("2027-01-12T09:00")
    assert seattle().end_of(on("2027-01-12")) == utc("2027-01-13T07:59:59")


@pytest.mark.parametrize(
    ("zone", "day", "clock", "instant"),
    [
        # Seattle, 8 March 2026: 02:00 PST becomes 03:00 PDT, at 10:00 UTC.
        ("America/Los_Angeles", "2026-03-08", "02:30", "2026-03-08T10:00"),
        ("America/Los_Angeles", "2026-03-08", "02:00", "2026-03-08T10:00"),
        ("America/Los_Angeles", "2026-03-08", "01:59:59", "2026-03-08T09:59:59"),
        ("America/Los_Angeles", "2026-03-08", "03:00", "2026-03-08T10:00"),
        # Berlin, 28 March 2027: 02:00 becomes 03:00, at 01:00 UTC.
        ("Europe/Berlin", "2027-03-28", "02:30", "2027-03-28T01:00"),
        # London, 28 March 2027: 01:00 becomes 02:00, at 01:00 UTC.
        ("Europe/London", "2027-03-28", "01:30", "2027-03-28T01:00"),
        # Lord Howe Island moves by half an hour: 3 October 2027, 02:00 becomes 02:30, 15:30 UTC.
        ("Australia/Lord_Howe", "2027-10-03", "02:15", "2027-10-02T15:30"),
        # Cairo changes at midnight: Friday 24 April 2026 has no 00:30; it starts at 01:00.
        ("Africa/Cairo", "2026-04-24", "00:30", "2026-04-23T22:00"),
        # Samoa left out 30 December 2011 altogether: the first time after it is 31 December, 00:00.
        ("Pacific/Apia", "2011-12-30", "09:00", "2011-12-30T10:00"),
    ],
)
def test_a_skipped_local_time_becomes_the_first_that_exists(
    zone: str, day: str, clock: str, instant: str
) -> None:
    assert instant_at(ZoneInfo(zone), on(day), time.fromisoformat(clock)) == utc(instant)


def test_a_local_time_that_occurs_twice_is_the_first() -> None:
    # Seattle, 7 November 2027: 01:30 PDT is 08:30 UTC, 01:30 PST would be 09:30 UTC.
    seattle_zone = ZoneInfo("America/Los_Angeles")
    assert instant_at(seattle_zone, on("2027-11-07"), time(1, 30)) == utc("2027-11-07T08:30")


def test_mail_at_a_skipped_time_goes_when_the_clocks_have_changed() -> None:
    # Sunday to Thursday in Munich, mail at 02:30; the clocks change on Sunday 28 March 2027.
    company = Company.model_validate({**SETTINGS, "mail_at": "02:30"})
    frozen = Calendars.freeze(company, 2027, 2027)
    sunday = frozen.person(PersonProfile("bavaria", "Europe/Berlin", frozenset({6, 0, 1, 2, 3})))
    change = utc("2027-03-28T01:00")
    assert sunday.opening(on("2027-03-28")) == change
    assert sunday.morning(utc("2027-03-27T12:00")) == change
    assert sunday.morning(change + timedelta(seconds=1)) == utc("2027-03-30T00:30")  # Easter Monday
    assert sunday.opens(change) == change
    assert sunday.opens(change - timedelta(minutes=5)) == change
    # Eight hours of wall clock from 02:30: until 10:30, which is 08:30 UTC.
    assert sunday.opens(utc("2027-03-28T08:29")) == utc("2027-03-28T08:29")
    assert sunday.opens(utc("2027-03-28T08:30")) == utc("2027-03-30T00:30")


@pytest.mark.parametrize(
    ("instant", "opens"),
    [
        ("2027-01-12T09:00", "2027-01-12T09:00"),  # nine o'clock counts
        ("2027-01-12T16:59:59", "2027-01-12T16:59:59"),
        ("2027-01-12T17:00", "2027-01-13T09:00"),  # five o'clock does not
        ("2027-01-12T06:30", "2027-01-12T09:00"),  # early: at nine the same day
        ("2027-01-15T20:00", "2027-01-18T09:00"),  # Friday evening: Monday
        ("2027-01-16T12:00", "2027-01-18T09:00"),  # Saturday noon: Monday
    ],
)
def test_a_task_opens_at_once_in_the_working_hours_else_the_next_morning(
    instant: str, opens: str
) -> None:
    assert oxford().opens(utc(instant)) == utc(opens)
    assert oxford().at_once(utc(instant)) == utc(opens)


def test_the_daily_mail_waits_for_the_next_morning_of_a_working_day() -> None:
    assert oxford().morning(utc("2027-01-12T09:00")) == utc("2027-01-12T09:00")
    assert oxford().morning(utc("2027-01-12T09:00:01")) == utc("2027-01-13T09:00")
    assert oxford().morning(utc("2027-01-16T03:00")) == utc("2027-01-18T09:00")
    on_leave = oxford(leaves=((on("2027-01-18"), on("2027-01-22")),))
    assert on_leave.morning(utc("2027-01-16T03:00")) == utc("2027-01-25T09:00")


def test_the_local_date_is_that_of_the_person() -> None:
    evening = utc("2027-01-12T23:30")  # 15:30 in Seattle, 00:30 on the 13th in Munich
    assert seattle().local_date(evening) == on("2027-01-12")
    assert munich().local_date(evening) == on("2027-01-13")


# --- Whose calendar -----------------------------------------------------------------------------


def profile_of(*records: WorkRecord) -> PersonProfile:
    return resolve_profile(Company.model_validate(SETTINGS), records)


def test_the_own_office_gives_calendar_and_zone() -> None:
    found = profile_of(WorkRecord(office="Munich"), WorkRecord(office="Oxford"))
    assert (found.calendar, found.zone, found.office) == ("bavaria", "Europe/Berlin", "Munich")


def test_without_an_office_the_managers_counts_and_so_on_up() -> None:
    found = profile_of(WorkRecord(), WorkRecord(office="Nowhere"), WorkRecord(office="Oxford"))
    assert (found.calendar, found.zone, found.office) == ("england", "Europe/London", "Oxford")


def test_nobody_up_the_line_the_companys_counts() -> None:
    found = profile_of(WorkRecord(), WorkRecord())
    assert (found.calendar, found.zone, found.office) == ("us", "America/Los_Angeles", None)
    assert profile_of() == found


def test_the_records_own_zone_comes_before_the_offices() -> None:
    found = profile_of(WorkRecord(office="Munich", zone="Europe/Lisbon"))
    assert (found.calendar, found.zone) == ("bavaria", "Europe/Lisbon")
    # Seattle names no zone here: the manager's own one, then the company's.
    found = profile_of(WorkRecord(office="Seattle"), WorkRecord(zone="America/Denver"))
    assert (found.calendar, found.zone) == ("us", "America/Denver")


def test_work_week_and_leave_are_the_persons_own() -> None:
    week = frozenset({0, 1})
    away = ((on("2027-01-14"), on("2027-01-19")),)
    found = profile_of(WorkRecord(), WorkRecord(office="Oxford", work_days=week, leaves=away))
    assert found.work_days is None
    assert found.leaves == ()
    assert profile_of(WorkRecord(work_days=week, leaves=away)).leaves == away


# --- Frozen calendars ---------------------------------------------------------------------------


def test_people_with_the_same_profile_share_one_object() -> None:
    profile = PersonProfile("england", "Europe/London")
    again = PersonProfile("england", "Europe/London")
    assert calendars().person(profile) is calendars().person(again)


def test_unknown_calendars_and_zones_are_lookup_errors() -> None:
    with pytest.raises(UnknownCalendar):
        calendars().person(PersonProfile("atlantis", "Europe/London"))
    with pytest.raises(ZoneInfoNotFoundError):
        calendars().person(PersonProfile("england", "Europe/Atlantis"))
    assert issubclass(UnknownCalendar, LookupError)
    assert issubclass(ZoneInfoNotFoundError, LookupError)


def test_frozen_calendars_survive_json() -> None:
    frozen = calendars()
    frozen.person(PersonProfile("england", "Europe/London"))
    again = Calendars.model_validate_json(frozen.model_dump_json())
    assert again == frozen
    assert Calendars.model_validate(frozen.model_dump(mode="json")) == frozen
    assert again.model_dump_json() == frozen.model_dump_json()
    assert again.company() == frozen.company()


def test_every_holiday_is_written_out() -> None:
    frozen = calendars().model_dump(mode="json")
    assert frozen["holidays"]["us"]["2027-01-18"] == "Martin Luther King Jr. Day"
    assert "2026-10-12" not in frozen["holidays"]["us"]
    assert frozen["holidays"]["us"]["2027-11-26"] == "Day after Thanksgiving"
    assert frozen["source"].startswith("holidays ")


def test_a_memory_full_of_leave_forgets_only_people_on_leave() -> None:
    frozen = Calendars.model_validate_json(calendars().model_dump_json())
    frozen._memory.MOST = 3
    plain = PersonProfile("england", "Europe/London")
    kept = frozen.person(plain)
    for day in range(1, 10):
        away = ((date(2027, 1, day), date(2027, 1, day)),)
        frozen.person(PersonProfile("england", "Europe/London", leaves=away))
    assert frozen.person(plain) is kept
    assert len(frozen._memory.people) <= 3


def test_a_changed_copy_forgets_what_was_computed() -> None:
    frozen = calendars()
    assert not frozen.company().calendar.is_working(on("2027-01-18"))
    for deep in (False, True):
        copied = frozen.model_copy(update={"holidays": {"us": {}}}, deep=deep)
        assert copied.company().calendar.is_working(on("2027-01-18"))
        assert frozen.model_copy(deep=deep) == frozen


# --- Properties ---------------------------------------------------------------------------------

DAYS = st.dates(date(2026, 7, 1), date(2028, 6, 30))
SPELLS = st.lists(
    st.tuples(st.dates(date(2027, 1, 1), date(2027, 12, 1)), st.integers(0, 20)), max_size=3
)
WEEKS = st.one_of(st.none(), st.frozensets(st.integers(0, 6), min_size=2, max_size=6))


@st.composite
def profiles(draw: st.DrawFn) -> PersonProfile:
    spells = tuple((d, d + timedelta(days=n)) for d, n in draw(SPELLS))
    place = draw(st.sampled_from(["us", "england", "bavaria", "ontario"]))
    return PersonProfile(place, "Europe/Berlin", draw(WEEKS), None, spells)


def naive(profile: PersonProfile, day: date) -> bool:
    """Is it a working day? Said in the words of the reference, without any arithmetic."""
    return (
        day.weekday() in (profile.work_days or {0, 1, 2, 3, 4})
        and day not in calendars().holidays[profile.calendar]
        and not any(first <= day <= last for first, last in profile.leaves)
    )


@given(profile=profiles(), day=DAYS, n=st.integers(1, 40))
@settings(max_examples=200, deadline=None)
def test_after_agrees_with_walking_from_day_to_day(
    profile: PersonProfile, day: date, n: int
) -> None:
    calendar = calendars().person(profile).calendar
    walked, left = day, n
    while left:
        walked += timedelta(days=1)
        left -= naive(profile, walked)
    assert calendar.after(day, n) == walked
    walked, left = day, n
    while left:
        walked -= timedelta(days=1)
        left -= naive(profile, walked)
    assert calendar.before(day, n) == walked


@given(profile=profiles(), day=DAYS, n=st.integers(0, 40))
@settings(max_examples=200, deadline=None)
def test_before_undoes_after_on_working_days(profile: PersonProfile, day: date, n: int) -> None:
    calendar = calendars().person(profile).calendar
    start = calendar.on_or_after(day)
    assert calendar.before(calendar.after(start, n), n) == start
    assert calendar.count(start, calendar.after(start, n)) == n


@given(profile=profiles(), one=DAYS, other=DAYS, n=st.integers(0, 40))
@settings(max_examples=200, deadline=None)
def test_a_later_day_never_gives_an_earlier_answer(
    profile: PersonProfile, one: date, other: date, n: int
) -> None:
    calendar = calendars().person(profile).calendar
    first, last = sorted((one, other))
    assert calendar.after(first, n) <= calendar.after(last, n)
    assert calendar.before(first, n) <= calendar.before(last, n)
    assert calendar.after(first, n) <= calendar.after(first, n + 1)


@given(profile=profiles(), one=DAYS, other=DAYS)
@settings(max_examples=100, deadline=None)
def test_count_agrees_with_counting(profile: PersonProfile, one: date, other: date) -> None:
    calendar = calendars().person(profile).calendar
    first, until = sorted((one, other))
    days = (first + timedelta(days=i) for i in range((until - first).days))
    assert calendar.count(first, until) == sum(naive(profile, day) for day in days)


ZONES = ("America/Los_Angeles", "Europe/London", "Australia/Lord_Howe", "Asia/Kathmandu", "UTC")


@given(
    zone=st.sampled_from(ZONES),
    day=st.dates(date(2026, 1, 1), date(2028, 12, 31)),
    minute=st.integers(0, 24 * 60 - 1),
)
@settings(max_examples=300, deadline=None)
def test_every_local_time_has_one_instant_that_reads_the_same_or_the_first_later(
    zone: str, day: date, minute: int
) -> None:
    where = ZoneInfo(zone)
    clock = time(minute // 60, minute % 60)
    instant = instant_at(where, day, clock)
    local = instant.astimezone(where)
    wanted = datetime.combine(day, clock, where)
    assert local.replace(tzinfo=None) >= wanted.replace(tzinfo=None)
    if local.replace(tzinfo=None) != wanted.replace(tzinfo=None):
        just_before = (instant - timedelta(seconds=1)).astimezone(where)
        assert just_before.replace(tzinfo=None) < wanted.replace(tzinfo=None)


@given(profile=profiles(), instant=st.datetimes(datetime(2026, 7, 1), datetime(2028, 6, 1)))  # noqa: DTZ001
@settings(max_examples=200, deadline=None)
def test_openings_are_in_working_hours_and_mornings_on_the_dot(
    profile: PersonProfile, instant: datetime
) -> None:
    who = calendars().person(profile)
    aware = instant.replace(tzinfo=UTC)
    opens, morning = who.opens(aware), who.morning(aware)
    assert aware <= opens <= morning
    assert who.in_window(opens)
    assert morning.astimezone(who.zone).time() == time(9)
    assert who.calendar.is_working(who.local_date(morning))


@given(st.sets(st.integers(738_000, 738_100)))
def test_an_exchange_with_itself_changes_nothing(days: set[int]) -> None:
    calendar = WorkCalendar(tuple(sorted(days)), 738_000, 738_100)
    spell = (date.fromordinal(738_010), date.fromordinal(738_050), calendar)
    assert calendar.exchanged([spell]) == calendar
