"""`almanac seal open`: break the seal of one rater's answer, openly.

For the case in which somebody is threatened, or a court asks. There is no page and no route for
it: who can do this can read the database anyway, and this way leaves a trace.
"""

import json
import os
import pwd
import socket
from collections.abc import Mapping
from typing import Annotated, Any
from uuid import UUID

import typer
from sqlalchemy.ext.asyncio import AsyncConnection

from commands.connection import run, run_with
from domain.access import Actor
from domain.clock import SystemClock
from store.base.session import Database
from store.kinds.feedback_round.breaking import Opened, break_seal
from store.kinds.feedback_round.keeping_keys import give_up_lost

app = typer.Typer(no_args_is_help=True)

CONSEQUENCE = (
    "While a round is open, answers are sealed, and only their authors open them.\n"
    "Opening one is told to the HR desk by mail, with your account and the time, and stays in\n"
    "the audit log with your reason. Both happen before anything is shown, and cannot be undone."
)


GIVING_UP = (
    "What raters have written in rounds that are open can then never be read any more. They are\n"
    "asked to write again. If the folder exists somewhere, mount it instead: nothing is lost then."
)


@app.callback()
def seal() -> None:
    """Open one sealed answer of a round that is open, or give up lost keys. HR is told."""


@app.command("open")
def open_(
    task: Annotated[UUID, typer.Argument(help="The rater's task, as in the address of its page.")],
    because: Annotated[
        str, typer.Option(help="Why, in a sentence. It is kept and HR reads it: name nobody.")
    ],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask again.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON only.")] = False,
) -> None:
    """Show what one rater has written so far, for a stated reason."""
    if not yes:
        typer.echo(CONSEQUENCE, err=True)
        typer.confirm("Open it?", abort=True, err=True)
    account = _account()
    now = SystemClock().now()

    async def act(database: Database) -> Opened:
        actor = Actor(None, "administrator")
        return await break_seal(database, task, actor, because, now=now, account=account)

    opened = run_with(act)
    if as_json:
        written = {"task": str(task), "answers": opened.answers, "draft": opened.draft}
        typer.echo(json.dumps(written, indent=2, ensure_ascii=False))
        return
    typer.echo(f"Opened by {account} on {now:%Y-%m-%d at %H:%M} UTC. HR is told by mail, and")
    typer.echo("the audit log holds the entry.")
    for heading, answers in (("Submitted", opened.answers), ("Not submitted", opened.draft)):
        typer.echo(f"\n{heading}")
        for line in _lines(answers, opened.questions):
            typer.echo(f"  {line}")


@app.command("lost")
def lost(
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask again.")] = False,
) -> None:
    """Give up a lost folder of seal keys: raters of rounds that are open are asked again."""
    if not yes:
        typer.echo(GIVING_UP, err=True)
        typer.confirm("Is the folder gone for good?", abort=True, err=True)
    now = SystemClock().now()

    async def act(conn: AsyncConnection) -> None:
        await give_up_lost(conn, Actor(None, "administrator"), now=now)

    run(act)
    typer.echo("The new folder is known now. Within a minute the workers look for lost keys;")
    typer.echo("raters whose answers cannot be read any more are asked again, and HR is told.")


def _lines(answers: Mapping[str, Any] | None, questions: Mapping[str, str]) -> list[str]:
    if not answers:
        return ["Nothing."]
    lines: list[str] = []
    for question, answer in answers.items():
        lines.append(questions.get(question, question))
        said = answer if isinstance(answer, str) else json.dumps(answer, ensure_ascii=False)
        lines += [f"  {line}" for line in said.splitlines() or [""]]
    return lines


def _account() -> str:
    """Who is at this machine: what the system says, not what the environment does."""
    user = os.getuid()
    try:
        name = pwd.getpwuid(user).pw_name
    except KeyError:  # a container may run as a number only
        name = str(user)
    return f"{name}@{socket.gethostname()}"
