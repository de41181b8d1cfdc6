"""A planted name, address and sentence are found in no history, search attribute or log line."""

import logging
from pathlib import Path

import pytest

from play.world import World
from tests.cycles.conftest import SCENARIOS, Plays
from tests.replay.record import histories

NAME = "Quetzalcoatlus"
ADDRESS = "quetzal.planted@example.com"
SENTENCE = "Zanzibar is what I would rather not talk about"


async def test_nothing_planted_leaves_the_facts(
    playing: Plays,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    people = (SCENARIOS / "people.csv").read_text(encoding="utf-8").splitlines()
    header = people[0].split(",")
    planted = people[2].split(",")
    employee = planted[header.index("employee_id")]
    planted[header.index("last_name")] = NAME
    planted[header.index("email")] = ADDRESS
    (tmp_path / "people.csv").write_text(
        "\n".join([people[0], people[1], ",".join(planted), *people[3:]]), encoding="utf-8"
    )
    scenario = tmp_path / "scenario.yaml"
    scenario.write_text(
        f"""
scenario: planted
definition: {SCENARIOS / "self.def.yaml"}
company: {SCENARIOS / "company.yaml"}
launch: 2027-03-02 09:00
everybody: never
events:
  - at: 2027-03-04 15:00
    submit: {{stage: self, about: {employee}, answers: {{results: "{SENTENCE}"}}}}
until: 2027-03-20 12:00
refuse: [{{address: {ADDRESS}, from: 2027-03-10 00:00}}]
""",
        encoding="utf-8",
    )
    recorded: list[str] = []
    facts: list[int] = []

    async def look(world: World) -> None:
        for runs in (await histories(world)).values():
            recorded.extend(runs)
        async with world.database.begin() as conn:
            rows = await conn.exec_driver_sql(
                "SELECT count(*) FROM responses r JOIN people p ON p.id = r.author_id "
                f"WHERE p.last_name = '{NAME}' AND r.answers::text LIKE '%%Zanzibar%%'"
            )
            facts.append(rows.scalar_one())

    with caplog.at_level(logging.DEBUG):
        await playing(scenario, tmp_path / "people.csv", before_end=look)
    said = caplog.text + "".join(capfd.readouterr())
    assert facts == [1], "the sentence is where it belongs"
    assert len(recorded) >= 4
    assert '"advance_stage"' in "".join(recorded), "the histories are readable"
    for planted_word in (NAME, ADDRESS, "Zanzibar"):
        assert not [run for run in recorded if planted_word in run]
        assert planted_word not in said
