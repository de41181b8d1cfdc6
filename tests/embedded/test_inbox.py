"""The inbox shows what came, and nothing that a mail brings can act."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from embedded.inbox import create_inbox
from embedded.mailbox import Mail, Mailbox

NOW = datetime(2027, 1, 12, 17, tzinfo=UTC)
HOSTILE = "<script>alert(1)</script>"

MAIL = f"""\
From: Almanac <almanac@localhost>
To: nyang@example.com
Subject: {HOSTILE} & more
X-Why: {HOSTILE}
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=outer

--outer
Content-Type: multipart/alternative; boundary=inner

--inner
Content-Type: text/plain; charset=utf-8

Write it: http://127.0.0.1:8000/l/abc?x=1&y=2.
{HOSTILE} javascript:alert(1)
--inner
Content-Type: text/html; charset=utf-8

<html><head><title>x</title></head>
<body><a href="http://127.0.0.1:8000/l/abc">Write it</a></body></html>
--inner--
--outer
Content-Type: text/html; name="../../evil.html"
Content-Disposition: attachment; filename="../../evil.html"

{HOSTILE}
--outer--
""".replace("\n", "\r\n").encode()


@pytest.fixture
def mailbox(tmp_path: Path) -> Mailbox:
    return Mailbox(tmp_path)


@pytest.fixture
def mail(mailbox: Mailbox) -> Mail:
    return mailbox.add(
        MAIL, sender="almanac@localhost", recipients=["nyang@example.com", HOSTILE], now=NOW
    )


@pytest.fixture
def client(mailbox: Mailbox) -> TestClient:
    return TestClient(create_inbox(mailbox))


@pytest.mark.parametrize("part", ["", "?part=text", "?part=headers", "?part=source"])
def test_nothing_of_a_mail_reaches_our_page_unescaped(
    client: TestClient, mail: Mail, part: str
) -> None:
    for path in ("/", f"/mails/{mail.id}{part}"):
        page = client.get(path)
        assert page.status_code == 200
        assert HOSTILE not in page.text
        assert "script-src 'self'" in page.headers["Content-Security-Policy"]
        assert page.headers["Cache-Control"] == "no-store"


def test_a_search_term_is_shown_escaped(client: TestClient, mail: Mail) -> None:
    page = client.get("/", params={"to": f'"{HOSTILE}'})
    assert HOSTILE not in page.text


def test_the_page_of_a_mail_is_sandboxed_twice_and_its_links_open_beside(
    client: TestClient, mail: Mail
) -> None:
    frame = client.get(f"/mails/{mail.id}").text
    assert 'sandbox="allow-popups allow-popups-to-escape-sandbox"' in frame
    page = client.get(f"/mails/{mail.id}/page")
    policy = page.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "sandbox allow-popups allow-popups-to-escape-sandbox" in policy
    assert "allow-scripts" not in policy
    assert '<head><base target="_blank"><title>' in page.text


def test_web_addresses_of_the_text_are_links_and_others_are_not(
    client: TestClient, mail: Mail
) -> None:
    page = client.get(f"/mails/{mail.id}?part=text").text
    link = 'href="http://127.0.0.1:8000/l/abc?x=1&amp;y=2" target="_blank" rel="noopener'
    assert link in page
    assert 'href="javascript:' not in page


def test_an_attachment_is_only_ever_saved(client: TestClient, mail: Mail) -> None:
    answer = client.get(f"/mails/{mail.id}/attachments/0")
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert answer.headers["Content-Disposition"].startswith("attachment; filename*=UTF-8''")
    assert "/" not in answer.headers["Content-Disposition"].split("''")[1]
    assert client.get(f"/mails/{mail.id}/attachments/1").status_code == 404


@pytest.mark.parametrize("path", ["/mails/x", "/mails/..%2f..%2fetc%2fpasswd", "/mails/x/page"])
def test_what_is_not_there_is_404(client: TestClient, path: str) -> None:
    assert client.get(path).status_code == 404


def test_a_foreign_host_name_gets_nothing(client: TestClient, mail: Mail) -> None:
    assert client.get("/", headers={"Host": "evil.example"}).status_code == 400


def test_mails_are_listed_newest_first_by_recipient_and_by_page(
    client: TestClient, mailbox: Mailbox
) -> None:
    for number in range(120):
        mailbox.add(
            f"Subject: Mail {number}\r\n\r\nText {number}\r\n".encode(),
            sender="almanac@localhost",
            recipients=["even@example.com" if number % 2 == 0 else "odd@example.com"],
            now=NOW + timedelta(seconds=number),
        )
    first = client.get("/", params={"to": "EVEN"}).text
    assert first.count("/mails/2") == 50
    assert first.index("Mail 118") < first.index("Mail 116")
    assert "Mail 117" not in first
    older = first.split('class="more"><a href="')[1].split('"')[0].replace("&amp;", "&")
    second = client.get(older).text
    assert second.count("/mails/2") == 10
    assert "Older mails" not in second
    answer = client.get("/mails.json", params={"to": "odd@example.com", "limit": "2"}).json()
    assert answer["count"] == 60
    assert [mail["subject"] for mail in answer["mails"]] == ["Mail 119", "Mail 117"]
    assert answer["mails"][0]["text"] == "Text 119\r\n"


def test_an_empty_inbox_says_what_will_come(client: TestClient) -> None:
    assert "Nothing came yet" in client.get("/").text
    assert "No mail to an address with" in client.get("/?to=nobody").text


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe\x00",
        b"Subject: =?utf-8?q?=ff=fe?=\r\nContent-Type: text/plain; charset=no-such\r\n\r\n\xff",
        b"Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n",
        b"To: <<<>>>, ;:\r\nMessage-ID: <[]@>\r\n\r\ntext",
    ],
)
def test_a_broken_mail_is_shown_as_far_as_it_goes(
    client: TestClient, mailbox: Mailbox, content: bytes
) -> None:
    mail = mailbox.add(content, sender="", recipients=["a@example.com"], now=NOW)
    assert client.get("/").status_code == 200
    for part in ("page", "text", "headers", "attachments", "source"):
        assert client.get(f"/mails/{mail.id}?part={part}").status_code == 200
    assert client.get(f"/mails/{mail.id}/page").status_code == 200
