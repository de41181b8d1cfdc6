"""The first mail of a launch, as one of those who will get it will see it."""

from api.authentication import Call
from api.pages.cycles.views import FirstMailView
from api.pages.frame.dates import say_instant
from api.pages.frame.views import Visit
from domain.errors import AlmanacError
from store.access.facts import hidden_cases
from store.launch.check import LaunchCheck
from store.launch.first_mail import FirstMail, MakesFirstMail
from store.people.lookup import read_lines

SHOWN_AT_ONCE = 1000
"""For more people than these the mail is made only when it is asked for: that reads them all."""

LANGUAGES = {"en": "English", "de": "German", "es": "Spanish", "fr": "French"}


async def first_mail(
    call: Call, found: LaunchCheck, visit: Visit, typed: str | None
) -> FirstMailView | None:
    """The mail to whom HR typed, or to the first by name; none if nothing here words mails."""
    make: MakesFirstMail | None = call.request.app.state.first_mails
    if make is None or not visit.hr:
        return None
    typed = (typed or "").strip()
    if not typed and found.people_in > SHOWN_AT_ONCE and "person" not in call.request.query_params:
        return FirstMailView()
    person, problem = await _meant(call, typed) if typed else (None, "")
    if problem:
        return FirstMailView(typed, problem)
    hidden = hidden_cases(await call.reader(), found.cycle_id)
    try:
        mail = await make(call.conn, found.cycle_id, person, call.now, hidden=hidden)
    except AlmanacError as error:
        return FirstMailView(typed, error.hint or error.detail)
    return _view(mail, visit, typed)


async def _meant(call: Call, typed: str) -> tuple[int | None, str]:
    lines = await read_lines(call.conn, typed.splitlines()[0])
    line = lines[0] if lines else None
    if line is None or line.person is None:
        perhaps = "; ".join(one.line for one in line.perhaps) if line else ""
        more = f" Perhaps: {perhaps}." if perhaps else ""
        return None, f"This names nobody for certain.{more} Type an employee number or an address."
    return line.person.person_id, ""


def _view(mail: FirstMail, visit: Visit, typed: str) -> FirstMailView:
    notes = []
    if mail.calendar:
        notes.append("An entry for the calendar is attached to it.")
    if mail.asked_too:
        notes.append(
            "Requests to give feedback begin with this cycle, too. They are not shown here, and "
            "may stand in the same mail."
        )
    language = LANGUAGES.get(mail.language.partition("-")[0], mail.language)
    return FirstMailView(
        typed,
        person_id=mail.person_id,
        receiver=mail.receiver,
        language=language,
        at=say_instant(mail.at, visit.zone, visit.today),
        subject=mail.subject,
        text=mail.text,
        notes=tuple(notes),
    )
