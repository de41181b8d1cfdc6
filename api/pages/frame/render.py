"""From a page's values to HTML. Nothing here knows a database or a request."""

import hashlib
import re
from collections.abc import Iterable
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from markupsafe import Markup

from api.pages.frame import dates
from api.pages.frame.codes import STATES, in_words
from api.pages.frame.views import Page, Visit
from domain.texts import readable

ROOT = Path(__file__).resolve().parents[3]
TEMPLATES = ROOT / "templates" / "pages"
STATIC = Path(__file__).resolve().parents[2] / "static"


def render(page: Page, visit: Visit) -> str:
    """Return the HTML of a page for whoever reads it."""
    return environment().get_template(page.template).render(page=page, visit=visit)


@lru_cache(maxsize=1)
def environment() -> Environment:
    """The templates with their filters; everything that is printed is escaped."""
    env = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_readable,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    env.filters.update(
        {
            "day": _day,
            "instant": _instant,
            "clock": _clock,
            "deadline": _deadline,
            "deadline_of": _deadline_of,
            "relative": _relative,
            "relative_day": _relative_day,
            "zone_name": dates.say_zone,
            "iso": _iso,
            "plural": dates.plural,
            "minutes": dates.say_minutes,
            "control": control_id,
            "columns": _columns,
            "state_word": _state_word,
        }
    )
    env.globals["asset"] = asset
    return env


def _state_word(state: str) -> str:
    return in_words(STATES, state, "other")


def _readable(value: Any) -> Any:
    """What is printed, without control codes and marks that turn the text around them.

    Somebody's words end up between those of the page and of others; they must not change these.
    """
    if not isinstance(value, str):
        return value
    shown = readable(value)
    if shown is value or not isinstance(value, Markup):
        return shown
    return Markup(shown)  # noqa: S704 - it was Markup, and only characters were taken out


@lru_cache(maxsize=16)
def asset(name: str) -> str:
    """The address of a static file, changed whenever its content changes."""
    digest = hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:10]
    return f"/static/{name}?{digest}"


def control_id(name: str) -> str:
    """The id of the control of this name."""
    return "f-" + re.sub(r"[^a-zA-Z0-9_-]+", "-", name)


@pass_context
def _day(context: Context, day: date | datetime | None) -> str:
    visit: Visit = context["visit"]
    if day is None:
        return ""
    if isinstance(day, datetime):
        day = day.astimezone(visit.zone).date()
    return dates.say_day(day, visit.today)


@pass_context
def _instant(context: Context, instant: datetime | None) -> str:
    visit: Visit = context["visit"]
    return "" if instant is None else dates.say_instant(instant, visit.zone, visit.today)


@pass_context
def _deadline(context: Context, instant: datetime) -> str:
    visit: Visit = context["visit"]
    return dates.say_deadline(instant, visit.zone, visit.today)


@pass_context
def _deadline_of(context: Context, instant: datetime, holder: ZoneInfo) -> str:
    visit: Visit = context["visit"]
    return dates.say_deadline_of(instant, holder, visit.zone, visit.today)


@pass_context
def _clock(context: Context, instant: datetime) -> str:
    visit: Visit = context["visit"]
    return dates.say_clock(instant, visit.zone)


@pass_context
def _relative(context: Context, instant: datetime | None) -> str:
    visit: Visit = context["visit"]
    return "" if instant is None else dates.say_relative(instant, visit.now, visit.zone)


@pass_context
def _relative_day(context: Context, day: date | None) -> str:
    visit: Visit = context["visit"]
    if day is None:
        return ""
    days = (day - visit.today).days
    return {0: "today", 1: "tomorrow", -1: "yesterday"}.get(days) or dates.say_days_away(days)


def _iso(value: date | datetime | None) -> str:
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    return "" if value is None else value.isoformat()


def _columns(items: Iterable[Any], size: int) -> list[list[Any]]:
    listed = list(items)
    return [listed[n : n + size] for n in range(0, len(listed), size)]
