"""Who am I, signing in and out, and where else I am signed in."""

from typing import Annotated, Literal

from fastapi import APIRouter, Path, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from api.authentication import (
    Call,
    GuardedRoute,
    allow,
    drop_session_cookie,
    session_token,
    set_session_cookie,
)
from api.bodies import Body
from api.errors import NotSignedIn
from api.sign_in import LONGEST_TARGET, ask_for_link, confirm_link, rate_headers
from domain.access import AccessRole, Action, Level
from domain.errors import IllegalState, NotFound
from store.access.links import LinkState, revoke_for_person
from store.access.sessions import (
    OpenSession,
    list_sessions,
    revoke_all,
    revoke_session,
    revoke_token,
)
from store.base.audit import record

router = APIRouter(prefix="/api", route_class=GuardedRoute, tags=["sessions"])

Anyone = Annotated[Call, allow(Action.PUBLIC)]
Own = Annotated[Call, allow(Action.OWN_ACCOUNT)]
Here = Annotated[Call, allow(Action.OWN_ACCOUNT, Level.TASK)]


class AskForLink(Body):
    """The address to mail a link to. `target`: the path to go to afterwards."""

    email: str = Field(min_length=3, max_length=254)
    target: str = Field("/", max_length=LONGEST_TARGET, pattern=r"^/")


class Asked(BaseModel):
    """The answer is the same whether or not the address is known."""

    model_config = ConfigDict(frozen=True)

    status: Literal["asked"] = "asked"


class Confirm(Body):
    """The token of a mailed link."""

    token: str = Field(min_length=10, max_length=200)


class Me(BaseModel):
    """Who is signed in, in which roles today, and in which zone times are shown.

    `session` is how far it reaches; by the link of a task nobody has the rights of a desk.
    """

    model_config = ConfigDict(frozen=True)

    person_id: int
    roles: list[AccessRole]
    zone: str | None
    session: Level


class SignedInNow(BaseModel):
    """Where to go after signing in."""

    model_config = ConfigDict(frozen=True)

    person_id: int
    target: str
    session: Level


class SignedOut(BaseModel):
    """How many browsers were signed out."""

    model_config = ConfigDict(frozen=True)

    sessions: int


@router.get("/me")
async def me(call: Here) -> Me:
    """Who am I."""
    who = call.signed_in
    return Me(person_id=who.person_id, roles=sorted(who.roles), zone=who.zone, session=who.level)


@router.post("/session/link", status_code=202)
async def ask(call: Anyone, request: Request, response: Response, body: AskForLink) -> Asked:
    """Mail me a link to sign in with.

    No `Idempotency-Key`: it is asked before anybody is known to whom a key could belong. While a
    link that was mailed still works, asking again mails no other.
    """
    state = await ask_for_link(request, call.conn, body.email, body.target, call.now)
    response.headers.update(rate_headers(state))
    return Asked()


@router.post("/session")
async def sign_in(call: Anyone, request: Request, response: Response, body: Confirm) -> SignedInNow:
    """Sign in with the token of a mailed link; the session comes as a cookie.

    No `Idempotency-Key`: the link of a task may be used again until it expires, on another device,
    too; it opens that task and the own list (`session` is then `task`). A sign-in link is used
    once.
    """
    link, session = await confirm_link(request, call.conn, body.token, call.now)
    if session is None or link.person_id is None:
        if link.state is LinkState.UNKNOWN:
            raise NotSignedIn("This link is not known.")
        if link.state is LinkState.HELD:
            raise IllegalState(
                "This address has changed, and nobody has confirmed that it is yours.",
                hint="Confirm it from the mail to your former address, or ask HR.",
            )
        raise IllegalState(f"This link is {link.state}.", hint="Ask for a new one.")
    set_session_cookie(request, response, session, link.level)
    return SignedInNow(person_id=link.person_id, target=link.target, session=link.level)


@router.delete("/session")
async def sign_out(call: Here, request: Request, response: Response) -> SignedOut:
    """Sign out of this browser."""
    token = session_token(request)
    if token:
        await revoke_token(call.conn, token, call.now)
    drop_session_cookie(request, response)
    return SignedOut(sessions=1)


@router.get("/sessions")
async def sessions(call: Own, request: Request) -> list[OpenSession]:
    """The browsers in which I am signed in."""
    return await list_sessions(call.conn, call.person_id, call.now, session_token(request))


@router.delete("/sessions")
async def sign_out_everywhere(call: Own, request: Request, response: Response) -> SignedOut:
    """Sign out of every browser; the links in my mails stop working, too."""
    count = await revoke_all(call.conn, call.person_id, call.now)
    await revoke_for_person(call.conn, call.person_id, call.now)
    await record(
        call.conn,
        at=call.now,
        actor=call.actor,
        action="sign_out_everywhere",
        object_type="person",
        object_id=call.person_id,
        after={"sessions": count},
    )
    drop_session_cookie(request, response)
    return SignedOut(sessions=count)


@router.delete("/sessions/{session_id}")
async def end_session(
    call: Own, session_id: Annotated[str, Path(pattern="^[0-9a-f]{16}$")]
) -> SignedOut:
    """Sign out of one other browser."""
    if not await revoke_session(call.conn, call.person_id, session_id, call.now):
        raise NotFound("There is no such session.")
    return SignedOut(sessions=1)
