"""What the pages of a cycle share: its tabs, filters, and the way to more."""

from fastapi import Request

from api.authentication import Call
from api.pages.frame.views import Choice, Link, More
from api.paging import write_cursor
from store.access.facts import hidden_cases
from store.views import cycle_pages as queries
from store.views.lists.cycles import CycleItem


async def tabs(call: Call, item: CycleItem, here: str) -> tuple[Link, ...]:
    """The parts of a cycle."""
    href = f"/cycles/{item.id}"
    counts = await queries.tab_counts(
        call.conn, item.id, hidden=hidden_cases(await call.reader(), item.id)
    )
    links = [
        Link("Overview", href, None, here == "overview"),
        Link("People", f"{href}/people", counts.people, here == "people"),
    ]
    if item.opened_at is not None:
        links.append(Link("Open tasks", f"{href}/tasks", counts.open, here == "tasks"))
        links.append(Link("First minutes", f"{href}/first-minutes", None, here == "minutes"))
    return tuple(links)


def choices(pairs: tuple[tuple[str, str], ...], chosen: str) -> tuple[Choice, ...]:
    """Options of a filter; one of them is chosen."""
    return tuple(Choice(value, label, chosen=value == chosen) for value, label in pairs)


def more(request: Request, of: str, key: list[object] | None, shown: int) -> More:
    """The way to what comes after the last row shown, if anything does."""
    if key is None:
        return More("", shown)
    url = request.url.include_query_params(cursor=write_cursor(request, key, of=of))
    return More(f"{url.path}?{url.query}", shown)
