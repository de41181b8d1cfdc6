"""The contract as OpenAPI: what the code says, plus the problems that every route can answer."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from api.errors import CATALOGUE, MEDIA_TYPE
from api.idempotency import HEADER as IDEMPOTENCY_KEY
from store.base.command_keys import KEY_PATTERN

DESCRIPTION = """
Review cycles that run themselves. Errors are problems (RFC 9457) with stable types, listed under
`/problems`. Lists are paged by cursor (`Link: rel="next"`). Commands may carry an
`Idempotency-Key`: sent again, they have one effect and get the same answer. Who may call a route
stands in its `x-allowed` (roles; scripts with the service key count as `service`).
"""

_WITHOUT_KEY = ("/api/session", "/api/session/link", "/api/definitions/validate")
"""Posts that are no commands: asking twice is meant."""

_NOT_REMEMBERED = "/api/feedback-requests/"
"""What raters do is never remembered under a key: that would keep who wrote what, and when."""

_FIELD_PROBLEM: dict[str, Any] = {
    "type": "object",
    "description": "One thing that is wrong; further members say where.",
    "properties": {"message": {"type": "string"}, "code": {"type": "string"}},
    "required": ["message"],
}

_PROBLEM: dict[str, Any] = {
    "type": "object",
    "title": "Problem",
    "description": "What went wrong (RFC 9457). Some types add members of their own.",
    "properties": {
        "type": {"type": "string", "enum": [f"/problems/{code}" for code in CATALOGUE]},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string", "enum": list(CATALOGUE)},
        "retryable": {"type": "boolean"},
        "hint": {"type": "string"},
        "request_id": {"type": "string"},
        "problems": {"type": "array", "items": _FIELD_PROBLEM},
    },
    "required": ["type", "title", "status", "detail", "code", "retryable"],
}


def install(app: FastAPI) -> None:
    """Let the application describe itself in this way. Computed once, at the first request."""

    def describe() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _described(app)
        return app.openapi_schema

    app.openapi = describe  # type: ignore[method-assign]


def _described(app: FastAPI) -> dict[str, Any]:
    schema = get_openapi(
        title=app.title, version=app.version, description=DESCRIPTION, routes=app.routes
    )
    components = schema.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    for replaced in ("HTTPValidationError", "ValidationError"):
        schemas.pop(replaced, None)
    schemas["Problem"] = _PROBLEM
    components["responses"] = {name: _response(status) for status, name in _responses().items()}
    components["securitySchemes"] = {
        "session": {"type": "apiKey", "in": "cookie", "name": "__Host-almanac"},
        "service": {"type": "http", "scheme": "bearer"},
    }
    for path, operations in schema["paths"].items():
        for method, operation in operations.items():
            _complete(path, method, operation)
    return schema


def _complete(path: str, method: str, operation: dict[str, Any]) -> None:
    responses = operation["responses"]
    for status, name in _responses().items():
        if str(status) == "422" or str(status) not in responses:
            responses[str(status)] = {"$ref": f"#/components/responses/{name}"}
    if path.startswith("/api") and path not in ("/api/session", "/api/session/link"):
        operation["security"] = [{"session": []}, {"service": []}]
    remembered = path not in _WITHOUT_KEY and not path.startswith(_NOT_REMEMBERED)
    if method in ("post", "put") and remembered:
        operation.setdefault("parameters", []).append(
            {
                "name": IDEMPOTENCY_KEY,
                "in": "header",
                "required": False,
                "schema": {"type": "string", "pattern": KEY_PATTERN},
            }
        )


def _responses() -> dict[int, str]:
    return {int(error.status): f"Problem{int(error.status)}" for error in CATALOGUE.values()}


def _response(status: int) -> dict[str, Any]:
    codes = [error for error in CATALOGUE.values() if int(error.status) == status]
    described = "; ".join(f"`{error.code}`: {error.title}" for error in codes)
    return {
        "description": described,
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
