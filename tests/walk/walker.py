"""One person with a browser without scripts, who follows every link and sends every harmless form.

Every link that a page shows is opened once. A page is read for further links if it is of a new
kind: another route, or other kinds of links and forms than the pages of that route before. So a
list of a hundred people is opened a hundred times, and two or three of these pages are walked on
from.
"""

import asyncio
import re
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from urllib.parse import parse_qsl, urldefrag, urlencode, urlsplit

from httpx2 import AsyncClient, Response

from tests.walk.filling import Typed, filled
from tests.walk.harmless import Harm, harm_of
from tests.walk.routes import Routes
from tests.walk.seen import Form, Shown, read_page

HTML = {"accept": "text/html,application/xhtml+xml"}
NO_FILE = {"nothing": ("", b"")}
AT_ONCE = 4
MOST_KINDS = 12
"""So many pages of one route are walked on from, however much they differ."""

CYCLE = re.compile("^/(?:cycles|reviews)/([0-9a-f-]{36})")

Kind = tuple[str, ...]
File = tuple[str, bytes]


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that must not be, where it led to and where it was shown."""

    what: str
    where: str
    shown_on: str

    def __str__(self) -> str:
        return f"{self.what}: {self.where} (shown on {self.shown_on})"


@dataclass(frozen=True, slots=True)
class Step:
    """A link, or a form. `before` is the step whose answer showed it.

    A form that changes something is read anew before it is sent, as its page would be: what was
    saved meanwhile has changed the version that it holds.
    """

    url: str
    shown_on: str
    form: Form | None = None
    before: "Step | None" = None

    @property
    def changes(self) -> bool:
        """Whether this is more than looking."""
        return self.form is not None and self.form.method == "POST"


@dataclass
class Walked:
    """What a walk saw. `routes` were passed; `pages`: an address of each kind of page, by route."""

    faults: list[Fault] = field(default_factory=list)
    routes: set[str] = field(default_factory=set)
    pages: dict[str, list[str]] = field(default_factory=dict)
    sent: set[tuple[str, str]] = field(default_factory=set)
    spared: set[Harm] = field(default_factory=set)
    answers: int = 0


@dataclass
class Walker:
    """Somebody on their way. `base` is where the pages are; `friends` are our other origins."""

    client: AsyncClient
    base: str
    routes: Routes
    today: date
    signed_in: bool = True
    friends: Sequence[str] = ()
    typed: Mapping[str, Typed] = field(default_factory=dict)
    files: Mapping[str, File] = field(default_factory=dict)
    walked: Walked = field(default_factory=Walked)
    _ways: deque[Step] = field(default_factory=deque)
    _acts: deque[Step] = field(default_factory=deque)
    _known: set[str] = field(default_factory=set)
    _kinds: set[tuple[str, Kind]] = field(default_factory=set)
    _forms: set[Kind] = field(default_factory=set)

    async def walk(self, *starts: str) -> Walked:
        """Go everywhere from some paths on."""
        for path in starts:
            self._add_link(self.base + path, "the start")
        while self._ways or self._acts:
            batch = [self._ways.popleft() for _ in range(min(AT_ONCE, len(self._ways)))]
            # What is shown is looked at side by side; forms are sent alone, one after another.
            batch = batch or [self._acts.popleft()]
            answers = await asyncio.gather(*map(self._answer, batch), return_exceptions=True)
            for step, answer in zip(batch, answers, strict=True):  # in order: each walk is the same
                self._judge(step, answer)
        return self.walked

    # --- Steps ----------------------------------------------------------------------------------

    def _judge(self, step: Step, response: Response | BaseException) -> None:
        if isinstance(response, BaseException):
            self._fault(f"no answer, {response!r}", step)
            return
        self.walked.answers += 1
        for passed in (*response.history, response):
            if passed.status_code >= 400:
                self._fault(f"answers {passed.status_code}", step, str(passed.url))
                return
            if passed.request.method == "GET":
                self.walked.routes.add(self._route(passed.url.path))
        url = str(response.url)
        if not url.startswith(self.base + "/"):
            return
        path = urlsplit(url).path
        if self.signed_in and path == "/sign-in" and urlsplit(step.url).path != "/sign-in":
            self._fault("leads to the door", step)
            return
        if response.headers["content-type"].startswith("text/html"):
            # What was answered to a form and led on to a page is that page, to be opened again.
            looked = Step(url, step.shown_on) if response.request.method == "GET" else step
            self._look(read_page(response.text, url), path, step, looked)

    async def _answer(self, step: Step) -> Response:
        if not step.changes:
            return await self.client.get(step.url, headers=HTML, follow_redirects=True)
        page, form = await self._fresh(step)
        if form is None:
            return page
        route = self._route(urlsplit(form.url).path, "POST")
        sent = filled(form, self._typed_into(route, form), self.today)
        more: dict[str, object] = {"data": _by_name(sent)}
        if form.multipart:
            # A form with a file chosen, or without one: both are multipart.
            chosen = {c.name: self.files.get(route) for c in form.controls if c.type == "file"}
            more["files"] = {name: f or ("", b"") for name, f in chosen.items()} or NO_FILE
        headers = HTML | {"origin": self.base, "sec-fetch-site": "same-origin"}
        return await self.client.post(form.url, headers=headers, follow_redirects=True, **more)

    async def _fresh(self, step: Step) -> tuple[Response, Form | None]:
        """The page that shows the form of a step, read anew; and the form, if it is still there.

        It may have other fields by now: a list has grown.
        """
        form = step.form
        assert form is not None
        assert step.before is not None
        answer = await self._answer(step.before)
        page = read_page(answer.text, str(answer.url))
        same = [f for f in page.forms if (f.url, f.button) == (form.url, form.button)]
        return answer, next((f for f in same if f.label == form.label), None)

    def _typed_into(self, route: str, form: Form) -> Typed:
        """What is typed into a form of this route, and into this one alone for one button."""
        return {**self.typed.get(route, {}), **self.typed.get(f"{route} {form.button}", {})}

    def _look(self, page: Shown, path: str, step: Step, here: Step) -> None:
        """Judge a page, and go on from it if it is of a new kind."""
        route = self._route(path)
        if len(page.headings) != 1 or not re.fullmatch(r"\S.* · Almanac", page.title):
            self._fault(f"no page of ours ({page.title!r}, {page.headings})", step)
        anchor = urldefrag(step.url).fragment
        if anchor and step.form is None and anchor not in page.ids:
            self._fault("leads to no place of its page", step)
        # The same page about another cycle is another page: its people have other tasks.
        kind = (*CYCLE.findall(path), *self._kind_of(page))
        alike = sum(known == route and of[:1] == kind[:1] for known, of in self._kinds)
        if (route, kind) in self._kinds or alike >= MOST_KINDS:
            return
        self._kinds.add((route, kind))
        where = urlsplit(here.url)
        if not here.changes:
            query = f"?{where.query}" if where.query else ""
            self.walked.pages.setdefault(route, []).append(where.path + query)
        shown_on = f"{path} ({step.form.label})" if step.form else path
        for link in page.links:
            self._add_link(link, shown_on)
        for form in page.forms:
            self._add_form(form, shown_on, here)

    # --- What is shown --------------------------------------------------------------------------

    def _add_link(self, url: str, shown_on: str) -> None:
        if url in self._known or url.startswith("mailto:"):
            return
        self._known.add(url)
        if url.startswith((self.base + "/", *self.friends)):
            if self._ours(url):
                self._ways.append(Step(url, shown_on))
        else:
            self.walked.faults.append(Fault("leads to a foreign place", url, shown_on))

    def _ours(self, url: str) -> bool:
        """Pages, and one page of each kind of our other origins."""
        if url.startswith(self.base + "/"):
            return True
        parts = urlsplit(url)
        masked = f"{parts.netloc} {_masked(parts.path)}"
        new = masked not in self._known
        self._known.add(masked)
        return new

    def _add_form(self, form: Form, shown_on: str, before: Step) -> None:
        path = urlsplit(form.url).path
        route = self._route(path, form.method)
        if not route:
            self.walked.faults.append(Fault("a form for no address", form.url, shown_on))
            return
        harm = harm_of(route, form) if form.method == "POST" else None
        if harm is not None:
            self.walked.spared.add(harm)
            return
        kind = self._form_kind(form)
        if kind in self._forms:
            return
        self._forms.add(kind)
        self.walked.sent.add((form.method, route))
        if form.method == "POST":
            self._acts.append(Step(form.url, shown_on, form, before))
            return
        sent = filled(form, self._typed_into(route, form), self.today)
        for fields in (sent, *_narrowed(form, sent)):
            self._ways.append(Step(f"{form.url}?{urlencode(fields)}", shown_on, form))

    def _form_kind(self, form: Form) -> Kind:
        """One form of an address with one button; with other questions (`a.…`) it is another."""
        asked = {_masked(c.name) for c in form.controls if c.name.startswith("a.")}
        return (form.method, self._path_kind(form.url), _masked(form.button), *sorted(asked))

    def _kind_of(self, page: Shown) -> Kind:
        links = {self._link_kind(link) for link in page.links}
        forms = {f"{f.method} {self._path_kind(f.url)} {_masked(f.button)}" for f in page.forms}
        return (*sorted(links), *sorted(forms))

    def _link_kind(self, url: str) -> str:
        keys = sorted(key for key, _ in parse_qsl(urlsplit(url).query))
        return f"{self._path_kind(url)} {' '.join(keys)}"

    def _path_kind(self, url: str) -> str:
        path = urlsplit(url).path
        return self._route(path) or self._route(path, "POST") or _masked(path)

    def _route(self, path: str, method: str = "GET") -> str:
        return self.routes.of(path, method)

    def _fault(self, what: str, step: Step, at: str = "") -> None:
        where = at or step.url
        if step.form is not None:
            where = f"{where} after {step.form.label!r}"
        self.walked.faults.append(Fault(what, where.removeprefix(self.base), step.shown_on))


def _masked(text: str) -> str:
    """Without what differs from one thing of a kind to the next."""
    return re.sub(r"[0-9a-f-]{36}|\d+", "#", text)


def _by_name(fields: Sequence[tuple[str, str]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, value in fields:
        found.setdefault(name, []).append(value)
    return found


def _narrowed(form: Form, sent: Sequence[tuple[str, str]]) -> list[tuple[tuple[str, str], ...]]:
    """A filter with each choice of each of its selects, alone."""
    bare = {name: "" for name, _ in sent}
    return [
        tuple((bare | {control.name: option}).items())
        for control in form.controls
        if control.type == "select"
        for option in control.options
    ]
