"""What was typed into a form, read once for each request, and never lost by a refusal.

A page that answers a refused form shows its fields with what was typed. Where it cannot (the form
is not to be had any more, or something else went wrong), the texts are shown below what it says.
"""

import re

from fastapi import Request
from markupsafe import escape
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")

NOT_TYPED = frozenset({"version", "key", "go", "step", "next", "confirm", "cursor"})
"""Fields that pages carry for themselves."""

WRITTEN = re.compile(r"\s|@|.{30}", re.DOTALL)
"""Something that somebody wrote, or an address; and not the value of a choice, an id or a date."""


async def typed(request: Request, largest: int = 1_000_000) -> FormData:
    """What was typed into a form."""
    form = await request.form(max_fields=5000, max_part_size=largest)
    request.state.typed = form
    return form


async def texts_of(request: Request) -> tuple[str, ...]:
    """What somebody wrote into the form of this request, each text once.

    A form that was not read yet, because it was refused before, is read now.
    """
    state = request.scope.get("state", {})
    form: FormData | None = state.get("typed")
    begun: Request | None = state.get("request")  # the one that the body belongs to
    if form is None and begun is not None and _is_form(begun):
        try:
            form = await typed(begun)
        except (RuntimeError, ClientDisconnect, HTTPException):
            return ()  # the body was read in another way, is broken, or never came
    return () if form is None else tuple(dict.fromkeys(_written(form)))


def _is_form(request: Request) -> bool:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    return request.method == "POST" and kind in FORMS


def _written(form: FormData) -> list[str]:
    values = ((name, value) for name, value in form.multi_items() if name not in NOT_TYPED)
    texts = [clean(v).strip() for _, v in values if not isinstance(v, UploadFile)]
    return [text for text in texts if WRITTEN.search(text)]


def not_shown(texts: tuple[str, ...], html: str) -> tuple[str, ...]:
    """Those texts that a page does not show."""
    return tuple(text for text in texts if str(escape(text)) not in html)


def clean(text: str) -> str:
    """Browsers send CRLF; NUL and lone surrogates cannot be stored."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "")
    return text.encode("utf-8", "ignore").decode("utf-8")
