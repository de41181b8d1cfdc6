"""The `almanac` command. Each subject has its module in `commands`, imported only when called."""

import sys
from collections.abc import Callable, Sequence
from importlib import import_module

import typer

SUBJECTS = {
    "run": "Start everything on this machine, with a demo company.",
    "serve": "Serve the API and the pages.",
    "config": "Print the effective settings and where each comes from.",
    "migrate": "Bring the database to the newest schema.",
    "definitions": "Validate, preview and publish cycle definitions.",
    "people": "Import people and reporting lines.",
    "company": "Replace the company settings.",
    "audit": "Check that the audit log is whole.",
    "seal": "Open one sealed answer of a round that is open, or give up lost keys.",
    "play": "Live a cycle through under skipped time.",
}
"""A subject is `commands/NAME.py` with either a Typer `app` of its own or a function NAME."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command and exit: 0 done, 1 refused with a sentence, 2 called wrongly."""
    arguments = sys.argv[1:] if arguments is None else arguments
    try:
        build(arguments)(args=list(arguments), prog_name="almanac")
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:
        sentence = _sentence(error)
        if sentence is None:
            raise
        typer.echo(f"almanac: {sentence}", err=True)
        sys.exit(1)


def build(arguments: Sequence[str] = ()) -> typer.Typer:
    """The command line. Only the subject that `arguments` name is imported, so help is instant."""
    called = next((word for word in arguments if not word.startswith("-")), None)
    app = typer.Typer(
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        help="Performance-review cycles that run themselves.",
    )
    for name, meaning in SUBJECTS.items():
        if name != called:
            app.command(name, help=meaning)(_not_called)
            continue
        module = import_module(f"commands.{name}")
        group: typer.Typer | None = getattr(module, "app", None)
        if group is not None:
            app.add_typer(group, name=name, help=meaning)
        else:
            command: Callable[..., None] = getattr(module, name)
            app.command(name, help=meaning)(command)
    return app


def _not_called() -> None:
    """Stands for a subject in the list of commands."""


def _sentence(error: Exception) -> str | None:
    """What a person should read instead of a traceback; None for a fault of ours."""
    from sqlalchemy.exc import OperationalError

    from config import SettingsError
    from domain.errors import AlmanacError
    from embedded.failures import StackError

    match error:
        case AlmanacError():
            return f"{error.detail} {error.hint}".strip()
        case SettingsError() | StackError():
            return str(error)
        case ModuleNotFoundError(name=str(name)) if name.split(".")[0] in ("embedded", "aiosmtpd"):
            return (
                "this command needs servers of its own, which a production image does not carry. "
                "Install the extra: almanac[embedded]"
            )
        case OperationalError():
            reason = str(error.orig).strip().splitlines()
            return f"PostgreSQL cannot be reached: {reason[0] if reason else 'no answer'}"
        case _:
            return None


if __name__ == "__main__":
    main()
