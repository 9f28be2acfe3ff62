"""The badge of an experiment: one line of SVG with verdict, level, date, hardware and commit.

The web hands it out for the newest judged run, and a rehearsal writes one into a file for an author to
commit. It needs nothing from outside: no font, no style sheet, no script. Whatever is not known looks like
`UNKNOWN`, so that a private repository cannot be told from one that does not exist.
"""

import html
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import assert_never

from reprise.domain import hardware
from reprise.domain.claims import LEVEL_TEXT
from reprise.domain.forge import State
from reprise.domain.run import FAULT, Judgement, Sha, Verdict
from reprise.domain.statuses import state_of
from reprise.domain.text import clean, cut
from reprise.domain.words import NOT_RUN_TEXT, VERDICT_TEXT

LABEL = "reprise"

_HEIGHT = 20
_PADDING = 8
"""Pixels on either side of a text."""
_MOST = 90
"""Characters of one part."""
_MOST_HARDWARE = 40
_SHORT_COMMIT = 7
_MAKERS_NOISE = re.compile(r"\((?:R|TM)\)|\bCPU\b|\bProcessor\b|\b\d+-Core\b|@.*", re.IGNORECASE)

# White on each of these has a contrast of at least 4.5 : 1, and so has the last pair.
_GREEN, _RED, _AMBER, _BLUE, _GREY = "#1a7f37", "#cf222e", "#9a6700", "#0969da", "#57606a"
_DARK, _LIGHT, _INK = "#24292f", "#eaeef2", "#24292f"


@dataclass(frozen=True, slots=True)
class Badge:
    """What is told about an ended run."""

    experiment: str | None
    """None for the experiment of the root, which needs no name."""
    judgement: Judgement
    commit: Sha
    day: date
    """When it was judged, UTC."""
    hardware: str
    """As `hardware_words` puts it; empty when there was none."""
    rehearsal: bool = False
    """On the author's own machine, without a forge: said on the badge."""
    dirty: bool = False
    """Not what the commit holds."""


def render_badge(badge: Badge | None) -> str:
    """SVG, for None the neutral one. Equal badges are equal bytes."""
    if badge is None:
        return _svg(
            [_Part(LABEL, _DARK), _Part("unknown", _GREY)], "Reprise: unknown, there is no verdict to show"
        )
    label = LABEL if badge.experiment is None else f"{LABEL}/{badge.experiment}"
    parts = [
        _Part(label, _DARK),
        _Part(_verdict(badge.judgement), _colour(badge.judgement)),
        _Part(" · ".join(_details(badge)), _LIGHT, _INK),
    ]
    return _svg(parts, _sentence(badge))


def hardware_words(environment: Mapping[str, str], machine: str) -> str:
    """The GPUs, where there are any, else the processor and how many cores of it.

    ``environment`` is a trial's flattened record, empty when there is none; ``machine`` is what its provider
    calls it, e.g. ``this machine, 2 cores``.
    """
    found = hardware.of_record(environment)
    if found.gpu is not None:
        return found.gpu if found.count == 1 else f"{found.count} × {found.gpu}"
    model = _MAKERS_NOISE.sub(" ", environment.get("cpu.model", ""))
    cores = machine.removeprefix("this machine, ")  # the badge's reader sits before another
    return ", ".join(filter(None, (" ".join(model.split()), cores)))


@dataclass(frozen=True, slots=True)
class _Part:
    text: str
    fill: str
    ink: str = "#fff"

    @property
    def shown(self) -> str:
        return cut(clean(self.text), _MOST)

    @property
    def text_width(self) -> int:
        return round(sum(map(_advance, self.shown)))

    @property
    def width(self) -> int:
        return self.text_width + 2 * _PADDING


def _verdict(judgement: Judgement) -> str:
    if judgement.verdict is Verdict.NOT_RUN:
        return NOT_RUN_TEXT[FAULT[judgement.reason]]
    words = VERDICT_TEXT[judgement.verdict]
    return f"{words}, level {judgement.level.value}" if judgement.level is not None else words


def _colour(judgement: Judgement) -> str:
    """Never the only sign: the words say the same. What ran without a claim is not shown as a success."""
    if judgement.verdict is Verdict.NOT_JUDGED:
        return _BLUE
    match state_of(judgement):
        case State.SUCCESS:
            return _GREEN
        case State.FAILURE:
            return _RED
        case State.ERROR | State.PENDING:
            return _AMBER
        case never:
            assert_never(never)


def _details(badge: Badge) -> list[str]:
    commit = badge.commit[:_SHORT_COMMIT] + (" with changes" if badge.dirty else "")
    where = [cut(clean(badge.hardware), _MOST_HARDWARE)] if badge.hardware else []
    return [*(["rehearsal"] if badge.rehearsal else []), badge.day.isoformat(), *where, commit]


def _sentence(badge: Badge) -> str:
    """For whoever hears the badge, or rests on it."""
    judgement = badge.judgement
    name = f" of {badge.experiment}" if badge.experiment is not None else ""
    level = f" ({LEVEL_TEXT[judgement.level]})" if judgement.level is not None else ""
    reached = sum(claim.verdict is Verdict.REPRODUCED for claim in judgement.claims)
    claims = [f"{reached} of {len(judgement.claims)} claims reproduced"] if judgement.claims else []
    told = [f"{_verdict(judgement)}{level}", *claims, *_details(badge)]
    return cut(clean(f"Reprise{name}: {'; '.join(told)}"), 300)


def _svg(parts: list[_Part], sentence: str) -> str:
    width = sum(part.width for part in parts)
    boxes, texts, x = [], [], 0
    for part in parts:
        boxes.append(f'<rect x="{x}" width="{part.width}" height="{_HEIGHT}" fill="{part.fill}"/>')
        texts.append(
            f'<text x="{x + _PADDING}" y="14" fill="{part.ink}" textLength="{part.text_width}" '
            f'lengthAdjust="spacingAndGlyphs">{html.escape(part.shown)}</text>'
        )
        x += part.width
    told = html.escape(sentence)
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{_HEIGHT}" '
            f'viewBox="0 0 {width} {_HEIGHT}" role="img" aria-label="{told}">',
            f"<title>{told}</title>",
            f'<clipPath id="round"><rect width="{width}" height="{_HEIGHT}" rx="3"/></clipPath>',
            '<g clip-path="url(#round)">',
            *boxes,
            "</g>",
            '<g font-family="Verdana,Geneva,DejaVu Sans,sans-serif" font-size="11" aria-hidden="true">',
            *texts,
            "</g>",
            "</svg>",
            "",
        ]
    )


_ADVANCES = {
    3.4: "ijlI|'.,:;!· ",
    4.5: "frt()[]/-",
    5.9: "ckszvxyJ",
    9.2: "mwMW%@+=",
    7.6: "ABCDEFGHKLNOPQRSTUVXYZ&",
}
"""Pixels at a size of 11 in Verdana, on which the other fonts are squeezed or stretched a little."""
_WIDTH_OF = {character: width for width, characters in _ADVANCES.items() for character in characters}


def _advance(character: str) -> float:
    return _WIDTH_OF.get(character, 6.9 if character.isascii() else 11.0)
