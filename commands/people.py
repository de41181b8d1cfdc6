"""`almanac people`: bring people and reporting lines to what a file says."""

import json
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer

from commands.connection import read_file, run
from domain.access import SERVICE
from domain.clock import SystemClock
from domain.errors import Invalid, NotFound
from store.access.address_changes import confirm_on_the_machine
from store.changes.people_import import ImportResult, import_people
from store.mail.refused_addresses import TriedAgain, try_again
from store.people.file_columns import ColumnMapping, parse_mapping

app = typer.Typer(no_args_is_help=True)

SHOWN = 12
"""So many employee ids are listed; the others are counted."""


@app.callback()
def people() -> None:
    """Import people and reporting lines; try addresses again that refused mail."""


@app.command("try-again")
def try_addresses_again() -> None:
    """Try every address again to which mail was refused; what was missed goes out."""
    now = SystemClock().now()

    async def act(conn: Any) -> TriedAgain:
        return await try_again(conn, SERVICE, now)

    tried = run(act)
    typer.echo(f"{tried.people} addresses are tried again; {tried.items} items are queued.")


@app.command("import")
def import_file(
    file: Annotated[Path, typer.Argument(help="A CSV file with headings.")],
    mapping: Annotated[
        Path | None, typer.Option(help="YAML: `field: heading`, where the headings differ.")
    ] = None,
    effective: Annotated[
        str | None, typer.Option(help="The day from which new managers hold, YYYY-MM-DD.")
    ] = None,
    leavers: Annotated[
        bool, typer.Option("--leavers", help="Mark people who are not in the file as left.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would change.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="For scripts.")] = False,
) -> None:
    """Import a CSV file: all of it, or nothing and every problem with its row."""
    now = SystemClock().now()
    on = _date(effective) if effective else now.date()
    data = read_file(file)

    async def act(conn: Any) -> ImportResult:
        return await import_people(
            conn,
            data,
            mapping=columns,
            effective_on=on,
            actor=SERVICE,
            now=now,
            missing="leave" if leavers else "report",
            dry_run=dry_run,
        )

    try:
        columns = _mapping(mapping)
        result = run(act)
    except Invalid as refused:
        _refuse(refused, as_json=as_json)
        raise typer.Exit(1) from None
    if as_json:
        typer.echo(json.dumps(result.as_dict(), indent=2))
        return
    for line in summary(result):
        typer.echo(line)


@app.command("confirm-address")
def confirm_address(
    employee_id: Annotated[str, typer.Argument(help="Whose changed address counts from now on.")],
) -> None:
    """Let a changed address count where nobody else can say whose it is. It is written down."""

    async def act(conn: Any) -> None:
        await confirm_on_the_machine(conn, employee_id, SERVICE, SystemClock().now())

    try:
        run(act)
    except NotFound as missing:
        typer.echo(f"almanac: {missing.detail}", err=True)
        raise typer.Exit(1) from None
    typer.echo("They can sign in by the new address from now on.")


def summary(result: ImportResult) -> list[str]:
    """What an import did, in lines for a terminal."""
    done = "would be" if result.dry_run else "were"
    lines = [
        f"{result.rows} rows read ({result.encoding}, columns separated by {result.delimiter!r}).",
        f"{len(result.new)} people {done} added, {len(result.changed)} changed,"
        f" {result.unchanged} are as they were.",
    ]
    read = ", ".join(f"{heading} as {name}" for name, heading in result.columns.items())
    lines.append(f"Columns read: {read}.")
    if result.ignored:
        lines.append(f"Columns not read: {', '.join(result.ignored)}.")
    for warning in result.warnings:
        place = f"Row {warning.row}, {warning.column}: " if warning.row else ""
        lines.append(f"{place}{warning.message} {warning.hint}".rstrip())
    named = (
        (result.manager_changes, f"report to somebody else from {result.effective_on}"),
        (result.returned, "are back"),
        (result.left, "are marked as left"),
        (result.missing, "are in the company and not in the file; nothing was changed for them"),
    )
    for ids, what in named:
        if ids:
            more = f" and {len(ids) - SHOWN} more" if len(ids) > SHOWN else ""
            lines.append(f"{len(ids)} {what}: {', '.join(ids[:SHOWN])}{more}.")
    return lines


def _mapping(path: Path | None) -> ColumnMapping | None:
    if path is None:
        return None
    return parse_mapping(read_file(path).decode(errors="replace"))


def _date(written: str) -> date:
    try:
        return date.fromisoformat(written)
    except ValueError:
        raise typer.BadParameter(f"{written!r} is no date; write YYYY-MM-DD.") from None


def _refuse(refused: Invalid, *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps({"detail": refused.detail, "problems": list(refused.problems)}))
        return
    typer.echo(f"almanac: {refused.detail}", err=True)
    for problem in refused.problems:
        row, column = problem.get("row"), problem.get("column")
        place = f"row {row}" if row else "file"
        where = f"{place}, {column}" if column else place
        hint = f" {problem['hint']}" if problem.get("hint") else ""
        typer.echo(f"  {where}: {problem['message']}{hint}", err=True)
