"""Recorded histories replay on every build; another order of commands does not."""

from pathlib import Path

import pytest
from temporalio.client import WorkflowHistory
from temporalio.worker import Replayer

from engine.client import data_converter
from tests.replay.changed import ChangedStageWorkflow
from workflows.registry import WORKFLOWS

HISTORIES = Path(__file__).parent / "histories"
RECORDED = sorted(HISTORIES.glob("*.json"))


def _history(path: Path) -> WorkflowHistory:
    return WorkflowHistory.from_json(path.stem, path.read_text(encoding="utf-8"))


def test_every_workflow_has_a_recorded_history() -> None:
    recorded = {path.stem.split("-")[0] for path in RECORDED}
    assert recorded == {workflow.kind.workflow for workflow in WORKFLOWS.values()}


@pytest.mark.parametrize("path", RECORDED, ids=lambda p: p.stem)
async def test_recorded_history_replays(path: Path) -> None:
    replayer = Replayer(workflows=list(WORKFLOWS.values()), data_converter=data_converter())
    result = await replayer.replay_workflow(_history(path), raise_on_replay_failure=False)
    assert result.replay_failure is None, result.replay_failure


async def test_a_planted_change_of_commands_makes_the_replay_fail() -> None:
    replayer = Replayer(workflows=[ChangedStageWorkflow], data_converter=data_converter())
    stages = [path for path in RECORDED if path.stem.startswith("Stage-")]
    assert stages
    for path in stages:
        result = await replayer.replay_workflow(_history(path), raise_on_replay_failure=False)
        assert result.replay_failure is not None, "the change went unnoticed"


@pytest.mark.parametrize("path", RECORDED, ids=lambda p: p.stem)
def test_recorded_history_is_bounded(path: Path) -> None:
    assert len(_history(path).events) < 4096
