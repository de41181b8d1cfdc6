"""The watcher of recurring launches."""

from domain.processes.kind import Phase, ProcessKind, Queue

LAUNCH_CALENDAR = ProcessKind(
    code="launch_calendar",
    workflow="LaunchCalendar",
    title="Watcher of launches",
    prefix="launch-calendar",
    phases=(Phase("watch", "advance_launch_calendar", "Launches are looked at"),),
    single=True,
    queue=Queue.SLOW,
)
