"""Figures for Prometheus: what the API served, and what waits in the database."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from store.access.visible import PRIVATE_PROCESS, TOLD

_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)

_WAITING = {
    "bells": ("almanac_bells_waiting", "Bells that the relay has not passed on"),
    "overdue": ("almanac_processes_overdue", "Open processes past the instant they armed"),
    "failing": ("almanac_processes_failing", "Open processes whose last advance failed"),
    "held": ("almanac_held_rows", "Rows that somebody must mend"),
    "queued": ("almanac_notifications_queued", "Notifications not yet sent"),
    "late": ("almanac_notifications_late", "Queued notifications whose instant has passed"),
    "sending": ("almanac_mails_sending", "Mails not finished"),
}


class Metrics:
    """The collectors of one application; no global registry, so tests do not share figures."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        labels = ("method", "route", "status")
        self._requests = Counter(
            "almanac_http_requests", "Requests served", labels, registry=self.registry
        )
        self._seconds = Histogram(
            "almanac_http_seconds",
            "Time to answer",
            ("method", "route"),
            buckets=_BUCKETS,
            registry=self.registry,
        )
        self._waiting = {
            name: Gauge(metric, description, registry=self.registry)
            for name, (metric, description) in _WAITING.items()
        }

    def request(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one request. `route` is a template: few values, nobody's data."""
        known = method if method in _METHODS else "other"
        self._requests.labels(known, route, str(status)).inc()
        self._seconds.labels(known, route).observe(seconds)

    async def expose(self, conn: AsyncConnection, now: object) -> bytes:
        """The text that Prometheus reads, with the counts of this moment."""
        row = (await conn.execute(_COUNTS, {"now": now})).one()
        for name, gauge in self._waiting.items():
            gauge.set(getattr(row, name))
        return generate_latest(self.registry)


_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

# What falls away with the answer of a rater is not counted while their round is open.
_COUNTS = text(
    """
    SELECT
      (SELECT count(*) FROM bells b JOIN processes p ON p.id = b.process_id
        WHERE NOT {PRIVATE_PROCESS}) AS bells,
      (SELECT count(*) FROM processes WHERE state = 'open' AND armed_until < :now) AS overdue,
      (SELECT count(*) FROM processes WHERE state = 'open' AND failures > 0) AS failing,
      (SELECT count(*) FROM held_rows WHERE cleared_at IS NULL) AS held,
      (SELECT count(*) FROM notifications n WHERE n.state = 'queued' AND {TOLD}) AS queued,
      (SELECT count(*) FROM notifications n WHERE n.state = 'queued' AND n.send_at < :now
        AND {TOLD}) AS late,
      (SELECT count(*) FROM mails WHERE state = 'sending') AS sending
    """.replace("{TOLD}", TOLD).replace("{PRIVATE_PROCESS}", PRIVATE_PROCESS)
)
