"""Which steering actions a cycle offers to whom."""

from api.pages.cycles.views import SteerLink
from api.pages.frame.views import Visit
from domain.states import CycleState
from store.views.lists.cycles import CycleItem


def steering_of(item: CycleItem, visit: Visit) -> tuple[SteerLink, ...]:
    """What can be done about a cycle. Administrators may stop what runs wrong; HR decides."""
    href = f"/cycles/{item.id}/steer"
    pause = SteerLink(
        "Pause", f"{href}/pause", "No mail, no reminder, no opening until you resume", "pause"
    )
    resume = SteerLink(
        "Resume", f"{href}/resume", "Dates ahead move by the working days lost", "play"
    )
    add = SteerLink(
        "Add somebody", f"{href}/add", "Who enters late still has the full time", "plus"
    )
    extend = SteerLink(
        "Extend a stage",
        f"{href}/extend_stage",
        "Later due dates for who has not finished",
        "extend",
    )
    later = SteerLink(
        "Let the cycle end later",
        f"{href}/extend_cycle",
        "What is still open on its last day expires",
        "extend",
    )
    close = SteerLink(
        "Close a stage",
        f"{href}/close_stage",
        "What is open expires, and the cycle goes on",
        "stop",
    )
    cancel = SteerLink(
        "Cancel the cycle",
        f"{href}/cancel",
        "Everything open ends; everybody who was told of it gets one mail",
        "stop",
        True,
    )
    end = (later,) if item.ends_at is not None else ()
    if item.state == CycleState.OPEN:
        return (pause, add, extend, *end, close, cancel) if visit.hr else (pause, cancel)
    if item.state == CycleState.PAUSED:
        return (resume, *end, cancel) if visit.hr else (resume, cancel)
    return ()
