"""What somebody outside the company is told: about the feedback they are asked for, and no more.

An external rater has no account. Their mails name who asks, about whom and until when, and lead
by their own link to their own page; nothing in them tells how the company reviews its people.
"""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from activities.notifications.mail_facts import Cycle
from activities.notifications.mail_items import CycleItem, MailItem, PlainItem
from domain.kinds.registry import TRAITS
from domain.notifications import Event

OUTSIDE: Mapping[Event, str] = MappingProxyType(
    {
        Event.TASK_OPENED: "external-opened",
        Event.REMINDER: "external-reminder",
        Event.DUE_CHANGED: "external-until",
        Event.RESUMED: "external-until",
        Event.FEEDBACK_EXTENDED: "external-until",
        Event.CANCELLED: "external-cancelled",
        Event.REQUEST_CANCELLED: "external-cancelled",
        Event.PAUSED: "external-paused",
    }
)
"""The folder of templates of each event that may leave the company; a link asked for, too."""


def seen_from_outside(item: MailItem) -> MailItem:
    """Return the item without what is the company's own: cycle, purpose, department, stage.

    The templates do not say these things; without them nothing can say them. Raises ValueError
    for an event that is nobody's outside.
    """
    if item.event is Event.SIGN_IN:
        return item
    if isinstance(item, PlainItem) or item.event not in OUTSIDE:
        raise ValueError(f"{item.event} is not for people outside")
    if isinstance(item, CycleItem):
        return replace(item, cycle=_nameless(item.cycle))
    task = item.task
    if not TRAITS[task.kind].private:
        raise ValueError(f"{task.kind} is not for people outside")
    about = replace(task.about, department=None) if task.about else None
    cycle = _nameless(task.cycle)
    return replace(item, task=replace(task, about=about, cycle=cycle, title="", stage=""))


def _nameless(cycle: Cycle) -> Cycle:
    return Cycle(id=cycle.id, definition="", title="")
