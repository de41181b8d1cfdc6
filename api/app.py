"""The API and the pages as one ASGI application. `almanac serve` serves it, within limits."""

import hashlib
import hmac
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import APIRouter, FastAPI, Response
from starlette.middleware import Middleware

from api import errors, health, openapi
from api.authentication import Call, GuardedRoute, allow
from api.body_limit import BodyLimit
from api.compression import Compression
from api.csrf import CrossSiteGuard
from api.logging import RequestLog, configure_logging
from api.metrics import Metrics
from api.pages.frame import install as pages
from api.routes import (
    comment_reviews,
    cycles,
    definitions,
    feedback_reports,
    feedback_requests,
    nominations,
    notifications,
    participants,
    people,
    problems,
    session,
    steering,
    task_steering,
    tasks,
    trust,
    workflows,
)
from api.security_headers import SecurityHeaders
from config import Settings, load_settings
from domain.access import Action
from domain.clock import Clock, SystemClock
from store.base.memory import collect_seldom
from store.base.session import Database
from store.launch.first_mail import MakesFirstMail

LARGEST_BODY = 2_000_000
"""Bytes; only a people file may be larger."""

LARGER = {people.IMPORT: people.LARGEST_FILE, pages.IMPORT: 2 * people.LARGEST_FILE}
"""What people files may have; a page sends one once more, as text."""

ROUTERS = (
    tasks.router,  # first: routes are tried in order, and nothing is asked as often
    health.router,
    problems.router,
    session.router,
    definitions.router,
    cycles.router,
    feedback_requests.router,
    steering.router,
    participants.router,
    task_steering.router,
    nominations.router,
    comment_reviews.router,
    feedback_reports.router,
    people.router,
    trust.router,
    notifications.router,
    workflows.router,
)


def create_app(
    settings: Settings | None = None,
    *,
    clock: Clock | None = None,
    database: Database | None = None,
    first_mails: MakesFirstMail | None = None,
) -> FastAPI:
    """Build the application. Without `settings` they are read from the environment.

    `clock` says what time it is at this edge; tests and rehearsals give another. A `database` that
    is given is not closed at the end. `first_mails` words the first mail of a launch check, which
    shows none without it. Raises SettingsError.
    """
    if settings is None:
        settings = load_settings()
        configure_logging(settings.log_level, settings.log_format)
        collect_seldom()
    own = database is None
    pool = database or Database(
        settings.database(),
        pool_size=settings.database_pool_size,
        application="almanac-api",
        seal_keys=settings.seal_keys,
        audit_key=settings.signing_key,
    )

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        if own:
            await pool.close()

    metrics = Metrics()
    https = settings.public_url.startswith("https://")
    app = FastAPI(
        title="Almanac",
        version="1",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
        middleware=[
            Middleware(RequestLog, metrics=metrics),
            Middleware(SecurityHeaders, https=https),
            Middleware(Compression),
            Middleware(CrossSiteGuard),
            Middleware(BodyLimit, most=LARGEST_BODY, limits=LARGER),
        ],
    )
    app.state.settings = settings
    app.state.database = pool
    app.state.first_mails = first_mails
    app.state.clock = clock or SystemClock()
    app.state.metrics = metrics
    app.state.secure_cookies = https
    app.state.service_key = (
        settings.service_key.get_secret_value() if settings.service_key else None
    )
    app.state.cursor_secret = _cursor_secret(settings, pool)
    app.state.error_page = None  # the pages set it
    errors.install(app)
    openapi.install(app)
    for router in ROUTERS:
        app.include_router(router)
    app.include_router(_about(app))
    pages.install(app)
    return app


def _cursor_secret(settings: Settings, database: Database) -> bytes:
    """The same in all API processes of an installation, and known to nobody outside."""
    key = settings.service_key.get_secret_value() if settings.service_key else ""
    address = database.url.render_as_string(hide_password=False)
    return hmac.new(key.encode(), f"cursors {address}".encode(), hashlib.sha256).digest()


def _about(app: FastAPI) -> APIRouter:
    """The contract and the figures, for those who may see them."""
    router = APIRouter(route_class=GuardedRoute, tags=["about"])

    @router.get("/api/openapi.json", include_in_schema=False)
    async def contract(_: Annotated[Call, allow(Action.READ_CONTRACT)]) -> object:
        """The OpenAPI description."""
        return app.openapi()

    @router.get("/metrics", include_in_schema=False)
    async def figures(call: Annotated[Call, allow(Action.METRICS)]) -> Response:
        """Figures for Prometheus."""
        body = await app.state.metrics.expose(call.conn, call.now)
        return Response(body, media_type="text/plain; version=0.0.4; charset=utf-8")

    return router
