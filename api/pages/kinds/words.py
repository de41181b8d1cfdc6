"""What pages say of a task, as far as its kind of stage decides it: one `KindWords` a kind."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class About:
    """What must be known of a task to speak of it."""

    kind: str
    role: str
    title: str
    subject: str | None = None
    first: str | None = None
    mine: bool = False  # the reader is the subject


def whose(name: str) -> str:
    """`Alexander James's`, `Luis'` would be wrong: English takes 's after every name."""
    return f"{name}'s"


def about_somebody(task: About) -> str:
    """What HR called the stage, and whom it is about."""
    return f"{task.title.strip()}: {task.subject}" if task.subject else task.title.strip()


@dataclass(frozen=True, slots=True, kw_only=True)
class KindWords:
    """How a kind is spoken of. What is not said is so for most kinds."""

    name: str
    """In the middle of a sentence about a definition: "conversation"."""

    verb: Callable[[About], str] = about_somebody
    """What is to be done, said to whoever does it."""

    of_others: Callable[[About], str] | None = None
    """The same, said of somebody else's task; none: the same words."""

    readers: str = ""
    """Who reads what is written, on the page of the task; empty: it depends on the role."""

    seen_by: str = ""
    """Who sees what was done, on its page; empty: it depends on the result."""

    done: str = "Submitted"
    expired: str = "Closed unanswered"
    holder: str = "nobody yet"
    """Who holds a task that nobody holds."""
