"""Peers by rule: everybody gets as many as asked for, and nobody more requests than others."""

from collections import Counter

from sqlalchemy import text

from play.world import World
from tests.cycles.conftest import SCENARIOS, Plays


async def test_requests_are_spread_evenly(playing: Plays) -> None:
    pairs: list[tuple[str, str]] = []

    async def read(world: World) -> None:
        async with world.database.begin() as conn:
            rows = await conn.execute(
                text(
                    "SELECT s.employee_id, p.employee_id FROM raters r "
                    "JOIN people s ON s.id = r.subject_id JOIN people p ON p.id = r.person_id "
                    "WHERE r.state = 'asked'"
                )
            )
            pairs.extend((row[0], row[1]) for row in rows)

    scenario = SCENARIOS / "round" / "by_rule.yaml"
    await playing(scenario, scenario.with_name("people.csv"), before_end=read)
    assert len(pairs) == len(set(pairs)), "nobody is asked twice about the same person"
    about = Counter(subject for subject, _ in pairs)
    assert about == {f"t{n}": 5 for n in range(1, 9)}
    requests = Counter(rater for _, rater in pairs)
    assert max(requests.values()) <= 5, "nobody has more than the load"
    assert min(requests.values()) >= 3, "nobody is spared for others to write more"
    assert not [pair for pair in pairs if pair[0] == pair[1] or pair[1] == "lena"]
