"""The local inbox: an SMTP server and its pages in one process. `python -m embedded.inbox`.

Mails hold sign-in links, so the pages answer on loopback only, to loopback's names only, and what a
mail brings is shown without scripts, forms or anything fetched from elsewhere.
"""

import argparse
import asyncio
import re
import signal
from datetime import datetime
from pathlib import Path
from urllib.parse import quote, urlencode

import uvicorn
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from api.logging import configure_logging
from embedded.mailbox import Attachment, Contents, Mail, Mailbox
from embedded.ports import LOOPBACK
from embedded.smtp_sink import SmtpSink

PAGES = Path(__file__).parent / "pages"
PAGE_SIZE = 50

_OWN_PAGES = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; "
_OWN_PAGES += "frame-src 'self'; img-src data:; form-action 'self'; base-uri 'none'"
_A_MAIL = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; "
_A_MAIL += "form-action 'none'; sandbox allow-popups allow-popups-to-escape-sandbox"
_WEB_ADDRESS = re.compile(r"https?://[^\s<>\"']*[^\s<>\"'.,;:!?)\]]")


def create_inbox(mailbox: Mailbox) -> Starlette:
    """The pages over a mailbox, and `/mails.json` for scripts."""
    pages = _Pages(mailbox)
    return Starlette(
        routes=[
            Route("/", pages.index),
            Route("/mails.json", pages.listing),
            Route("/mails/{id}", pages.mail),
            Route("/mails/{id}/page", pages.page),
            Route("/mails/{id}/attachments/{number:int}", pages.attachment),
            Route("/inbox.css", lambda _: FileResponse(PAGES / "inbox.css")),
            Route("/inbox.js", lambda _: FileResponse(PAGES / "inbox.js")),
        ],
        middleware=[
            # Another site may point its own name to loopback; it gets nothing here.
            Middleware(TrustedHostMiddleware, allowed_hosts=[LOOPBACK, "localhost", "testserver"])
        ],
    )


class _Pages:
    def __init__(self, mailbox: Mailbox) -> None:
        self._mailbox = mailbox
        self._templates = Environment(
            loader=FileSystemLoader(PAGES), autoescape=True, undefined=StrictUndefined
        )
        self._templates.filters["local"] = _local
        self._templates.filters["linked"] = _linked

    async def index(self, request: Request) -> Response:
        to = request.query_params.get("to", "").strip()
        before = request.query_params.get("before", "")
        found = self._mailbox.newest_first(to=to, before=before, limit=PAGE_SIZE + 1)
        mails = found[:PAGE_SIZE]
        more = len(found) > PAGE_SIZE
        return self._answer(
            "list.html",
            mails=mails,
            to=to,
            here=_address(to),
            older=_address(to, before=mails[-1].id) if more else None,
            count=self._mailbox.count(to=to),
            total=self._mailbox.count(),
        )

    async def listing(self, request: Request) -> Response:
        to = request.query_params.get("to", "").strip()
        text = request.query_params.get("limit", str(PAGE_SIZE))
        limit = min(int(text), 1000) if text.isdecimal() else PAGE_SIZE
        mails = [
            {
                "id": mail.id,
                "received_at": mail.received_at.isoformat(),
                "from": mail.sender,
                "to": mail.recipients,
                "subject": mail.subject,
                "message_id": mail.message_id,
                "text": self._mailbox.open(mail).text,
            }
            for mail in self._mailbox.newest_first(to=to, limit=limit)
        ]
        return JSONResponse({"count": self._mailbox.count(to=to), "mails": mails})

    async def mail(self, request: Request) -> Response:
        mail = self._find(request)
        contents = self._mailbox.open(mail)
        parts = _parts(contents)
        part = request.query_params.get("part", "")
        if part not in {name for name, _ in parts}:
            part = parts[0][0]
        source = self._mailbox.source(mail).decode(errors="replace") if part == "source" else ""
        return self._answer(
            "mail.html", mail=mail, contents=contents, parts=parts, part=part, source=source
        )

    async def page(self, request: Request) -> Response:
        html = self._mailbox.open(self._find(request)).html or ""
        # Links open beside the inbox; the sandbox keeps all else of a mail inside its frame.
        head = re.search(r"<head\b[^>]*>", html, re.IGNORECASE)
        place = head.end() if head else 0
        linked = f'{html[:place]}<base target="_blank">{html[place:]}'
        return HTMLResponse(linked, headers=_guard(_A_MAIL))

    async def attachment(self, request: Request) -> Response:
        attachments = self._mailbox.open(self._find(request)).attachments
        number: int = request.path_params["number"]
        if number >= len(attachments):
            raise HTTPException(404)
        attachment: Attachment = attachments[number]
        name = quote(attachment.name, safe="")
        headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{name}"}
        return Response(
            attachment.content,
            media_type="application/octet-stream",
            headers=headers | _guard(_A_MAIL),
        )

    def _find(self, request: Request) -> Mail:
        mail = self._mailbox.find(request.path_params["id"])
        if mail is None:
            raise HTTPException(404, "There is no such mail.")
        return mail

    def _answer(self, template: str, **values: object) -> HTMLResponse:
        page = self._templates.get_template(template).render(**values)
        return HTMLResponse(page, headers=_guard(_OWN_PAGES))


def _guard(policy: str) -> dict[str, str]:
    return {
        "Content-Security-Policy": policy,
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cache-Control": "no-store",
    }


def _parts(contents: Contents) -> list[tuple[str, str]]:
    parts = [("page", "Page")] if contents.html is not None else []
    if contents.text is not None:
        parts.append(("text", "Plain text"))
    parts.append(("headers", "Headers"))
    if contents.attachments:
        parts.append(("attachments", f"Attachments ({len(contents.attachments)})"))
    return [*parts, ("source", "Source")]


def _address(to: str, before: str = "") -> str:
    query = {name: value for name, value in (("to", to), ("before", before)) if value}
    return f"/?{urlencode(query)}" if query else "/"


def _local(instant: datetime) -> str:
    """In this machine's zone: whoever reads the inbox sits at it."""
    return f"{instant.astimezone():%a %d %b, %H:%M:%S}"


def _linked(text: str) -> Markup:
    """Plain text with its web addresses made links; everything in it escaped."""
    pieces: list[Markup] = []
    end = 0
    for found in _WEB_ADDRESS.finditer(text):
        address = escape(found[0])
        pieces.append(escape(text[end : found.start()]))
        pieces.append(
            Markup('<a href="{0}" target="_blank" rel="noopener noreferrer">{0}</a>').format(
                address
            )
        )
        end = found.end()
    return Markup("").join([*pieces, escape(text[end:])])


async def serve(folder: Path, *, smtp_port: int, port: int) -> None:
    """Run both servers until the process is asked to end."""
    mailbox = Mailbox(folder)
    config = uvicorn.Config(
        create_inbox(mailbox),
        host=LOOPBACK,
        port=port,
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=2,
    )
    async with SmtpSink(mailbox, port=smtp_port):
        await uvicorn.Server(config).serve()


def main() -> None:
    """Read the command line and serve."""
    parser = argparse.ArgumentParser(prog="python -m embedded.inbox")
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--smtp-port", type=int, required=True)
    parser.add_argument("--port", type=int, required=True)
    arguments = parser.parse_args()
    configure_logging()
    # Uvicorn raises the signal that ended it once more; being asked to end is no failure.
    signal.signal(signal.SIGTERM, lambda *_: None)
    asyncio.run(serve(arguments.folder, smtp_port=arguments.smtp_port, port=arguments.port))


if __name__ == "__main__":
    main()
