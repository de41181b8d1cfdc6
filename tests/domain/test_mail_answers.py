"""What a refusal is about: only an address or a mailbox that is named marks a person."""

import pytest

from domain.mail_answers import About, Step, about, enhanced

RECIPIENT, MESSAGE = Step.RECIPIENT, Step.MESSAGE


@pytest.mark.parametrize(
    ("step", "code", "answer", "expected"),
    [
        (RECIPIENT, 550, "5.1.1 No such mailbox", About.PERSON),
        (RECIPIENT, 550, "5.1.10 RESOLVER.ADR.RecipientNotFound", About.PERSON),
        (RECIPIENT, 552, "5.2.2 Mailbox full", About.PERSON),
        (MESSAGE, 550, "5.1.1 No such mailbox", About.PERSON),
        (RECIPIENT, 553, "5.1.8 Sender domain does not exist", About.MESSAGE_OR_SERVER),
        (RECIPIENT, 554, "5.7.1 Relay access denied", About.MESSAGE_OR_SERVER),
        (RECIPIENT, 550, "5.7.54 SMTP; unable to relay", About.MESSAGE_OR_SERVER),
        (RECIPIENT, 550, "5.3.2 System not accepting mail", About.MESSAGE_OR_SERVER),
        (RECIPIENT, 503, "5.5.1 Bad sequence", About.MESSAGE_OR_SERVER),
        (MESSAGE, 554, "5.6.0 Content", About.MESSAGE_OR_SERVER),
        (RECIPIENT, 550, "5.4.1 Recipient address rejected", About.PERSON_OR_SERVER),
        (MESSAGE, 550, "5.4.1 No route", About.MESSAGE_OR_SERVER),
        (RECIPIENT, 550, "no such user", About.PERSON_OR_SERVER),
        (RECIPIENT, 553, "mailbox name not allowed", About.PERSON_OR_SERVER),
        (RECIPIENT, 530, "Authentication required", About.MESSAGE_OR_SERVER),
        (RECIPIENT, 554, "no", About.MESSAGE_OR_SERVER),
        (RECIPIENT, 550, "no route to 10.5.1.1 from here", About.PERSON_OR_SERVER),
        (MESSAGE, 550, "spam", About.MESSAGE_OR_SERVER),
        (Step.SENDER, 550, "5.1.1 whatever", About.SERVER),
        (Step.HELLO, 550, "5.7.1 go away", About.SERVER),
        (Step.SIGN_IN, 535, "5.7.8 no", About.SERVER),
        (Step.TLS, 502, "", About.SERVER),
    ],
)
def test_a_refusal_is_about(step: Step, code: int, answer: str, expected: About) -> None:
    assert about(step, code, answer) is expected


def test_the_enhanced_code_is_read_where_one_stands() -> None:
    assert enhanced("5.7.1 <a@b.example>: denied") == "5.7.1"
    assert enhanced("no such user") == ""
