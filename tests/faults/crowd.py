"""People who use the stack over HTTP while it breaks, and remember what they were told."""

import itertools
import random
import socket
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from httpx2 import Client, HTTPError

from api.authentication import PLAIN_COOKIE
from tests.faults.user_stack import UserStack

AT_ONCE = 20
"""So often one request is sent at the same time, under one key."""


FULL = "disk full"
"""Counted: answers that said that nothing can be saved."""


@dataclass(frozen=True)
class Work:
    """A task that somebody can submit, and what they write."""

    task_id: str
    person_id: int
    token: str
    answers: dict[str, Any]


@dataclass
class Crowd:
    """Submits one task after the other. `told` is what was acknowledged, by task."""

    stack: UserStack
    work: list[Work]
    addresses: list[str]
    chance: random.Random
    told: dict[str, dict[str, Any]] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self._stop = threading.Event()
        self._numbers = itertools.count()
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._act, daemon=True) for _ in range(2)]

    def begin(self) -> None:
        """From now on people come."""
        for thread in self._threads:
            thread.start()

    def end(self) -> None:
        """Nobody comes any more. Who has begun finishes."""
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _act(self) -> None:
        while not self._stop.is_set():
            with self._lock:
                work = self.work.pop() if self.work else None
            if work is None:  # more is found after the next fault
                self._stop.wait(0.5)
                continue
            number = next(self._numbers)
            if number % 7 == 3:
                self._submit_often(work)
            elif number % 7 == 5:
                self._leave_in_the_middle(work)
                self._submit(work)
            else:
                self._submit(work)
            if number % 5 == 4:
                self._ask_for_link()
            self._stop.wait(0.3)

    # --- One person ----------------------------------------------------------------------------

    def _submit(self, work: Work) -> None:
        """Submit until it is answered, under one key, as a client does that was cut off."""
        key = f"driver-{work.task_id}"
        while not self._stop.is_set():
            answer = self._post(work, key)
            if answer is None or answer[0] >= 500:
                if answer is not None:
                    self.counts[FULL] += "disk of the database is full" in str(answer[1])
                self._stop.wait(0.5)
                continue
            self._note(work, *answer)
            return

    def _submit_often(self, work: Work) -> None:
        """The same request twenty times at once: one effect, and one answer for all."""
        key = f"driver-{work.task_id}"
        with ThreadPoolExecutor(AT_ONCE) as pool:
            answers = [a for a in pool.map(lambda _: self._post(work, key), range(AT_ONCE)) if a]
        good = [body for status, body in answers if status < 400]
        if len({repr(sorted(body.items())) for body in good}) > 1:
            self.wrong.append(f"task {work.task_id}: one key, several answers")
        refused = {status for status, _ in answers if 400 <= status < 500}
        if refused - {409, 412, 425, 429}:
            self.wrong.append(f"task {work.task_id}: one key, refused with {refused}")
        self.counts["at once"] += 1
        if good:
            self._note(work, 200, good[0])
        else:
            self._submit(work)

    def _leave_in_the_middle(self, work: Work) -> None:
        """Send half a request and go; then a whole one, and do not wait for its answer."""
        address = urlsplit(str(self.stack.env["PAGES"]))
        head = (
            f"POST /api/tasks/{work.task_id}/submit HTTP/1.1\r\nHost: {address.netloc}\r\n"
            f"Cookie: {PLAIN_COOKIE}={work.token}\r\nContent-Type: application/json\r\n"
            "Content-Length: 4000\r\n\r\n"
        )
        for sent in (head + '{"answers": {', head[: len(head) // 2]):
            try:
                with socket.create_connection((address.hostname or "", address.port or 0), 5) as s:
                    s.sendall(sent.encode())
            except OSError:
                return
        self.counts["gone in the middle"] += 1

    def _ask_for_link(self) -> None:
        """A mail that goes at once."""
        body = {"email": self.chance.choice(self.addresses)}
        try:
            with Client(timeout=20) as client:
                asked = client.post(f"{self.stack.env['PAGES']}/api/session/link", json=body)
                self.counts["links asked"] += asked.status_code == 202
        except HTTPError:
            self.counts["cut off"] += 1

    def _post(self, work: Work, key: str) -> tuple[int, dict[str, Any]] | None:
        try:
            with Client(cookies={PLAIN_COOKIE: work.token}, timeout=60) as client:
                answer = client.post(
                    f"{self.stack.env['PAGES']}/api/tasks/{work.task_id}/submit",
                    json={"answers": work.answers},
                    headers={"Idempotency-Key": key},
                )
                return answer.status_code, answer.json()
        except (HTTPError, ValueError, OSError):
            self.counts["cut off"] += 1
            return None

    def _note(self, work: Work, status: int, body: dict[str, Any]) -> None:
        if status < 400:
            self.counts["submitted"] += 1
            self.told[work.task_id] = body
        else:
            self.wrong.append(f"task {work.task_id}: {status} {body.get('code')}")


def wait(seconds: float) -> None:
    """A moment of the schedule passes."""
    time.sleep(seconds)
