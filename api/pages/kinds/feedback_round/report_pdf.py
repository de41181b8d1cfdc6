"""A report as a PDF: set by Typst from the same words as the page, with a structure to be read out.

The same report gives the same bytes: its date is the day of the report, nothing tells when or for
whom the file was made. What people wrote goes in as data, so nothing of it is ever a command.
"""

import json
from dataclasses import asdict
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING

import typst

from api.pages.frame.dates import MONTHS
from api.pages.frame.render import ROOT
from api.pages.kinds.feedback_round.report_views import ReportRead

if TYPE_CHECKING:
    from typst import PDFStandard

FOLDER = ROOT / "templates" / "pdf"
TEMPLATE = "feedback-report.typ"
ACCESSIBLE: "PDFStandard" = "ua-1"


def written(report: ReportRead) -> bytes:
    """The file. Takes some hundredths of a second of a processor; call it in a thread."""
    day = report.made_on
    said = asdict(report) | {
        # On paper "about you" is about whoever holds the sheet.
        "heading": f"Feedback about {report.name}",
        "made": f"{day.day} {MONTHS[day.month - 1]} {day.year}",
        "made_on": day.isoformat(),
        "year": day.year,
        "month": day.month,
        "day": day.day,
    }
    inputs = {"report": json.dumps(said, ensure_ascii=False, sort_keys=True)}
    made = datetime(day.year, day.month, day.day, tzinfo=UTC)
    try:
        return _set(inputs, made, [ACCESSIBLE])
    except typst.TypstError:
        # Somebody wrote in letters for which this machine has no font. A file with gaps in it
        # may not call itself accessible; its structure is there all the same.
        return _set(inputs, made, [])


def _set(inputs: dict[str, str], made: datetime, standards: "list[PDFStandard]") -> bytes:
    compiler = typst.Compiler(_template(), root=FOLDER, font_paths=_fonts())
    file = compiler.compile(
        format="pdf", sys_inputs=inputs, timestamp=made, pdf_standards=standards
    )
    if not isinstance(file, bytes):
        raise TypeError("one document makes one file")
    return file


@lru_cache(maxsize=1)
def _template() -> bytes:
    return (FOLDER / TEMPLATE).read_bytes()


@lru_cache(maxsize=1)
def _fonts() -> typst.Fonts:
    """The library's own fonts; the machine's for writing that those do not have."""
    return typst.Fonts(include_system_fonts=True, include_embedded_fonts=True)
