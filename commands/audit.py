"""`almanac audit verify`: is the audit log still what was sealed?"""

import json
from dataclasses import asdict
from typing import Annotated

import typer

from commands.connection import run
from store.audit import AuditVerdict, verify

app = typer.Typer(no_args_is_help=True, help="The audit log.")


@app.callback()
def audit() -> None:
    """The audit log."""


@app.command("verify")
def verify_log(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON only.")] = False,
) -> None:
    """Recompute every link of the chain. Exit code 1 if one does not hold."""
    verdict = run(verify)
    if as_json:
        typer.echo(_json(verdict))
    elif verdict.holds:
        typer.echo(
            f"The audit log holds: {verdict.entries} entries under {verdict.seals} seals; "
            f"{verdict.unsealed} are not sealed yet."
        )
    else:
        first, last = verdict.between or (0, 0)
        typer.echo(
            f"Seal {verdict.broken_seal} does not hold: one of the entries {first} to {last} was "
            "changed or removed after it was sealed. Compare them with a backup.",
            err=True,
        )
    if not verdict.holds:
        raise typer.Exit(1)


def _json(verdict: AuditVerdict) -> str:
    return json.dumps({**asdict(verdict), "holds": verdict.holds})
