"""Who is asking: a server-side session behind a cookie, or a script with the service key.

People sign in by a mailed link: opening it shows whose it is and changes nothing; confirming it
(POST) makes a session. Every route declares who may call it with `allow(Action...)`; routes
without such a declaration cannot be registered (`GuardedRoute`).

A session that began with the link of a mailed task reaches that task and the reader's own list,
and no route but those that say so with `allow(..., Level.TASK)`: the default is a fresh sign-in.
"""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, cast
from uuid import UUID

from fastapi import Depends, Request, Response
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.routing import BaseRoute

from api.errors import FreshSignInNeeded, NotSignedIn
from api.transaction import TransactionalRoute, connection, instant
from domain.access import (
    ROLES_FOR,
    AccessRole,
    Action,
    Actor,
    Level,
    Reader,
    may,
    roles_at,
)
from domain.errors import Forbidden
from store.access.facts import reader_of
from store.access.sessions import LIFETIMES, find_session, opens_task

SECURE_COOKIE = "__Host-almanac"
PLAIN_COOKIE = "almanac"
"""On http://localhost only: browsers refuse `__Host-` cookies without TLS."""


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A signed-in person: id, roles that they may use here, the zone in which they read times.

    `opens` says what a session of level `task` was begun for.
    """

    person_id: int
    roles: frozenset[AccessRole]
    zone: str | None
    level: Level = Level.FULL
    opens: frozenset[str] = frozenset()


class Call:
    """One call: who makes it, at which instant, in which transaction."""

    __slots__ = ("_reader", "action", "conn", "now", "person", "request", "service")

    def __init__(
        self, request: Request, conn: AsyncConnection, now: datetime, action: Action
    ) -> None:
        self.request = request
        self.conn = conn
        self.now = now
        self.action = action
        self.person: SignedIn | None = None
        self.service = False
        self._reader: Reader | None = None

    @property
    def person_id(self) -> int:
        """Whoever is signed in. Raises NotSignedIn for scripts and strangers."""
        return self.signed_in.person_id

    @property
    def signed_in(self) -> SignedIn:
        """Whoever is signed in. Raises NotSignedIn for scripts and strangers."""
        if self.person is None:
            raise NotSignedIn("Please sign in first.")
        return self.person

    @property
    def actor(self) -> Actor:
        """In which capacity this is done, for the audit log."""
        return self._bare_reader().actor(self.action)

    async def reader(self) -> Reader:
        """The reader with their own line, as the access rules want it. Read once a request."""
        if self._reader is None:
            bare = self._bare_reader()
            if bare.person_id is not None:
                bare = await reader_of(self.conn, bare.person_id, bare.roles, self.now.date())
            self._reader = bare
        return self._reader

    def _bare_reader(self) -> Reader:
        if self.person is None:
            return Reader(None, service=self.service)
        return Reader(self.person.person_id, self.person.roles)


class Allow:
    """The declaration of a route: who may call it. As a dependency it answers a `Call`."""

    def __init__(self, action: Action, level: Level = Level.FULL) -> None:
        self.action = action
        self.level = Level.TASK if action is Action.PUBLIC else level

    async def __call__(self, request: Request) -> Call:
        """Refuse whoever may not.

        Raises NotSignedIn (nobody known), Forbidden (not in these roles), FreshSignInNeeded (in
        these roles, but not by the link of a task).
        """
        call = Call(request, await connection(request), instant(request), self.action)
        if has_service_key(request):
            call.service = True
        elif self.action is not Action.PUBLIC:
            call.person = await current_person(request)
            await self._reaches(call, call.person)
        else:
            call.person = await find_person(request)
        reader = Reader(
            call.person.person_id if call.person else None,
            call.person.roles if call.person else frozenset(),
            service=call.service,
        )
        if not may(reader, self.action):
            raise Forbidden("This is not yours to see or do.")
        return call

    async def _reaches(self, call: Call, person: SignedIn) -> None:
        """Refuse what the link of a task does not open, to those who could sign in for it."""
        if person.level is Level.FULL:
            return
        all_roles: frozenset[AccessRole] = call.request.state.all_roles
        if not may(Reader(person.person_id, all_roles), self.action):
            return  # not theirs in any session
        path = call.request.path_params
        reached = self.level is Level.TASK
        if reached and "task_id" in path:
            reached = await _opened(call, person)
        elif reached and path:
            reached = call.request.url.path in person.opens
        if not reached:
            raise FreshSignInNeeded(
                "The link of a task opens that task and your own list. Sign in for everything else."
            )


async def _opened(call: Call, person: SignedIn) -> bool:
    try:
        task_id = UUID(call.request.path_params["task_id"])
    except ValueError:
        return True  # no task has such an id; the route says so
    return await opens_task(call.conn, person.person_id, person.opens, task_id)


class Anybody(Allow):
    """Open to everybody, and nobody is looked up: health, the catalogue of problems."""

    def __init__(self) -> None:
        super().__init__(Action.PUBLIC)

    async def __call__(self, request: Request) -> None:  # type: ignore[override]
        """Nothing to refuse, and no connection taken."""


def anybody() -> Any:
    """Declare a route open: `_: Annotated[None, anybody()]`. It must work without a database."""
    return Depends(Anybody())


def allow(action: Action, level: Level = Level.FULL) -> Any:
    """Declare who may call a route: `call: Annotated[Call, allow(Action.READ_CYCLE)]`.

    `Level.TASK`: also in a session that began with the link of a task, if the route's `task_id`
    is that of such a task; a route without a `task_id` must show nothing but the reader's own list.
    """
    return Depends(Allow(action, level))


class GuardedRoute(TransactionalRoute):
    """A route that cannot exist without saying who may call it. The default is nobody."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        super().__init__(path, endpoint, **options)
        action = declared_action(self.dependant)
        if action is None:
            raise RuntimeError(f"the route {path} does not say who may call it")
        told = {"x-allowed": allowed(action), "x-session": str(declared_level(self.dependant))}
        self.openapi_extra = {**(self.openapi_extra or {}), **told}


def declared_level(dependant: Dependant) -> Level | None:
    """Which session a route declared to need, if anything."""
    for dependency in dependant.dependencies:
        if isinstance(dependency.call, Allow):
            return dependency.call.level
    return None


class UnrecordedRoute(GuardedRoute):
    """A route of raters: requests that succeed are neither counted nor logged (`api.logging`).

    A counter that moves, or a line with its instant, tells that one of those who are asked has
    just written. What fails on our side is recorded under one name for all of these routes.
    """

    unrecorded = True


def declared_action(dependant: Dependant) -> Action | None:
    """What a route declared, if anything."""
    for dependency in dependant.dependencies:
        if isinstance(dependency.call, Allow):
            return dependency.call.action
    return None


def allowed(action: Action) -> list[str]:
    """Who may do something at all: `anybody`, or roles, and `service` for scripts."""
    if action is Action.PUBLIC:
        return ["anybody"]
    service = ["service"] if may(Reader(None, service=True), action) else []
    return [*sorted(ROLES_FOR[action]), *service]


def guarded_routes(routes: Sequence[BaseRoute]) -> list[APIRoute]:
    """Every route of an application, those of included routers too."""
    found: list[APIRoute] = []
    for route in routes:
        included = getattr(route, "original_router", None)
        if included is not None:
            found += guarded_routes(included.routes)
        elif isinstance(route, APIRoute):
            found.append(route)
    return found


def has_service_key(request: Request) -> bool:
    """Whether a script presents the service key. Raises NotSignedIn if it presents a wrong one."""
    header = request.headers.get("authorization")
    if header is None:
        return False
    scheme, _, presented = header.partition(" ")
    expected: str | None = request.app.state.service_key
    if (
        scheme.lower() == "bearer"
        and expected
        and secrets.compare_digest(presented.strip().encode(), expected.encode())
    ):
        return True
    raise NotSignedIn("This service key is not known.")


async def current_person(request: Request) -> SignedIn:
    """Whoever is signed in. Raises NotSignedIn."""
    person = await find_person(request)
    if person is None:
        raise NotSignedIn("Please sign in first.")
    return person


async def find_person(request: Request) -> SignedIn | None:
    """Whoever is signed in, or none. Looked up once a request."""
    if hasattr(request.state, "signed_in"):
        return cast(SignedIn | None, request.state.signed_in)
    person: SignedIn | None = None
    token = session_token(request)
    if token:
        found = await find_session(await connection(request), token, instant(request))
        if found is not None:
            roles = roles_at(found.level, found.roles)
            person = SignedIn(found.person_id, roles, found.zone, found.level, found.opens)
            request.state.all_roles = found.roles
    request.state.signed_in = person
    return person


def session_token(request: Request) -> str | None:
    """The token in the cookie, if there is one."""
    return request.cookies.get(cookie_name(request))


def cookie_name(request: Request) -> str:
    """`__Host-almanac` wherever TLS is used."""
    return SECURE_COOKIE if request.app.state.secure_cookies else PLAIN_COOKIE


def set_session_cookie(request: Request, response: Response, token: str, level: Level) -> None:
    """Give the browser its session: unreadable for scripts, sent to this host only."""
    response.set_cookie(
        cookie_name(request),
        token,
        max_age=int(LIFETIMES[level].total_seconds()),
        path="/",
        secure=request.app.state.secure_cookies,
        httponly=True,
        samesite="lax",
    )


def drop_session_cookie(request: Request, response: Response) -> None:
    """Let the browser forget its session."""
    response.delete_cookie(
        cookie_name(request),
        path="/",
        secure=request.app.state.secure_cookies,
        httponly=True,
        samesite="lax",
    )


CurrentPerson = Annotated[SignedIn, Depends(current_person)]
