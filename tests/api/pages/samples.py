"""Every page with invented, lifelike values: for render tests, and to look at.

`python -m tests.api.pages.samples FOLDER` writes each as an HTML file beside its static files.
"""

import shutil
import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

from api.pages.account import views
from api.pages.frame.render import STATIC, render
from api.pages.frame.views import Page, Problem, Visit
from tests.api.pages.sample_comments import comment_pages
from tests.api.pages.sample_feedback import feedback_pages
from tests.api.pages.sample_frame import (
    NOBODY,
    NOW,
    VISIT,
)
from tests.api.pages.sample_hr import hr_pages
from tests.api.pages.sample_nominating import nominating_pages
from tests.api.pages.sample_office import office_pages
from tests.api.pages.sample_rating import rating_pages
from tests.api.pages.sample_reading import reading_pages
from tests.api.pages.sample_tasks import tasks_pages


def _own_address(
    state: Literal["asks", "confirmed", "objected"], *, until: datetime | None
) -> views.OwnAddress:
    return views.OwnAddress(
        title="Your mail address",
        state=state,
        action="/address/abc",
        name="Alexander James",
        old="ajames@example.com",
        new="alexander.james@example.com",
        changed_at=NOW - timedelta(hours=2),
        until=until,
    )


def samples() -> dict[str, tuple[Page, Visit]]:
    """Every page by name, with whoever reads it."""
    doors: dict[str, Page] = {
        "sign-in": views.AskLink(
            title="Sign in",
            email="alex@exampl",
            problems=(Problem("email", "Enter an address like name@company.com"),),
        ),
        "sign-in-sent": views.LinkSent(
            title="Look into your inbox",
            email="ajames@example.com",
            minutes=15,
            inbox="http://127.0.0.1:8025/",
        ),
        "link-ready": views.FollowLink(
            title="Hello Alexander", state="ready", action="/l/abc", name="Alexander"
        ),
        "link-other": views.FollowLink(
            title="For somebody else", state="other_person", here_as="Lex Garcia"
        ),
        "link-outside": views.FollowLink(
            title="Hello Gina Guest",
            state="ready",
            action="/l/abc",
            name="Gina Guest",
            outside=True,
        ),
        "link-closed": views.FollowLink(title="This round has closed", state="round_closed"),
        "link-expired": views.FollowLink(title="Run out", state="expired", email=""),
        "link-revoked": views.FollowLink(title="No longer works", state="revoked"),
        "link-unknown": views.FollowLink(title="Unknown", state="unknown"),
        "address-asks": _own_address("asks", until=NOW + timedelta(hours=70)),
        "address-asks-for-ever": _own_address("asks", until=None),
        "address-confirmed": _own_address("confirmed", until=None),
        "address-objected": _own_address("objected", until=None),
    }
    inside = {
        **tasks_pages(),
        **rating_pages(),
        **reading_pages(),
        **feedback_pages(),
        **nominating_pages(),
        **hr_pages(),
        **office_pages(),
        **comment_pages(),
        "error": views.Refusal(
            title="There is nothing here",
            status=404,
            text="Either it does not exist, or it is not for you to see; we do not tell which.",
            hint="Open the link from your mail once more, or go to your tasks.",
            reference="01J9Z",
        ),
    }
    return {
        **{k: (v, NOBODY) for k, v in doors.items()},
        **{k: (v, VISIT) for k, v in inside.items()},
    }


def main(folder: str) -> None:
    """Write every page, and what it needs, into a folder."""
    target = Path(folder)
    shutil.copytree(STATIC, target / "static", dirs_exist_ok=True)
    for name, (page, visit) in samples().items():
        html = render(page, visit).replace('"/static/', '"static/')
        (target / f"{name}.html").write_text(html, encoding="utf-8")
    sys.stdout.write(f"{len(samples())} pages in {target}\n")


if __name__ == "__main__":
    main(sys.argv[1])
