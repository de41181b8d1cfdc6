"""Which page of Almanac stands behind an address: its route, and for whom it is."""

from collections.abc import Sequence
from dataclasses import dataclass

from fastapi.routing import APIRoute

from api.app import create_app
from api.authentication import declared_action, guarded_routes
from config import Settings
from domain.access import Action

NO_PAGES = (
    "/api/",
    "/problems",
    "/livez",
    "/readyz",
    "/healthz",
    "/metrics",
    "/favicon.ico",
    "/static/",
)


@dataclass(frozen=True, slots=True)
class Routes:
    """The routes of pages, in the order in which they are tried."""

    routes: Sequence[APIRoute]

    def of(self, path: str, method: str = "GET") -> str:
        """The route of a path, `/tasks/{task_id}`; the empty string where there is none."""
        for route in self.routes:
            if method in route.methods and route.path_regex.match(path):
                return route.path
        return ""

    def pages(self, method: str = "GET") -> dict[str, Action]:
        """Every page, or every address of a form, and the action for which it asks."""
        found: dict[str, Action] = {}
        for route in self.routes:
            action = declared_action(route.dependant)
            if method in route.methods and not route.path.startswith(NO_PAGES):
                assert action is not None, route.path
                found[route.path] = action
        return found


def registered_routes() -> Routes:
    """The routes of the application as it is started."""
    app = create_app(Settings(database_url="postgresql://nobody@127.0.0.1:1/none"))
    return Routes(guarded_routes(app.router.routes))
