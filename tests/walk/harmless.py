"""Which forms the walk sends. All of them, but for those listed here with their reason.

A form that is new is sent. Whoever adds one that a walk through a living installation must not send
lists it here; a test fails for a line that no page shows any more.
"""

from dataclasses import dataclass

from tests.walk.seen import Form


@dataclass(frozen=True, slots=True)
class Harm:
    """A button that is not pressed: by route, by the button, by a field that only then is there.

    `button` is `name=value` as in `Form`, none for every button of the form. `field`: only a form
    with a hidden field of this name does harm; without it the same address answers a preview.
    """

    route: str
    why: str
    button: str | None = None
    field: str | None = None

    @property
    def form(self) -> str:
        """Its name: the route, and the button if it is one of several."""
        return f"{self.route} {self.button}" if self.button else self.route

    def holds(self, route: str, form: Form) -> bool:
        """Whether this is the form that is meant."""
        if route != self.route or self.button not in (None, form.button):
            return False
        return self.field is None or any(c.name == self.field for c in form.controls)


HARM = (
    Harm("/sign-out", "ends the walk"),
    Harm("/l/{token}", "signs in, with which each walk has begun"),
    Harm("/cycles/{cycle_id}/confirm", "launches a cycle for the whole company"),
    Harm("/cycles/{cycle_id}/stop", "gives up a launch"),
    Harm("/cycles/{cycle_id}/steer/{name}", "steers a cycle", field="key"),
    Harm("/tasks/{task_id}/steer/{name}", "steers a task", field="key"),
    Harm("/tasks/{task_id}/submit", "submits for good"),
    Harm("/tasks/{task_id}/withdraw", "takes back what was submitted"),
    Harm("/tasks/{task_id}/release", "releases results"),
    Harm("/tasks/{task_id}/nudge", "writes to somebody"),
    Harm("/tasks/{task_id}/draft/discard", "throws a text away"),
    Harm("/tasks/{task_id}/draft/send-on", "gives a text to somebody"),
    Harm("/tasks/{task_id}", "answers on record for good", button="go=submit"),
    Harm("/tasks/{task_id}/raters", "asks people for feedback", button="go=submit"),
    Harm("/tasks/{task_id}/raters", "asks people for feedback", button="go=approve"),
    Harm("/rounds/{round_id}/raters", "asks somebody for feedback", button="go=name"),
    Harm("/feedback/{task_id}", "submits for good", button="go=submit"),
    Harm("/feedback/{task_id}/withdraw", "takes back what was submitted"),
    Harm("/feedback/{task_id}/decline", "declines for good"),
    Harm("/feedback/stranger", "ends somebody's links"),
    Harm("/l/{token}/stranger", "ends somebody's links"),
    Harm("/comment-reviews/{round_id}/{person_id}", "finishes a report", button="go=finish"),
)


def harm_of(route: str, form: Form) -> Harm | None:
    """Why a form is not sent; none if it is."""
    return next((harm for harm in HARM if harm.holds(route, form)), None)
