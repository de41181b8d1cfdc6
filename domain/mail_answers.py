"""What a mail server's refusal is about: one person, one message, or everything we send.

Sources: RFC 5321 (4.2), RFC 3463 (enhanced codes). Only a code that names an address (5.1.x) or a
mailbox (5.2.x) says for certain that a person cannot be reached.
"""

import re
from enum import StrEnum

_ENHANCED = re.compile(r"(?<![\d.])5\.(\d{1,3})\.(\d{1,3})(?![\d.])")

_OF_THE_SENDER = {(1, 7), (1, 8)}
"""5.1.7 and 5.1.8 are about our own address."""

_OF_THE_SERVER = frozenset({500, 502, 503, 504, 521, 523, 530, 534, 535, 538, 554, 555})
"""Unmarked codes that say nothing of a mailbox: syntax, order, rights, "transaction failed"."""


class Step(StrEnum):
    """Where in the dialogue a server refused."""

    HELLO = "hello"
    TLS = "tls"
    SIGN_IN = "sign_in"
    SENDER = "sender"  # MAIL
    RECIPIENT = "recipient"  # RCPT
    MESSAGE = "message"  # DATA and its end


class About(StrEnum):
    """What was refused. `..._OR_SERVER`: the single thing, unless it hits many people."""

    PERSON = "person"
    PERSON_OR_SERVER = "person_or_server"
    MESSAGE_OR_SERVER = "message_or_server"
    SERVER = "server"


def enhanced(answer: str) -> str:
    """The enhanced code of a permanent refusal, such as 5.7.1; empty without one."""
    found = _ENHANCED.search(answer[:40])
    return found[0] if found else ""


def about(step: Step, code: int, answer: str) -> About:
    """What a permanent refusal (5xx) is about.

    Before a recipient was named it is about us. 5.1.x and 5.2.x are about the person. 5.4.x
    (routing: a domain that does not exist, or a server without a way out) and an unmarked refusal
    of a recipient are about the person if they hit few people, about the server if they hit many.
    Everything else (5.3.x, 5.5.x, 5.6.x, 5.7.x, an unmarked refusal of a message) never marks a
    person: it is about this message, or about the server if it hits many.
    """
    if step not in (Step.RECIPIENT, Step.MESSAGE):
        return About.SERVER
    found = _ENHANCED.search(answer[:40])
    if found:
        subject, detail = int(found[1]), int(found[2])
        if subject in (1, 2) and (subject, detail) not in _OF_THE_SENDER:
            return About.PERSON
        if subject == 4 and step is Step.RECIPIENT:
            return About.PERSON_OR_SERVER
        return About.MESSAGE_OR_SERVER
    if step is Step.RECIPIENT and code not in _OF_THE_SERVER:
        return About.PERSON_OR_SERVER
    return About.MESSAGE_OR_SERVER
