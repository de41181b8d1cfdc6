"""First mails of tasks in a list: which belong together, and what is said of them once."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from activities.notifications.mail_facts import Task
from activities.notifications.task_items import TaskOpened
from domain.kinds.registry import TRAITS


@dataclass(frozen=True, slots=True)
class Story:
    """Who reads tasks that are announced together, and what happens if they are not done.

    `first` is the first name of the person whom the only one is about, else words for any;
    `heading` stands above it.
    """

    task: Task
    first: str
    heading: str = ""


def first_tasks(items: Iterable[object]) -> list[Task]:
    """The tasks that are announced, without those of raters, whose mails say how they are kept."""
    return [
        item.task
        for item in items
        if isinstance(item, TaskOpened) and not TRAITS[item.task.kind].private
    ]


def of_one_cycle(items: Sequence[object]) -> list[Task] | None:
    """The announced tasks if these are all, more than one, and of one cycle."""
    tasks = first_tasks(items)
    if len(tasks) < max(2, len(items)) or len({task.cycle.id for task in tasks}) > 1:
        return None
    return tasks


def stories(items: Iterable[object], anybody: str) -> list[Story]:
    """One for all announced tasks of which the same is true; `anybody` stands for several."""
    groups: dict[object, list[Task]] = {}
    for task in first_tasks(items):
        key = (
            *(task.cycle.id, task.stage, task.kind, task.role, task.shown, task.compared),
            *(task.hr_reads, task.next_told, task.closes_on, task.empty_list, task.about is None),
            task.holder,
        )
        groups.setdefault(key, []).append(task)
    return [Story(some[0], _first(some, anybody)) for some in groups.values()]


def _first(tasks: Sequence[Task], anybody: str) -> str:
    about = tasks[0].about
    return about.first_name if about is not None and len(tasks) == 1 else anybody
