"""The two applications that answer submissions, each behind uvicorn in a process of its own."""

import os
from typing import Any

from fastapi import FastAPI
from pydantic import BaseModel
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from api.app import create_app
from api.logging import configure_logging
from benchmarks.company import NOW
from config import load_settings
from domain.clock import SetClock
from store.base.memory import collect_seldom
from store.base.session import async_url

POOL = 10

BARE_TABLE = """
CREATE TABLE bare_submissions (
    id uuid PRIMARY KEY DEFAULT uuidv7(), task_id uuid NOT NULL, answers jsonb NOT NULL,
    submitted_at timestamptz NOT NULL DEFAULT now())
"""
BARE_INSERT = text(
    "INSERT INTO bare_submissions (task_id, answers) VALUES (:task, CAST(:answers AS jsonb))"
)


def almanac() -> FastAPI:
    """Almanac as it is; its clock stands in the week of the launch."""
    settings = load_settings()
    configure_logging(settings.log_level, settings.log_format)
    collect_seldom()
    return create_app(settings, clock=SetClock(NOW))


class Submitted(BaseModel):
    """What the bare route takes."""

    answers: dict[str, Any]


def bare() -> FastAPI:
    """One route, one INSERT, the same libraries; nobody is asked who they are."""
    app = FastAPI()
    engine = create_async_engine(async_url(os.environ["ALMANAC_DATABASE_URL"]), pool_size=POOL)

    @app.post("/api/tasks/{task_id}/submit")
    async def submit(task_id: str, body: Submitted) -> dict[str, str]:
        answers = body.model_dump_json(include={"answers"})
        async with engine.begin() as conn:
            await conn.execute(BARE_INSERT, {"task": task_id, "answers": answers})
        return {"task_id": task_id}

    return app
