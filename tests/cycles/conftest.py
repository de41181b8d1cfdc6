"""Plays for tests: real PostgreSQL, real Temporal under skipped time, the real sender."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Protocol

import pytest

from activities.notifications.smtp import Transport
from embedded.postgres import RunningPostgres
from embedded.temporal import test_server_binary
from play.expectations import unmet
from play.run import Played, Stage, play
from play.scenario_file import read_scenario
from play.world import World

SCENARIOS = Path(__file__).parent / "scenarios"
PEOPLE = SCENARIOS / "people.csv"
DEMO_COMPANY = Path("embedded/demo_company/company.csv")


class Plays(Protocol):
    """Plays a scenario and fails with everything that it expected in vain."""

    async def __call__(
        self,
        scenario: Path,
        people: Path = PEOPLE,
        *,
        connect: Callable[[], Transport] | None = None,
        before_end: Callable[[World], Awaitable[None]] | None = None,
        anew: Callable[[], None] | None = None,
    ) -> Played: ...


@pytest.fixture
def playing(postgres: RunningPostgres) -> Plays:
    """Play a scenario on this process's PostgreSQL."""

    async def playing(
        scenario: Path,
        people: Path = PEOPLE,
        *,
        connect: Callable[[], Transport] | None = None,
        before_end: Callable[[World], Awaitable[None]] | None = None,
        anew: Callable[[], None] | None = None,
    ) -> Played:
        file = read_scenario(scenario)
        where = Stage(
            postgres.dsn, test_server_binary(), connect=connect, before_end=before_end, anew=anew
        )
        played = await play(file, people, where)
        wrong = unmet(file.scenario, played.report, played.zone)
        said = [f"{file.where(one.place)}: {one.said}" for one in wrong]
        assert not said, "\n" + "\n".join(said)
        return played

    return playing
