"""Words of a form that somebody fills in."""

from api.pages.kinds.words import About, KindWords, about_somebody, whose

OWN = {"self review": "Write your self review", "half-year notes": "Write your half-year notes"}


def _verb(task: About) -> str:
    title = task.title.strip()
    if task.role == "subject":
        return OWN.get(title.lower(), title)
    if title.lower() == "manager review":
        return f"Write {whose(task.subject or 'somebody')} review"
    return about_somebody(task)


def _of_others(task: About) -> str:
    return task.title if task.role == "subject" else _verb(task)


WORDS = KindWords(name="form", verb=_verb, of_others=_of_others)
