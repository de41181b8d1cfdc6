"""The language reference, instant by instant: each scenario was computed by hand beforehand.

The scenarios say what is expected and why; a play of each must show it. Each folder has people of
its own, or those of the demo company.
"""

from pathlib import Path

import pytest

from play.world import World
from tests.cycles.conftest import DEMO_COMPANY, SCENARIOS, Plays
from tests.invariants import broken

pytestmark = pytest.mark.timeout(1800)  # a play may have to begin anew

NAMES = sorted(
    str(p.relative_to(SCENARIOS).with_suffix(""))
    for p in SCENARIOS.rglob("*.yaml")
    if ".def" not in p.name and not p.name.startswith("company")
)


@pytest.mark.parametrize("name", NAMES)
async def test_scenario_goes_as_computed_by_hand(name: str, playing: Plays) -> None:
    async def invariants(world: World) -> None:
        async with world.database.begin() as conn:
            assert await broken(conn) == {}

    scenario = Path(SCENARIOS / f"{name}.yaml")
    own = scenario.with_name("people.csv")
    await playing(scenario, own if own.exists() else DEMO_COMPANY, before_end=invariants)
