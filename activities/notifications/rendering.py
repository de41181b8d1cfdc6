"""Words a mail: from what concerns a person to subject, text, HTML and attachments.

A single item is a letter about that one thing; several are a list by urgency and deadline
(language reference §6). Pure: the same facts and the same `now` give the same mail.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import lru_cache, partial
from typing import TypeGuard
from uuid import UUID
from zoneinfo import ZoneInfo

from markupsafe import Markup

from activities.notifications.calendar_entries import Attachment, deadlines
from activities.notifications.first_mails import Story, of_one_cycle, stories
from activities.notifications.language import supported
from activities.notifications.mail_items import (
    Cycle,
    DailyMail,
    FeedbackExtended,
    MailItem,
    ReassignedTo,
    Task,
    TaskItem,
    TaskOpened,
)
from activities.notifications.outside import OUTSIDE
from activities.notifications.templates import Templates
from activities.notifications.wrapping import tidy
from domain.kinds.registry import TRAITS
from domain.notifications import Event, Section
from domain.states import Role

MOST_ENTRIES = 25
"""Entries shown in a section of the list; the page shows the rest."""


@dataclass(frozen=True, slots=True)
class Wording:
    """HR's own words for an event: `{period}`, `{subject.first_name}`, `{subject.name}`, `{due}`.

    Either may be absent. They stand in a letter about one thing; a list keeps the shipped words.
    """

    subject: str | None = None
    body: str | None = None


Wordings = Mapping[UUID, Mapping[Event, Mapping[str, Wording]]]
"""By cycle, event and language; the language `default` serves those not named."""


@dataclass(frozen=True, slots=True)
class RenderedMail:
    """A worded mail, not yet addressed."""

    subject: str
    text: str
    html: str
    attachments: tuple[Attachment, ...] = ()


@dataclass(frozen=True, slots=True)
class _Names:
    """An action with a person's name filled in."""

    do: str
    do_by: str
    thing: str
    button: str


@dataclass(frozen=True, slots=True)
class _Entry:
    title: str
    detail: str
    url: str


@dataclass(frozen=True, slots=True)
class _SectionView:
    heading: str
    entries: tuple[_Entry, ...]
    more: int


@dataclass(frozen=True, slots=True)
class _Purpose:
    title: str
    purpose: str


def render(mail: DailyMail, *, wording: Wordings | None = None, now: datetime) -> RenderedMail:
    """Word a mail in its recipient's language.

    `now` is the aware instant at which it is sent: dates half a year away get their year, a
    reminder knows "today" and "tomorrow". Raises ValueError if there are no items.
    """
    if not mail.items:
        raise ValueError("a mail without items is not sent")
    templates = templates_of(mail.recipient.language)
    page = _Page(mail, templates, now, wording or {})
    rendered = page.letter(mail.items[0]) if len(mail.items) == 1 else page.digest()
    files = deadlines(mail, page.calendar_summary, now=now)
    subject = page.marked(rendered.subject)
    return RenderedMail(subject, rendered.text, rendered.html, files)


@lru_cache(maxsize=8)
def templates_of(language: str) -> Templates:
    """Return the compiled templates for a record's language, made on first use and kept."""
    return _templates(supported(language))


_templates = lru_cache(maxsize=8)(Templates)


class _Page:
    """One mail being worded: what all its parts share."""

    def __init__(
        self, mail: DailyMail, templates: Templates, now: datetime, wording: Wordings
    ) -> None:
        self.mail = mail
        self.templates = templates
        self.wording = wording
        self.now = now
        self.today = now.astimezone(_zone(mail.recipient.zone)).date()
        self.date = partial(templates.plain.date, today=self.today)
        self.messages = templates.catalogue.messages

    def marked(self, subject: str) -> str:
        """The subject, marked if the mail is a preview."""
        return self._say("preview.subject", subject=subject) if self.mail.preview else subject

    # --- a letter about one thing ---------------------------------------------------------------

    def letter(self, item: MailItem) -> RenderedMail:
        folder = self._folder(item)
        get = self.templates.get
        own = self._own_words(item)
        plain = self._context(item, html=False)
        plain["own"] = own[1]
        plain["signs_in"] = False
        subject = own[0] or _one_line(get(folder, "subject.txt").render(plain))
        text = get(folder, "body.txt").render(plain)
        if item.url in self.mail.pages and item.url in text and not self.mail.recipient.external:
            plain["signs_in"] = True
            text = get(folder, "body.txt").render(plain)
        rich = self._context(item, html=True)
        rich["own"] = own[1]
        rich["signs_in"] = plain["signs_in"]
        rich["subject"] = subject
        rich["preview"] = self._preview(item)
        return RenderedMail(subject, tidy(text), get(folder, "body.html").render(rich))

    def _folder(self, item: MailItem) -> str:
        """Where the templates are: people outside the company have letters of their own."""
        if self.mail.recipient.external:
            return OUTSIDE.get(item.event, item.event.template)
        return item.event.template

    def _own_words(self, item: MailItem) -> tuple[str | None, tuple[str, ...]]:
        cycle = item.cycle
        if cycle is None or not self.wording or self.mail.recipient.external:
            return None, ()
        by_language = self.wording.get(cycle.id, {}).get(item.event, {})
        words = by_language.get(self.templates.language) or by_language.get("default")
        if words is None:
            return None, ()
        task = item.task if isinstance(item, TaskItem) else None
        about = task.about if task else None
        values = {
            "{period}": cycle.period,
            "{subject.first_name}": about.first_name if about else "",
            "{subject.name}": about.name if about else "",
            "{due}": self.date(task.due_on) if task else "",
        }
        subject = _one_line(_fill(words.subject, values)) if words.subject else None
        body = _fill(words.body, values) if words.body else ""
        return subject, tuple(_one_line(p) for p in re.split(r"\n\s*\n", body) if p.strip())

    def _preview(self, item: MailItem) -> str:
        """What an inbox shows beside the subject: not the subject again."""
        if self.mail.recipient.external:
            return self.mail.company or self.mail.product
        if isinstance(item, TaskItem):
            return f"{item.task.cycle.title}, {item.task.title}"
        return item.cycle.title if item.cycle else self.mail.product

    # --- a list of several ----------------------------------------------------------------------

    def digest(self) -> RenderedMail:
        items = sorted(self.mail.items, key=_urgency)
        headline = _one_line(self._headline(items))
        rated = [item.task for item in items if _asks_to_rate(item)]
        asked = [task for task in rated if not task.identified]
        base = {
            "mail": self.mail,
            "headline": headline,
            "purposes": self._purposes(items),
            "stories": self._stories(items),
            "all_of_them": self._all_of_them(items),
            "signs_in": self._leads_to_pages(items),
            "date": self.date,
            "subject": headline,
            "dated": any(isinstance(item, TaskItem) for item in items),
            "asked": bool(asked),  # first mails of raters say how they are protected, once
            "identified": len(asked) < len(rated),
            "task": min(asked, key=lambda task: task.protection.threshold, default=None),
        }
        sections = self._sections(items, html=False)
        text = self.templates.get("daily", "body.txt").render(base, sections=sections)
        html = self.templates.get("daily", "body.html").render(
            base,
            sections=self._sections(items, html=True),
            preview=", ".join(entry.title for entry in sections[0].entries[:3]),
        )
        return RenderedMail(headline, tidy(text), html)

    def _headline(self, items: list[MailItem]) -> str:
        """Verb, object, date where all is of one kind; else how many things by when."""
        escalated = [item for item in items if item.section is Section.ESCALATED]
        mine = [
            item
            for item in items
            if item.section is not Section.ESCALATED and item.section is not Section.FOR_INFORMATION
        ]
        if not escalated and not mine:
            return self._say("daily.news", n=len(items))
        if escalated:
            one = len(escalated) == 1
            said = self._say("daily.escalated_one" if one else "daily.escalated", n=len(escalated))
            if not mine:
                return said
            return said + self._say(
                "daily.and_own_one" if len(mine) == 1 else "daily.and_own", n=len(mine)
            )
        if len(mine) == 1:
            return _one_line(
                self.templates.get(self._folder(mine[0]), "subject.txt").render(
                    {**self._context(mine[0], html=False), "own": ()}
                )
            )
        return self._alike(mine) or self._begun(mine) or self._counted(mine)

    def _alike(self, mine: list[MailItem]) -> str | None:
        """Return "Write 8 reviews by Fri 20 Nov" if that is what all of them are."""
        tasks = [item.task for item in mine if isinstance(item, TaskItem)]
        if len(tasks) < len(mine) or any(item.section is Section.OVERDUE for item in mine):
            return None
        if any(isinstance(item, FeedbackExtended) for item in mine):
            return None  # it may be done long since: nobody is told to do it
        kinds = {
            (task.kind, _role(task), _stage_of(task), task.title, task.due_on) for task in tasks
        }
        if len(kinds) > 1 or Event.NEEDS_ASSIGNEE in {item.event for item in mine}:
            return None
        return self._many(tasks, self._by(tasks[0].due_on))

    def _many(self, tasks: list[Task], by: str) -> str | None:
        task = tasks[0]
        many = self.templates.action(task.kind, _role(task), _stage_of(task), html=False).many
        return many and many.format_map({"n": len(tasks), "by": by, "title": task.title})

    def _begun(self, mine: list[MailItem]) -> str | None:
        """Return "Annual review 2026: 2 tasks, first by Fri 29 Jan" for a cycle's first mail."""
        tasks = of_one_cycle(mine)
        if tasks is None:
            return None
        days = sorted({task.due_on for task in tasks})
        key = "daily.cycle_by" if len(days) == 1 else "daily.cycle_first_by"
        title = tasks[0].cycle.title
        return self._say(key, cycle=title, n=len(tasks), date=self.date(days[0]))

    def _all_of_them(self, items: list[MailItem]) -> str | None:
        """What the button says if it opens several announced tasks of one kind, and only these."""
        announced = [
            item.task
            for item in items
            if isinstance(item, TaskOpened) and item not in self.mail.stand_ins
        ]
        kinds = {(task.cycle.id, task.stage, _role(task)) for task in announced}
        if len(announced) < 2 or len(kinds) > 1 or self.mail.home_url in self.mail.pages:
            return None
        return self._many(announced, "")

    def _leads_to_pages(self, items: list[MailItem]) -> bool:
        """Does the list lead anywhere where one signs in first?"""
        urls = {self.mail.home_url, *(item.url for item in items)}
        return not self.mail.recipient.external and bool(urls & self.mail.pages)

    def _stories(self, items: list[MailItem]) -> list[Story]:
        """What is said once of tasks that are announced together, under what is to be done."""
        return [
            replace(one, heading=self._heading(one.task))
            for one in stories(items, self._say("words.person"))
        ]

    def _heading(self, task: Task) -> str:
        """What is to be done, of a step that Almanac names; else the title, which HR wrote."""
        if not TRAITS[task.kind].chooses:
            return task.title
        action = self.templates.action(task.kind, _role(task), _stage_of(task), html=False)
        if _NEEDS_NAME.search(action.do):
            return task.title
        return action.do.format_map({"by": "", "title": task.title})

    def _counted(self, mine: list[MailItem]) -> str:
        overdue = sum(1 for item in mine if item.section is Section.OVERDUE)
        days = sorted({item.due_on for item in mine if item.due_on is not None})
        if overdue == len(mine):
            return self._say("daily.all_overdue", n=overdue)
        if overdue:
            return self._say("daily.some_overdue", n=len(mine), overdue=overdue)
        if not days:
            return self._say("daily.asked", n=len(mine))
        everywhere = len(days) == 1 and all(item.due_on for item in mine)
        key = "daily.all_by" if everywhere else "daily.first_by"
        return self._say(key, n=len(mine), date=self.date(days[0]))

    def _sections(self, items: list[MailItem], *, html: bool) -> tuple[_SectionView, ...]:
        views = []
        for section in Section:
            here = [item for item in items if item.section is section]
            if here:
                shown = tuple(self._entry(item, html=html) for item in here[:MOST_ENTRIES])
                heading = self.messages[f"sections.{section.name.lower()}"]
                views.append(_SectionView(heading, shown, max(0, len(here) - MOST_ENTRIES)))
        return tuple(views)

    def _entry(self, item: MailItem, *, html: bool) -> _Entry:
        template = self.templates.get(self._folder(item), "line.html" if html else "line.txt")
        context = self._context(item, html=html)
        title, _, detail = template.render(context).strip().partition("\n")
        principal = self.mail.stand_ins.get(item)
        if principal is not None and self.mail.recipient.stands_in_for is None:
            said = self.templates.get("stands-in", "line.html" if html else "line.txt")
            detail = f"{said.render(context, principal=principal).strip()} · {detail.strip()}"
        if html:  # the template that it comes from has escaped it
            return _Entry(Markup(title), Markup(detail.strip()), item.url)  # noqa: S704
        return _Entry(title, detail.strip(), item.url)

    def _purposes(self, items: list[MailItem]) -> list[_Purpose]:
        """Every first mail says why this is done, once per cycle however many tasks."""
        seen: dict[UUID, Cycle] = {}
        for item in items:
            if isinstance(item, TaskOpened | ReassignedTo) and item.task.cycle.purpose:
                seen.setdefault(item.task.cycle.id, item.task.cycle)
        return [_Purpose(cycle.title, cycle.purpose.strip()) for cycle in seen.values()]

    # --- what templates see ---------------------------------------------------------------------

    def _context(self, item: MailItem, *, html: bool) -> dict[str, object]:
        context: dict[str, object] = {
            "mail": self.mail,
            "item": item,
            "cycle": item.cycle,
            "date": self.date,
            "about": None,
            "task": None,
            "until": item.due_on,
            "local": lambda at: at.astimezone(_zone(self.mail.recipient.zone)).date(),
        }
        if isinstance(item, TaskItem):
            task = item.task
            there = self.now.astimezone(_zone(task.zone)).date()
            days = (task.due_on - there).days
            context |= {
                "task": task,
                "about": task.about,
                "first": task.about.first_name if task.about else self._say("words.person"),
                "days": days,
                "there": there,
                "overdue": item.section is Section.OVERDUE or days < 0,
                "act": self._names(item, html=html),
                "abroad": task.zone != self.mail.recipient.zone,
                "drafted": TRAITS[task.kind].grows or (task.begun and task.role is not Role.RATER),
            }
        return context

    def _names(self, item: TaskItem, *, html: bool) -> _Names:
        task = item.task
        action = self.templates.action(task.kind, _role(task), _stage_of(task), html=html)
        grammar = self.templates.curly if html else self.templates.plain
        first = task.about.first_name if task.about else ""
        if not first and _NEEDS_NAME.search(action.do + action.thing):
            action = self.templates.action("plain", "", "", html=html)
        by = self._by(task.due_on)
        values = {
            "title": task.title,
            "first": first,
            "name": task.about.name if task.about else "",
            "whose": grammar.whose(first) if first else "",
            "by": "",
        }
        do = action.do.format_map(values)
        values["by"] = by
        return _Names(
            do, action.do.format_map(values), action.thing.format_map(values), action.button
        )

    def _by(self, day: date) -> str:
        return f" {self._say('words.by', date=self.date(day))}"

    def calendar_summary(self, item: TaskItem) -> str:
        """Return what a calendar shows for the deadline of an item."""
        return self._names(item, html=False).do

    def _say(self, key: str, **values: object) -> str:
        return self.messages[key].format(**values)


def _urgency(item: MailItem) -> tuple[Section, date, str, str]:
    task = item.task if isinstance(item, TaskItem) else None
    about = task.about.name if task and task.about else ""
    return (item.section, item.due_on or date.max, task.title if task else "", about)


def _asks_to_rate(item: MailItem) -> TypeGuard[TaskOpened]:
    """Is it a first mail to a rater?"""
    return isinstance(item, TaskOpened) and TRAITS[item.task.kind].private


def _stage_of(task: Task) -> str:
    """The stage of a definition that an action is named by: titles are HR's own words."""
    return f"{task.cycle.definition}.{task.stage}"


def _role(task: Task) -> str:
    """The role that an action is named by: rating oneself is named differently."""
    return "self" if task.relationship == "self" else task.role


_zone = lru_cache(maxsize=1024)(ZoneInfo)

_NEEDS_NAME = re.compile(r"\{(?:first|name|whose)\}")
_PLACEHOLDER = re.compile(r"\{(?:period|subject\.first_name|subject\.name|due)\}")


def _fill(words: str, values: Mapping[str, str]) -> str:
    return _PLACEHOLDER.sub(lambda match: values[match[0]], words)


def _one_line(text: str) -> str:
    """No header and no paragraph holds a line break, whatever somebody typed into a name."""
    return " ".join(text.split())
