"""What a page shows: its heading, its links, and its forms as a browser sends them."""

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

from lxml import html
from lxml.html import FormElement, HtmlElement

Fields = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Control:
    """A field of a form. `options` are the values of a select or of a group of radio buttons."""

    name: str
    type: str
    value: str
    options: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Form:
    """A form with one of its buttons: what pressing that button sends, and where to.

    `button` is `name=value` of the button, or the empty string for a button without a name.
    """

    method: str
    url: str
    button: str
    label: str
    controls: tuple[Control, ...]
    multipart: bool


@dataclass(frozen=True, slots=True)
class Shown:
    """A page as it was answered."""

    title: str
    headings: tuple[str, ...]
    links: tuple[str, ...]
    forms: tuple[Form, ...]
    ids: frozenset[str]
    text: str


def read_page(source: str, url: str) -> Shown:
    """Read a page that was answered at `url`. Links and actions are made absolute."""
    page = html.document_fromstring(source)
    body = page.find("body")
    return Shown(
        title=(page.findtext(".//title") or "").strip(),
        headings=tuple(_words(h) for h in page.iter("h1")),
        links=tuple(urljoin(url, a.get("href", "")) for a in page.iter("a") if a.get("href")),
        forms=tuple(_forms(page, url)),
        ids=frozenset(e.get("id", "") for e in page.iter() if e.get("id")),
        text="" if body is None else _words(body),
    )


def _words(element: HtmlElement) -> str:
    return " ".join(element.text_content().split())


def _forms(page: HtmlElement, url: str) -> Iterator[Form]:
    for form in page.forms:
        controls = tuple(_controls(form))
        for button in _buttons(form):
            name = button.get("name")
            yield Form(
                method=form.method,
                url=urljoin(url, button.get("formaction") or form.action or urlsplit(url).path),
                button=f"{name}={button.get('value', '')}" if name else "",
                label=_words(button),
                controls=controls,
                multipart=form.get("enctype") == "multipart/form-data",
            )


def _buttons(form: FormElement) -> list[HtmlElement]:
    return [b for b in form.iter("button") if b.get("type", "submit") == "submit"]


def _controls(form: FormElement) -> Iterator[Control]:
    """Every field once; radio buttons and check boxes of one name are one field."""
    groups: dict[str, list[HtmlElement]] = {}
    for element in form.iter("input", "select", "textarea"):
        name = element.get("name")
        if not name or element.get("disabled") is not None:
            continue
        if element.get("type") in ("radio", "checkbox"):
            if name not in groups:
                groups[name] = []
            groups[name].append(element)
            continue
        yield _control(name, element)
    for name, elements in groups.items():
        chosen = [e.get("value", "on") for e in elements if e.get("checked") is not None]
        options = tuple(e.get("value", "on") for e in elements)
        yield Control(name, elements[0].get("type", ""), chosen[0] if chosen else "", options)


def _control(name: str, element: HtmlElement) -> Control:
    if element.tag == "textarea":
        return Control(name, "textarea", (element.text or "").removeprefix("\n"))
    if element.tag == "select":
        options = list(element.iter("option"))
        values = tuple(o.get("value", _words(o)) for o in options)
        chosen = [v for o, v in zip(options, values, strict=True) if o.get("selected") is not None]
        return Control(name, "select", (chosen or [*values, ""])[0], values)
    type_ = element.get("type") or element.get("inputmode") or "text"
    return Control(name, type_, element.get("value", ""))
