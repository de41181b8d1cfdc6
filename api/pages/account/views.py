"""The door: ask for a link, follow one."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Literal

from api.pages.frame.views import Page


@dataclass(frozen=True, kw_only=True)
class AskLink(Page):
    """Ask for a sign-in link. `next_path` is where to go afterwards.

    `known`: somebody is here by the link of a task, so that their address need not be typed.
    """

    template: ClassVar[str] = "sign-in.html"
    email: str = ""
    next_path: str = "/"
    key: str = ""
    known: bool = False


@dataclass(frozen=True, kw_only=True)
class LinkSent(Page):
    """Said whether or not the address is known: nobody learns who works here.

    `email` is empty where it was not typed.
    """

    template: ClassVar[str] = "sign-in-sent.html"
    email: str
    minutes: int
    inbox: str = ""  # the local inbox of the one-command stack


LinkState = Literal[
    "ready", "other_person", "expired", "revoked", "used", "held", "round_closed", "unknown"
]


@dataclass(frozen=True, kw_only=True)
class FollowLink(Page):
    """A mailed link was opened. Nothing happens before the button: mail scanners open links.

    `name` is whom the link was sent to; `here_as` is who is signed in on this device.
    `instead` is the field that asks to sign out whoever is here.
    `outside`: it was mailed to somebody outside the company, who has nothing but their links.
    `level` is how far it reaches; `held_until` when a changed address counts by itself.
    """

    template: ClassVar[str] = "link.html"
    state: LinkState
    action: str = ""
    name: str = ""
    here_as: str = ""
    email: str = ""
    outside: bool = False
    instead: str = ""
    level: str = "full"
    held_until: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class OwnAddress(Page):
    """The mail about a changed address was followed; only its buttons change anything."""

    template: ClassVar[str] = "address.html"
    state: Literal["asks", "confirmed", "objected", "settled"]
    action: str = ""
    name: str = ""
    old: str = ""
    new: str = ""
    changed_at: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Refusal(Page):
    """Any error, in plain words: what happened, whether anything was lost, what to do."""

    template: ClassVar[str] = "error.html"
    status: int
    text: str
    hint: str = ""
    reference: str = ""
    sign_in: str = "/sign-in"  # where the way on leads for whoever must sign in first
    new_tab: bool = False  # signing in must not replace the page with what was typed
