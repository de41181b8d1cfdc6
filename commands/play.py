"""`almanac play`: live a cycle through under skipped time, before anybody gets a mail."""

import asyncio
import contextlib
import json
import logging
import time
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from config import load_settings
from definitions.problems import DefinitionError
from domain.errors import AlmanacError, Invalid
from embedded.postgres import ephemeral_postgres
from embedded.temporal import test_server_binary
from play.expectations import unmet
from play.launching import sentences
from play.moments import ScenarioError
from play.run import Played, Stage
from play.run import play as live
from play.scenario_file import ScenarioFile, read_scenario
from play.table import print_report
from play.world import PlayError, told
from store.base.memory import collect_seldom

CANNOT = 2
FAILED = 1


def play(
    scenario: Annotated[Path, typer.Argument(help="A scenario, see docs/rehearsing.md.")],
    people: Annotated[Path, typer.Option(help="People as for `almanac people`, a CSV file.")],
    as_json: Annotated[
        bool, typer.Option("--json", help="For scripts: JSON and nothing else.")
    ] = False,
    tasks: Annotated[bool, typer.Option(help="Show every task with its dates and changes.")] = True,
    texts: Annotated[bool, typer.Option(help="Show the text of every mail.")] = False,
) -> None:
    """Live a cycle through: every mail, every task, in seconds. Nothing leaves this machine.

    Exit code 1 when an expectation of the scenario does not hold; 2 when it cannot be played, or
    something went wrong in the play (a launch or an event was refused).
    """
    began = time.monotonic()
    collect_seldom()
    _quiet()
    progress = Console(stderr=True, highlight=False)
    try:
        file = read_scenario(scenario)
        with _database() as (url, published):
            played = _watched(file, people, url, published, progress)
    except (ScenarioError, PlayError, AlmanacError) as error:
        for sentence in _sentences(error, people):
            typer.echo(sentence, err=True)
        raise typer.Exit(CANNOT) from None
    except Exception as error:
        typer.echo(f"{scenario}: the play broke off: {told(error)}", err=True)
        raise typer.Exit(CANNOT) from None
    wrong = unmet(file.scenario, played.report, played.zone)
    failed = [f"{file.where(one.place)}: {one.said}" for one in wrong]
    if as_json:
        content = {**played.report.as_json(texts=texts), "unmet": failed}
        typer.echo(json.dumps(content, indent=2, ensure_ascii=False))
    else:
        console = Console(highlight=False)
        print_report(console, played, tasks=tasks, texts=texts)
        unheld = sum(one.expected for one in wrong)
        _print_verdict(console, file, failed, unheld, time.monotonic() - began)
    if any(not one.expected for one in wrong):
        raise typer.Exit(CANNOT)
    if failed:
        raise typer.Exit(FAILED)


def _quiet() -> None:
    """The engine's library logs what it tries again, with tracebacks. What concerns the user of a
    play is said by the play."""
    logging.getLogger("temporalio").addHandler(logging.NullHandler())


@contextlib.contextmanager
def _database() -> Iterator[tuple[str, Mapping[str, str]]]:
    """The configured database if a schema can be made there, else one that is gone afterwards.

    Also the definitions that are published in the configured one, by name. The role of API and
    workers makes no schemas; the owner (ALMANAC_MIGRATION_URL) does.
    """
    settings = load_settings()
    published: Mapping[str, str] = {}
    if settings.database_url is not None:
        url = settings.owned_database().render_as_string(hide_password=False)
        found = asyncio.run(_published(url))
        if found is not None:
            published, makes_schemas = found
            if makes_schemas:
                yield url, published
                return
    with ephemeral_postgres() as server:
        yield server.dsn, published


async def _published(url: str) -> tuple[Mapping[str, str], bool] | None:
    """The newest published versions, and whether this role may make a schema.

    None if the database cannot be reached.
    """
    from sqlalchemy import text
    from sqlalchemy.exc import OperationalError, ProgrammingError

    from store.base.session import Database

    database = Database(url, pool_size=1, application="almanac-play")
    try:
        makes_schemas = False
        async with database.begin() as conn:
            makes_schemas = bool(
                await conn.scalar(
                    text("SELECT has_database_privilege(current_database(), 'CREATE')")
                )
            )
            rows = await conn.execute(
                text(
                    "SELECT DISTINCT ON (definition) definition, source "
                    "FROM definition_versions ORDER BY definition, version DESC"
                )
            )
            return {row.definition: row.source for row in rows}, makes_schemas
    except ProgrammingError:
        return {}, makes_schemas  # nothing was ever published here
    except OperationalError:
        return None
    finally:
        await database.close()


def _watched(
    file: ScenarioFile,
    people: Path,
    url: str,
    published: Mapping[str, str],
    console: Console,
) -> Played:
    """Play, and show on the terminal how far it is."""
    with console.status("Making a world …", spinner="dots") as status:

        def watch(at: datetime) -> None:
            status.update(f"{file.scenario.scenario}: {at:%a %d %b %Y}")

        stage = Stage(url, test_server_binary(), published, watch=watch)
        return asyncio.run(live(file, people, stage))


def _sentences(error: Exception, people: Path) -> Iterator[str]:
    match error:
        case DefinitionError():
            yield str(error)
        case Invalid():
            yield error.detail
            for each in error.problems:
                yield f"{people}:{each.get('row', 1)}: {each.get('column')}: {each['message']}"
        case AlmanacError():
            yield sentences(error)
        case _:
            yield str(error)


def _print_verdict(
    console: Console, file: ScenarioFile, failed: list[str], unheld: int, seconds: float
) -> None:
    expected = len(file.scenario.expect)
    for sentence in failed:
        console.print(f"✗ {sentence}", style="red", soft_wrap=True)
    if expected:
        style = "red" if failed else "green"
        console.print(f"{expected - unheld} of {expected} expectations hold.", style=style)
    console.print(f"Played in {seconds:.1f} s.", style="dim")
