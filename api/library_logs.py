"""What libraries log, Python warns about and nobody catches, in our own lines.

A line of a library may quote what somebody wrote. So a text is kept only from libraries that are
known to name ids, addresses of servers and classes; from all others the line says who logged where,
and of an exception only its class and place.
"""

import asyncio
import contextlib
import logging
import sys
import threading
from types import TracebackType
from typing import Any

import structlog

SAFE = ("temporalio", "uvicorn", "aiosmtpd")
"""Loggers whose texts carry nothing private."""

LONGEST = 300

_TEXTLESS = (asyncio.CancelledError, KeyboardInterrupt, SystemExit)


class LibraryLines(logging.Handler):
    """Turns a record of the standard library into one structured line."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line. Never raises."""
        # Not `handleError`, which would print the record with all that was put into it.
        with contextlib.suppress(Exception):
            logger = structlog.get_logger(record.name)
            logger.log(record.levelno, "library", logger=record.name, **_facts(record))


def take_over(level: int) -> None:
    """Let everything that is logged, warned about or not caught end in our lines. Repeatable.

    `level` and above, but of libraries nothing below a warning.
    """
    root = logging.getLogger()
    root.handlers[:] = [LibraryLines()]
    root.setLevel(max(level, logging.WARNING))
    for name in list(logging.root.manager.loggerDict):
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True
    logging.captureWarnings(True)
    sys.excepthook = _not_caught
    threading.excepthook = _not_caught_in_thread


def place_of(error: BaseException) -> list[str]:
    """Where an error came from: files, lines and functions, without values."""
    places: list[str] = []
    trace = error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        places.append(f"{code.co_filename.rsplit('/', 2)[-1]}:{trace.tb_lineno} {code.co_name}")
        trace = trace.tb_next
    return places[-6:]


def _facts(record: logging.LogRecord) -> dict[str, Any]:
    error = record.exc_info[1] if record.exc_info else None
    if isinstance(record.msg, BaseException):
        error = error or record.msg
    if error is not None:
        # Of a failure of the operating system the reason: it says what to do and quotes nothing.
        reason = {"reason": error.strerror} if isinstance(error, OSError) else {}
        return {"error": type(error).__name__, "place": place_of(error)} | reason | _text(record)
    return {"place": f"{record.module}:{record.lineno}"} | _text(record)


def _text(record: logging.LogRecord) -> dict[str, str]:
    if not record.name.startswith(SAFE) or isinstance(record.msg, BaseException):
        return {}
    return {"text": record.getMessage().strip()[:LONGEST]}


def _not_caught(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    if isinstance(error, _TEXTLESS):
        sys.__excepthook__(kind, error, trace)
        return
    structlog.get_logger("almanac").critical(
        "not_caught", error=kind.__name__, place=place_of(error)
    )


def _not_caught_in_thread(found: threading.ExceptHookArgs) -> None:
    if found.exc_value is not None:
        structlog.get_logger("almanac").critical(
            "not_caught", error=found.exc_type.__name__, place=place_of(found.exc_value)
        )
