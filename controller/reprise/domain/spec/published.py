"""Section ``published`` of a claim: the value as printed, what kind of value it is, and its spread."""

from reprise.domain.spec.model import Published, PublishedKind
from reprise.domain.spec.problems import quote
from reprise.domain.spec.quantities import is_number, parse_amount, parse_number
from reprise.domain.spec.section import Section

AMOUNT_EXPECTED = 'a number of at least 0 such as "0.005"'
KINDS = tuple(kind.value for kind in PublishedKind)


def read_published(section: Section | None) -> Published:
    if section is None:
        return Published("", PublishedKind.SINGLE, None)
    section.require("value")
    sd, m = _spread(section)
    kind = section.choice("kind", KINDS)
    at = section.at("per_seed" if section.has("per_seed") else "value")
    return Published(
        text=_value(section),
        kind=PublishedKind(kind) if kind else PublishedKind.SINGLE,
        per_seed=section.file("per_seed"),
        at=(at.line, at.column),
        sd=sd,
        m=m,
    )


def check_number(section: Section, published: Published, *, mode: str) -> None:
    """Only a single value in mode exact may be a text; everything else calculates."""
    if not published.text or is_number(published.text):
        return
    if mode != "exact":
        why = f"mode: {mode}"
    elif published.kind is not PublishedKind.SINGLE:
        why = f"kind: {published.kind.value}"
    elif published.per_seed is not None:
        why = "per_seed"
    elif published.sd is not None:
        why = "sd"
    else:
        return
    section.wrong("value", f"must be a number for {why}, not {quote(published.text)}")


def check_target(section: Section, compare: Section | None, *, mode: str) -> None:
    """A target ("at least 0.95") has a side, so it needs a direction and a mode that knows sides."""
    if mode == "exact":
        section.wrong("kind", "target cannot be compared in mode: exact; use tolerance or distribution")
    if compare is None or not compare.has("better"):
        section.wrong("kind", "target needs compare.better: higher or lower")
    for key in ("per_seed", "sd"):
        if section.has(key):
            section.wrong(
                key, "cannot stand beside kind: target, which is a fixed number; remove one of them"
            )


def _value(section: Section) -> str:
    text = section.raw("value")
    if text is None:
        return ""
    if text != text.strip() or "\n" in text or len(text) > 400:
        section.wrong("value", "must stand on one line, without spaces around it")
    elif is_number(text) and parse_number(text) is None:
        section.wrong("value", f"is a number out of range: {quote(text)}")
    elif text.endswith("%") and is_number(text[:-1].rstrip()):
        section.wrong("value", f"must be written without %, and the metric be in percent too: {quote(text)}")
    return text


def _spread(section: Section) -> tuple[float | None, int | None]:
    """Either the values per seed or their spread, and a spread only with its count."""
    sd = section.read("sd", parse_amount, expected=AMOUNT_EXPECTED)
    m = section.integer("m", low=2, high=10**6)
    for key, other in (("sd", "m"), ("m", "sd")):
        if section.has(key) and not section.has(other):
            section.wrong(key, f"needs {other} beside it")
        if section.has(key) and section.has("per_seed"):
            section.wrong(key, "cannot stand beside per_seed; keep one of them")
    return sd, m
