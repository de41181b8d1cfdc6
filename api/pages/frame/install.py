"""Puts the pages into the application: routes, static files, and errors as pages."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, FastAPI, Response

from api.authentication import GuardedRoute, anybody
from api.pages.account import changed_addresses, sign_in
from api.pages.cycles import cycles, first_minutes, launch, new_cycle, reviewers, steering, tasks
from api.pages.cycles import people as cycle_people
from api.pages.frame import refusals
from api.pages.frame.render import STATIC
from api.pages.kinds.feedback_round import comment_review, nominating, rating
from api.pages.kinds.feedback_round import report as feedback_report
from api.pages.office import (
    addresses,
    company,
    definitions,
    ledgers,
    people,
    people_import,
    workflows,
)
from api.pages.tasks import explaining, my_tasks, reviews, team
from domain.errors import NotFound

IMPORT = "/people/import"
"""The one page that takes a large body: a people file, and the same once more, as text."""

TYPES = {
    "almanac.css": "text/css; charset=utf-8",
    "feedback-report.css": "text/css; charset=utf-8",
    "almanac.js": "text/javascript; charset=utf-8",
    "raters.js": "text/javascript; charset=utf-8",
    "almanac.svg": "image/svg+xml",
}

ROUTERS = (
    sign_in.router,
    my_tasks.router,
    rating.router,
    nominating.router,
    explaining.router,
    feedback_report.router,
    reviews.router,
    comment_review.router,
    team.router,
    launch.router,
    reviewers.router,
    new_cycle.router,
    cycles.router,
    cycle_people.router,
    tasks.router,
    first_minutes.router,
    steering.router,
    definitions.router,
    people.router,
    people_import.router,
    addresses.router,
    changed_addresses.router,
    company.router,
    ledgers.router,
    workflows.router,
)


def install(app: FastAPI) -> None:
    """Add every page to the application."""
    for router in ROUTERS:
        app.include_router(router)
    app.include_router(_static())
    app.state.error_page = refusals.error_page


def _static() -> APIRouter:
    """A few small files, read once. Their addresses change with their content."""
    router = APIRouter(route_class=GuardedRoute, include_in_schema=False)
    files = {name: (STATIC / name).read_bytes() for name in TYPES}

    @router.get("/static/{name}")
    async def static(_: Annotated[None, anybody()], name: str) -> Response:
        """A file that every page needs."""
        if name not in files:
            raise NotFound("There is no such file.")
        headers = {"Cache-Control": "public, max-age=31536000, immutable"}
        return Response(files[name], int(HTTPStatus.OK), headers, TYPES[name])

    @router.get("/favicon.ico")
    async def icon(_: Annotated[None, anybody()]) -> Response:
        """The icon, for browsers that ask without being told."""
        headers = {"Cache-Control": "public, max-age=86400"}
        return Response(files["almanac.svg"], int(HTTPStatus.OK), headers, TYPES["almanac.svg"])

    return router
