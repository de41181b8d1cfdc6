"""Versions as entity tags: who changes something says which version they have seen (RFC 9110)."""

from fastapi import Request, Response

from api.errors import Malformed, VersionRequired


def set_etag(response: Response, version: int) -> None:
    """Tell the version of what is answered."""
    response.headers["ETag"] = f'"{version}"'


def expected_version(request: Request, *, required: bool = False) -> int | None:
    """The version in `If-Match`; none for `*` or, unless `required`, without the header.

    Raises Malformed for something that cannot be one of our tags, VersionRequired.
    """
    header = request.headers.get("if-match")
    if header is None:
        if required:
            raise VersionRequired(
                "Say with If-Match which version this is based on.",
                hint="The ETag of the last answer; * overwrites whatever there is.",
            )
        return None
    value = header.strip()
    if value == "*":
        return None
    digits = value[1:-1]
    if len(value) < 3 or value[0] != '"' or value[-1] != '"' or not digits.isascii():
        raise Malformed('If-Match takes one of our tags, such as "3", or *.')
    if not digits.isdigit() or len(digits) > 9:
        raise Malformed('If-Match takes one of our tags, such as "3", or *.')
    return int(digits)
