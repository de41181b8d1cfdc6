"""The catalogue of problem types: each `type` of an error can be opened."""

from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict

from api.authentication import GuardedRoute, anybody
from api.errors import CATALOGUE
from domain.errors import NotFound

router = APIRouter(prefix="/problems", route_class=GuardedRoute, tags=["problems"])


class ProblemType(BaseModel):
    """What a problem type means. `retryable`: the same request may succeed later as it is."""

    model_config = ConfigDict(frozen=True)

    type: str
    code: str
    title: str
    status: int
    retryable: bool
    meaning: str


@router.get("")
async def catalogue(_: Annotated[None, anybody()]) -> list[ProblemType]:
    """Every type of problem that Almanac answers."""
    return [_type(code) for code in CATALOGUE]


@router.get("/{code}")
async def one(
    _: Annotated[None, anybody()], code: Annotated[str, Path(max_length=50)]
) -> ProblemType:
    """One type of problem."""
    if code not in CATALOGUE:
        raise NotFound("There is no such problem type.")
    return _type(code)


def _type(code: str) -> ProblemType:
    error = CATALOGUE[code]
    return ProblemType(
        type=f"/problems/{code}",
        code=code,
        title=error.title,
        status=int(error.status),
        retryable=error.retryable,
        meaning=(error.__doc__ or "").split("\n\n")[0].replace("\n    ", " "),
    )
