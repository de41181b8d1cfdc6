"""The API and the pages as a process: one server, with its limits, for a laptop and production."""

import uvicorn

from api.connection_limits import LimitedProtocol
from config import Settings

DRAIN_SECONDS = 20
"""How long requests that are under way may take to end after SIGTERM."""


def serve(settings: Settings, application: str) -> None:
    """Serve until told to stop. Exits with a code other than 0 if it cannot begin.

    `application` names the function that makes it, as `module:function`; it reads the settings
    from the environment itself, and begins its log.
    """
    uvicorn.run(
        application,
        factory=True,
        host=settings.api_host,
        port=settings.api_port,
        http=LimitedProtocol,
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        forwarded_allow_ips=settings.forwarded_allow_ips,
        timeout_graceful_shutdown=DRAIN_SECONDS,
    )
