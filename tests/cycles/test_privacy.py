"""A planted name, address and sentence are found where they belong, and nowhere of the engine's.

Histories, workflow ids, search attributes, logs and error texts carry ids, counts and instants.
"""

import base64
import binascii
import contextlib
import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from domain.processes.registry import PROCESSES
from engine.relay import _attributes
from play.processes import CROWD
from play.world import World
from store.engine.processes import ProcessRow
from tests.cycles.conftest import PEOPLE, SCENARIOS, Plays

NAME = "Zwetschgenstein"
ADDRESS = "planted.heron@example.com"
SENTENCE = "The heron was planted in the pond behind the office."
REASON = "Planted by the gardener of this test."
PLANTED = (NAME, ADDRESS, SENTENCE, REASON)

ANSWERS = f'{{results: "{SENTENCE}"}}'

SCENARIO = f"""
scenario: Something planted
definition: {SCENARIOS / "review.def.yaml"}
company: {SCENARIOS / "company.yaml"}
launch: 2027-03-02 09:00
everybody: at once
habits:
  - {{who: ada, does: never}}
  - {{who: gus, does: never}}
  - {{who: mia, does: never}}
  - {{who: hr, does: never}}
events:
  - {{at: 2027-03-03 10:00, draft: {{stage: self, about: ada, answers: {ANSWERS}}}}}
  - {{at: 2027-03-04 10:00, submit: {{stage: self, about: ada, answers: {ANSWERS}}}}}
  - {{at: 2027-03-05 10:00, submit: {{stage: self, about: ada, answers: {ANSWERS}}}}}
  - {{at: 2027-03-08 10:00, excuse: {{stage: manager, about: ada, reason: "{REASON}"}}}}
  - {{at: 2027-03-08 11:00, submit: {{stage: manager, about: dee, answers: {ANSWERS}}}}}
  - {{at: 2027-03-09 10:00, reopen: {{stage: manager, about: ada, reason: "{REASON}"}}}}
  - {{at: 2027-03-10 10:00, remove: {{who: ada, reason: "{REASON}"}}}}
  - {{at: 2027-03-11 10:00, close_stage: {{stage: self, reason: "{REASON}"}}}}
refuse:
  - {{address: {ADDRESS}, from: 2027-03-09 00:00}}
until: 2027-03-25 12:00
expect:
  - refused: {{what: submit, at: 2027-03-05 10:00}}
"""


WHERE_IT_BELONGS = (
    "SELECT answers FROM responses",
    "SELECT detail FROM steering",
    "SELECT email, last_name FROM people",
)


async def test_nothing_planted_reaches_histories_attributes_or_logs(
    playing: Plays,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    people = tmp_path / "people.csv"
    people.write_text(
        PEOPLE.read_text(encoding="utf-8")
        .replace("Ada,Archer", f"Ada,{NAME}")
        .replace("ada@example.com", ADDRESS),
        encoding="utf-8",
    )
    scenario = tmp_path / "planted.yaml"
    scenario.write_text(SCENARIO, encoding="utf-8")
    engine: list[str] = []
    facts: list[str] = []

    async def collect(world: World) -> None:
        engine.extend([text async for text in _engine_texts(world)])
        async with world.database.begin() as conn:
            for query in WHERE_IT_BELONGS:
                facts.append(str((await conn.execute(text(query))).all()))

    with caplog.at_level(logging.DEBUG):
        await playing(scenario, people, before_end=collect)

    for planted in PLANTED:
        assert any(planted in fact for fact in facts), "it is where it belongs"
    assert len(engine) > 100, "histories were exported"
    output = capfd.readouterr()
    logged = [record.getMessage() for record in caplog.records]
    for planted in PLANTED:
        assert not [each for each in engine if planted in each]
        assert not [each for each in logged if planted in each]
        assert planted not in output.out
        assert planted not in output.err


async def _engine_texts(world: World) -> Any:
    """Everything that the engine knows, as text: histories with payloads, ids, attributes."""
    async with world.database.begin() as conn:
        rows = (
            await conn.execute(
                text("SELECT id, kind, cycle_id, stage_id, run_id, failure FROM processes")
            )
        ).all()
    for workflow_id, run in [(row.id, row.run_id) for row in rows] + [(CROWD.id, None)]:
        handle = world.client.get_workflow_handle(workflow_id, run_id=run)
        history = json.loads((await handle.fetch_history()).to_json())
        yield workflow_id
        for each in _texts(history):
            yield each
    for row in rows:
        yield str(row.failure)
        process = ProcessRow(row.id, PROCESSES[row.kind], row.cycle_id, row.stage_id)
        yield str(_attributes(process))


def _texts(value: Any) -> Iterator[str]:
    """Every text of a history; payloads are decoded."""
    match value:
        case dict():
            for each in value.values():
                yield from _texts(each)
        case list():
            for each in value:
                yield from _texts(each)
        case str():
            yield value
            with contextlib.suppress(binascii.Error, UnicodeDecodeError):
                yield base64.b64decode(value, validate=True).decode()
