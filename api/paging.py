"""Keyset paging: a page begins after the last row of the page before, wherever that row went.

A cursor is the key of that row, signed, so that nobody can ask for keys that they were not given;
it says nothing about rights, which are checked anew for every page.
"""

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Callable, Sequence
from typing import Annotated, Generic, TypeVar

from fastapi import Query, Request, Response
from pydantic import BaseModel, ConfigDict

from api.errors import Malformed

LARGEST_PAGE = 200
_SIGNATURE = 16

Key = list[str | int | None]
Item = TypeVar("Item")

Limit = Annotated[int, Query(ge=1, le=LARGEST_PAGE, description="How many items at most.")]
Cursor = Annotated[
    str | None,
    Query(max_length=1000, description="Where the page begins: `next` of the page before."),
]


class Page(BaseModel, Generic[Item]):
    """A part of a list. `next` is the cursor of the following part; none: this is the last."""

    model_config = ConfigDict(frozen=True)

    items: list[Item]
    next: str | None = None


def read_cursor(request: Request, cursor: str | None, *, of: str, parts: int) -> Key | None:
    """The key in a cursor that we gave out for the list `of`. Raises Malformed for any other."""
    if cursor is None:
        return None
    try:
        raw = base64.urlsafe_b64decode(cursor.encode() + b"=" * (-len(cursor) % 4))
    except (binascii.Error, ValueError) as error:
        raise Malformed("This cursor is not one of ours.") from error
    signature, content = raw[:_SIGNATURE], raw[_SIGNATURE:]
    if not hmac.compare_digest(signature, _sign(request, of, content)):
        raise Malformed("This cursor is not one of ours.")
    key = json.loads(content)
    if not isinstance(key, list) or len(key) != parts:
        raise Malformed("This cursor belongs to another list.")
    return key


def write_cursor(request: Request, key: Sequence[object], *, of: str) -> str:
    """A cursor for the list `of`."""
    content = json.dumps(list(key), default=str, separators=(",", ":")).encode()
    signed = _sign(request, of, content) + content
    return base64.urlsafe_b64encode(signed).rstrip(b"=").decode()


def page_of(
    request: Request,
    response: Response,
    rows: Sequence[Item],
    limit: int,
    *,
    of: str,
    key: Callable[[Item], Sequence[object]],
) -> Page[Item]:
    """A page of `limit` items out of `limit + 1` rows, with its `Link` header (RFC 8288)."""
    shown = rows[:limit]
    following = None
    if len(rows) > limit and shown:
        following = write_cursor(request, key(shown[-1]), of=of)
        url = request.url.include_query_params(cursor=following)
        response.headers["Link"] = f'<{url.path}?{url.query}>; rel="next"'
    return Page(items=list(shown), next=following)


def _sign(request: Request, of: str, content: bytes) -> bytes:
    secret: bytes = request.app.state.cursor_secret
    return hmac.new(secret, of.encode() + b"\n" + content, hashlib.sha256).digest()[:_SIGNATURE]
