"""`almanac definitions`: validate, preview and publish cycle definitions."""

import json
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from commands.connection import read_file, run
from definitions import shipped
from definitions.calendar import Calendars, PersonProfile
from definitions.company import Company
from definitions.json_schema import company_schema, definition_schema
from definitions.launch_dates import next_launch
from definitions.lint import lint
from definitions.loader import Parsed, parse_company, parse_definition
from definitions.preview import as_table, person_timeline
from definitions.problems import DefinitionError, Problem, Severity, as_json, explain_all
from definitions.runnable import runnable
from definitions.spans import EARLIEST_PERIOD, LAST_DAY, LONGEST_PLAN
from domain.access import SERVICE
from domain.clock import SystemClock
from store.changes.people_bells import people_changed
from store.definitions.previews import Previewed, previewed_person
from store.definitions.versions import DefinitionVersion
from store.definitions.versions import publish as publish_version
from store.people.company import company as saved_company

app = typer.Typer(no_args_is_help=True)

CompanyFile = Annotated[
    Path | None, typer.Option("--company", help="A company file, instead of the demo company's.")
]


class Schema(StrEnum):
    """Which schema to print."""

    DEFINITION = "definition"
    COMPANY = "company"


@app.callback()
def definitions() -> None:
    """Validate, preview and publish cycle definitions."""


@app.command()
def validate(
    files: Annotated[list[Path], typer.Argument(help="Definitions, YAML.")],
    company: CompanyFile = None,
    json_: Annotated[bool, typer.Option("--json", help="For scripts.")] = False,
) -> None:
    """Say everything that is wrong with definitions, and what may not do what was meant.

    Exit code 1 if one of them cannot be published.
    """
    settings = _company(company)
    found: list[Problem] = []
    for file in files:
        problems, text = _problems(file, settings)
        found += problems
        if json_:
            continue
        if problems:
            typer.echo(explain_all(problems, text))
        else:
            typer.echo(f"{file}: nothing is wrong with it.")
    if json_:
        typer.echo(json.dumps([as_json(problem) for problem in found], indent=2))
    if any(problem.severity is Severity.ERROR for problem in found):
        raise typer.Exit(1)


@app.command()
def schema(
    which: Annotated[Schema, typer.Argument(help="definition or company")] = Schema.DEFINITION,
) -> None:
    """Print the JSON Schema that editors use for completion."""
    content = definition_schema() if which is Schema.DEFINITION else company_schema()
    typer.echo(json.dumps(content, indent=2, ensure_ascii=False))


@app.command()
def preview(
    file: Annotated[Path, typer.Argument(help="A definition, YAML.")],
    for_: Annotated[
        str | None,
        typer.Option("--for", help="An employee id or mail address; absent: the company's days."),
    ] = None,
    launch: Annotated[
        str | None, typer.Option(help="The launch date, YYYY-MM-DD; absent: the next one.")
    ] = None,
    hired: Annotated[
        str | None, typer.Option(help="A hire date, where the cycle counts from it.")
    ] = None,
    company: CompanyFile = None,
) -> None:
    """Draw the timeline that one person would have.

    With --for, people and company are those of the database.
    """
    parsed = _parsed(file)
    today = SystemClock().now().date()
    person = None
    if for_ is not None:
        person = run(_previewing(for_, today))
    settings = person.company if person and company is None else _company(company)
    day = _date(launch, "--launch") if launch else None
    hire_date = _date(hired, "--hired") if hired else person.hire_date if person else today
    calendars = _calendars(settings, today, day or today, hire_date)
    definition = parsed.definition
    if day is None and definition.launch.every != "hire":
        day = next_launch(definition, today, calendars.company()) or today
    default = PersonProfile(calendar=settings.calendar, zone=str(settings.zone))
    profiles = person.profiles if person else {"subject": default}
    rows = person_timeline(definition, day, calendars, profiles, hire_date)
    begins = f"hired {hire_date}" if definition.launch.every == "hire" else f"launched {day}"
    console = Console()
    whose = person.name if person else "somebody with the company's calendar"
    console.print(f"{definition.title}, {begins}, for {whose}\n", markup=False, highlight=False)
    console.print(as_table(rows))


@app.command()
def publish(
    files: Annotated[list[Path], typer.Argument(help="Definitions, YAML.")],
) -> None:
    """Publish definitions as their next versions: all of them or none.

    What the latest version says already is not published again.
    """
    parsed = [_parsed(file) for file in files]

    async def act(conn: Any) -> list[DefinitionVersion]:
        now = SystemClock().now()
        versions = [
            await publish_version(conn, each, source=each.text, actor=SERVICE, now=now)
            for each in parsed
        ]
        await people_changed(conn)  # the launch calendar plans what recurs
        return versions

    for version in run(act):
        done = "published" if version.created else "is published already"
        typer.echo(f"{version.definition} version {version.version} {done}.")


def _problems(file: Path, settings: Company) -> tuple[list[Problem], str]:
    """Errors, or, where there are none, what lint says."""
    source = read_file(file)
    try:
        parsed = parse_definition(source, str(file))
    except DefinitionError as error:
        return list(error.found), error.text
    since = SystemClock().now().date()
    found = lint(parsed.definition, settings, since=since, document=parsed.document)
    return [*runnable(parsed.definition, parsed.document), *found], parsed.text


def _parsed(file: Path) -> Parsed:
    try:
        return parse_definition(read_file(file), str(file))
    except DefinitionError as error:
        typer.echo(explain_all(error.found, error.text), err=True)
        raise typer.Exit(1) from None


def _company(file: Path | None) -> Company:
    if file is None:
        return shipped.company()
    try:
        return parse_company(read_file(file), str(file))
    except DefinitionError as error:
        typer.echo(explain_all(error.found, error.text), err=True)
        raise typer.Exit(1) from None


def _previewing(who: str, today: date) -> Any:
    async def act(conn: Any) -> Previewed:
        return await previewed_person(conn, await saved_company(conn), who, today)

    return act


def _calendars(settings: Company, *days: date) -> Calendars:
    """The calendars of every year that a plan from one of these days may touch."""
    return Calendars.freeze(
        settings,
        min(day.year for day in days) - 1,
        max(day.year for day in days) + LONGEST_PLAN.amount + 1,
    )


def _date(written: str, option: str) -> date:
    try:
        day = date.fromisoformat(written)
    except ValueError:
        raise typer.BadParameter(f"{option} {written!r} is no date; write YYYY-MM-DD.") from None
    if not EARLIEST_PERIOD <= day <= LAST_DAY:
        reach = f"{EARLIEST_PERIOD} to {LAST_DAY}"
        raise typer.BadParameter(f"{option} {written} is out of reach; {reach}.")
    return day
