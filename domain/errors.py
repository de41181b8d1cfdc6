"""Errors with a stable code, an HTTP status and a verdict on retrying.

Messages carry ids, states and instants. They never carry a name, an address or anything that
somebody wrote.
"""

from collections.abc import Mapping
from http import HTTPStatus


class AlmanacError(Exception):
    """What went wrong, where, and what to do.

    `code` is a public contract (it is the last part of the problem type URI). `retryable` says
    whether the same call may succeed later without anybody changing anything.
    """

    code = "internal"
    status = HTTPStatus.INTERNAL_SERVER_ERROR
    retryable = False
    title = "Something went wrong"

    def __init__(self, detail: str, *, hint: str = "", **extra: object) -> None:
        super().__init__(detail)
        self.detail = detail
        self.hint = hint
        self.extra: Mapping[str, object] = extra


class NotFound(AlmanacError):
    """Missing, or hidden from this reader: the two are not told apart."""

    code = "not-found"
    status = HTTPStatus.NOT_FOUND
    title = "Not found"


class Forbidden(AlmanacError):
    """The reader may know that the thing exists, but not do this with it."""

    code = "forbidden"
    status = HTTPStatus.FORBIDDEN
    title = "Not allowed"


class IllegalState(AlmanacError):
    """The thing is in a state in which this cannot be done."""

    code = "illegal-state"
    status = HTTPStatus.CONFLICT
    title = "Not possible now"


class EditConflict(AlmanacError):
    """Somebody, perhaps the same person in another window, saved a newer version."""

    code = "edit-conflict"
    status = HTTPStatus.PRECONDITION_FAILED
    title = "Changed in another window"


class KeyReused(AlmanacError):
    """An idempotency key came again with another request."""

    code = "key-reused"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    title = "Key used for another request"


class Invalid(AlmanacError):
    """Input that is well-formed JSON, CSV or a form, and still wrong. `problems` lists all."""

    code = "invalid"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    title = "Please correct this"

    def __init__(self, detail: str, problems: tuple[Mapping[str, object], ...] = ()) -> None:
        super().__init__(detail, problems=list(problems))
        self.problems = problems
