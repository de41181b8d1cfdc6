"""Nobody who walks through the running demo is led astray."""

from collections.abc import Mapping

import pytest
from httpx2 import AsyncClient
from playwright.async_api import async_playwright

from domain.access import ROLES_FOR, AccessRole, Action
from tests.browser.chromium import find_chromium
from tests.browser.conftest import FLAGS
from tests.walk.conftest import ROLES
from tests.walk.demo import Demo
from tests.walk.harmless import HARM
from tests.walk.looking import looker
from tests.walk.routes import Routes
from tests.walk.walker import Walked

pytestmark = pytest.mark.timeout(900)

EVERYBODY = frozenset({AccessRole.PARTICIPANT})
RIGHTS: Mapping[str, frozenset[AccessRole]] = {
    "HR": EVERYBODY | {AccessRole.HR},
    "another HR": EVERYBODY | {AccessRole.HR},
    "Manager": EVERYBODY | {AccessRole.MANAGER},
    "Participant": EVERYBODY,
    "rater": EVERYBODY,
    "Administrator": EVERYBODY | {AccessRole.ADMINISTRATOR, AccessRole.MANAGER},
    "stranger": frozenset(),
}

NOBODY: tuple[str, ...] = ()
READERS = ("HR", "another HR", "Manager", "Participant")
RATERS = ("Participant", "rater")

REACHED_BY: Mapping[str, tuple[tuple[str, ...], str]] = {
    "/feedback/thank-you": (NOBODY, "comes after the last request, which the walk does not answer"),
    "/rounds/{round_id}/raters": (NOBODY, "comes by mail to a subject who has too few raters"),
    "/comment-reviews/{round_id}/{person_id}": (NOBODY, "the demo's rounds hold back no comments"),
    "/people/{person_id}/address": (NOBODY, "no address of the demo refuses mail"),
    "/people/addresses": (NOBODY, "no address of the demo was changed"),
    "/address/{token}": (NOBODY, "no address of the demo was changed"),
    "/tasks/{task_id}/steer/{name}": (("HR", "another HR"), "others are told of what is overdue"),
    "/comment-reviews": (NOBODY, "the demo's rounds hold back no comments"),
    "/reviews/{cycle_id}/{person_id}": (
        ("HR", "another HR", "Participant"),
        "one result is open in the demo; HR reads at any time",
    ),
    "/reviews/{cycle_id}/{person_id}/feedback": (READERS, "there is one report"),
    "/reviews/{cycle_id}/{person_id}/feedback.pdf": (READERS, "there is one report"),
    "/feedback": (RATERS, "one team is asked for feedback"),
    "/feedback/{task_id}": (RATERS, "one team is asked for feedback"),
    "/feedback/{task_id}/decline": (RATERS, "one team is asked for feedback"),
}
"""Pages that in the demo not all reach for whom they are: who does, and why no others."""

NOT_MET: Mapping[str, str] = {
    "/tasks/{task_id}/draft": "sent by a script while somebody types",
    "/tasks/{task_id}/raters/draft": "sent by a script while somebody chooses",
    "/feedback/{task_id}/draft": "sent by a script while somebody types",
    "/tasks/{task_id}/draft/discard": "nobody has lost a task with a draft in it",
    "/tasks/{task_id}/draft/send-on": "nobody has lost a task with a draft in it",
    "/tasks/{task_id}/withdraw": "nobody has submitted a form in the annual cycle",
    "/tasks/{task_id}/release": "the annual cycle is weeks before its release",
    "/tasks/{task_id} go=submit": "an answer on record comes after the release",
    "/tasks/{task_id}/raters go=approve": "no list of the annual cycle waits for approval",
    "/rounds/{round_id}/raters": "nobody has too few raters",
    "/comment-reviews/{round_id}/{person_id}": "the demo's rounds hold back no comments",
    "/feedback/stranger": "nobody of the demo comes from outside",
    "/l/{token}/stranger": "nobody of the demo comes from outside",
    "/people/{person_id}/address": "no address of the demo refuses mail",
    "/people/addresses": "no address of the demo was changed",
    "/people/addresses/try-again": "no address of the demo refuses mail",
    "/address/{token}": "no address of the demo was changed",
    "/company/desks/{change_id}": "no change of a desk waits for a second person",
    "/workflows/{process_id}/retry": "nothing fails in the demo",
    "/workflows/held/{held_id}/clear": "nothing fails in the demo",
}
"""Forms that no page of the demo shows, by route, or by route and button, with the reason."""


@pytest.mark.parametrize("role", ROLES)
def test_every_link_and_every_harmless_form_leads_somewhere(
    walks: Mapping[str, Walked], role: str
) -> None:
    if faults := walks[role].faults:
        pytest.fail("\n".join(map(str, faults)), pytrace=False)


@pytest.mark.parametrize("role", ROLES)
def test_everybody_reaches_every_page_that_is_for_them(
    walks: Mapping[str, Walked], routes: Routes, role: str
) -> None:
    theirs = {path for path, action in routes.pages().items() if _is_for(action, role)}
    elsewhere = {path for path, (roles, _) in REACHED_BY.items() if role not in roles}
    assert theirs - walks[role].routes == theirs & elsewhere


def _is_for(action: Action, role: str) -> bool:
    """Whether a page is for somebody; what is for all is looked at by a stranger."""
    if action is Action.PUBLIC:
        return role == "stranger"
    return bool(ROLES_FOR[action] & RIGHTS[role])


def test_every_form_is_sent_or_spared_for_a_reason(
    walks: Mapping[str, Walked], routes: Routes
) -> None:
    sent = {path for walked in walks.values() for method, path in walked.sent if method == "POST"}
    spared = {harm for walked in walks.values() for harm in walked.spared}
    met = sent | {harm.route for harm in spared}
    not_met = {harm.form for harm in HARM if harm not in spared and harm.route in met}
    assert (routes.pages("POST").keys() - met) | not_met == NOT_MET.keys()


@pytest.mark.parametrize("role", ROLES)
async def test_each_page_stands_in_a_browser_wide_and_narrow(
    demo: Demo, walks: Mapping[str, Walked], clients: Mapping[str, AsyncClient], role: str
) -> None:
    session = clients[role].cookies.get("almanac")
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(
            executable_path=find_chromium(), args=list(FLAGS)
        )
        async with looker(chromium, demo.base, session) as person:
            for paths in walks[role].pages.values():
                await person.look(paths[0])
        await chromium.close()
    if person.faults:
        pytest.fail("\n".join(person.faults), pytrace=False)
