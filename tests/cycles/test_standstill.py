"""A server that skips time and then does not: the play begins anew and shows nothing of it."""

import pytest
from temporalio.api.testservice.v1 import LockTimeSkippingRequest

from play.world import EngineStandsStill, World, begin
from tests.cycles.conftest import SCENARIOS, Plays

SCENARIO = SCENARIOS / "button.yaml"


def _stand_still(monkeypatch: pytest.MonkeyPatch, beginnings: int) -> list[World]:
    """Let the engine's time stand in the first so many worlds. Returns the worlds, as begun."""
    begun: list[World] = []

    async def begin_locked(world: World) -> None:
        begun.append(world)
        await begin(world)
        if len(begun) <= beginnings:
            await world.client.test_service.lock_time_skipping(LockTimeSkippingRequest())

    monkeypatch.setattr("play.run.begin", begin_locked)
    monkeypatch.setattr("play.world.PATIENCE", 3.0)
    return begun


async def test_a_play_begins_anew(playing: Plays, monkeypatch: pytest.MonkeyPatch) -> None:
    begun = _stand_still(monkeypatch, 1)
    told: list[int] = []
    played = await playing(SCENARIO, anew=lambda: told.append(len(begun)))
    assert told == [1], "whoever keeps mails forgets those of the first beginning"
    assert [world.ended for world in begun] == [False, True]
    assert played.turns == begun[1].turns, "only what happened in the second world counts"


async def test_it_is_given_up_in_the_end(playing: Plays, monkeypatch: pytest.MonkeyPatch) -> None:
    begun = _stand_still(monkeypatch, 10)
    with pytest.raises(EngineStandsStill, match="stands still"):
        await playing(SCENARIO)
    assert len(begun) == 3
