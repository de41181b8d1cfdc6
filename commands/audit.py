"""`almanac audit verify`: is the audit log still what was sealed?"""

import json
from dataclasses import asdict
from typing import Annotated

import typer
from sqlalchemy.ext.asyncio import AsyncConnection

from commands.connection import run
from store.base.audit_anchor import FILE, kept_seals
from store.base.audit_check import AuditVerdict, verify
from store.base.seal_keys import keys_of

app = typer.Typer(no_args_is_help=True, help="The audit log.")


@app.callback()
def audit() -> None:
    """The audit log."""


@app.command("verify")
def verify_log(
    against: Annotated[
        str | None,
        typer.Option(help="A seal that was kept elsewhere: is the log still what it was then?"),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON only.")] = False,
) -> None:
    """Recompute every link of the chain and every signature. Exit code 1 if one does not hold.

    What was removed at the end of the log shows only against a seal from elsewhere. The one that
    the workers keep beside the seal keys is compared by itself; --against takes another: from a
    mail to an administrator, from a worker's log, or from the last line of an earlier check.
    """

    async def look(conn: AsyncConnection) -> AuditVerdict:
        kept = await kept_seals(keys_of(conn).folder)
        return await verify(conn, against=against, kept=kept)

    verdict = run(look)
    if as_json:
        typer.echo(_json(verdict))
    else:
        for sentence in _sentences(verdict):
            typer.echo(sentence, err=not verdict.holds)
    if not verdict.holds:
        raise typer.Exit(1)


def _json(verdict: AuditVerdict) -> str:
    return json.dumps({**asdict(verdict), "holds": verdict.holds})


def _sentences(verdict: AuditVerdict) -> list[str]:
    said = []
    if verdict.holds:
        under = "signed seals" if verdict.signed else "seals"
        said.append(
            f"The audit log holds: {verdict.entries} entries under {verdict.seals} {under}; "
            f"{verdict.unsealed} are not sealed yet."
        )
    if verdict.broken_seal is not None:
        first, last = verdict.between or (0, 0)
        said.append(
            f"Seal {verdict.broken_seal} does not hold: one of the entries {first} to {last} was "
            "changed or removed after it was sealed, or ALMANAC_AUDIT_KEY is another one than "
            "then. Compare them with a backup."
        )
    if verdict.forged:
        said.append(
            f"Entries without a valid signature: {', '.join(map(str, verdict.forged))}. They were "
            "not written by Almanac, or by a process that has no ALMANAC_AUDIT_KEY."
        )
    if verdict.unsigned_end:
        said.append(
            "The newest seal is not signed. A worker with ALMANAC_AUDIT_KEY signs within a minute "
            "of the next entry; if one runs already, the chain was made anew without the key."
        )
    if verdict.anchored is False:
        said.append(
            "The seal that you gave is not there any more: entries up to it were removed, or "
            "everything since was made anew. Compare with a backup."
        )
    if verdict.missing:
        said.append(
            f"Seals that a worker kept in the file {FILE} beside the seal keys are not there any "
            f"more: {', '.join(verdict.missing)}. Entries up to them were removed, or the database "
            "is an older copy. Compare with a backup; when it is explained, remove the file."
        )
    if verdict.gaps:
        gaps = ", ".join(f"{a}" if a == b else f"{a} to {b}" for a, b in verdict.gaps)
        said.append(
            f"Numbers without an entry: {gaps}. An act that was rolled back leaves such a gap; so "
            "does an entry that was removed before it was sealed."
        )
    if verdict.last is not None:
        said.append(f"The newest seal, to be kept elsewhere: {verdict.last}")
    return said
