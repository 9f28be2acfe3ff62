"""The badge as it is embedded: kept whole as samples, readable by everybody, harmless whatever is in it."""

import re
from dataclasses import replace
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.badge.examples import EXAMPLES, FOLDER, badge

from reprise.domain.badge import Badge, hardware_words, render_badge
from reprise.domain.run import Reason, Sha, Verdict

SVG = "{http://www.w3.org/2000/svg}"
AWARDED = ("available", "functional", "reusable", "results", "replicated", "validated", "acm", "certified")


@pytest.mark.parametrize("name", EXAMPLES)
def test_badges_look_like_the_samples(name: str) -> None:
    """Written again by ``python -m tests.unit.badge.examples``."""
    assert render_badge(EXAMPLES[name]) == (FOLDER / f"{name}.svg").read_text(encoding="utf-8")


def test_there_is_no_sample_without_an_example() -> None:
    assert {file.stem for file in FOLDER.iterdir()} == set(EXAMPLES)


@pytest.mark.parametrize("name", EXAMPLES)
def test_whoever_does_not_see_it_hears_everything_that_it_shows(name: str) -> None:
    drawn = ElementTree.fromstring(render_badge(EXAMPLES[name]))
    told = drawn.attrib["aria-label"]
    assert drawn.attrib["role"] == "img"
    assert drawn.findtext(f"{SVG}title") == told
    shown = [text.text or "" for text in drawn.iter(f"{SVG}text")]
    for part in (piece for text in shown[1:] for piece in text.split(" · ")):
        assert part in told


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_text_stands_out_from_its_ground(name: str) -> None:
    """By the 4.5 : 1 of the Web Content Accessibility Guidelines."""
    drawn = ElementTree.fromstring(render_badge(EXAMPLES[name]))
    grounds = [box.attrib["fill"] for box in drawn.iter(f"{SVG}rect") if "fill" in box.attrib]
    texts = [text.attrib["fill"] for text in drawn.iter(f"{SVG}text")]
    assert len(grounds) == len(texts) >= 2
    for ground, text in zip(grounds, texts, strict=True):
        assert _contrast(ground, text) >= 4.5


@pytest.mark.parametrize("name", EXAMPLES)
def test_it_needs_nothing_from_outside_and_claims_nothing_that_others_award(name: str) -> None:
    drawn = render_badge(EXAMPLES[name])
    assert re.findall(r"https?://[^\"<]*", drawn) == ["http://www.w3.org/2000/svg"]
    assert not re.search(r"<(script|style|image|use|foreignObject)|@import|url\((?!#)|href", drawn)
    assert not any(word in drawn.lower() for word in AWARDED)


@pytest.mark.parametrize("verdict", Verdict)
@pytest.mark.parametrize("reason", Reason)
def test_every_verdict_and_reason_has_a_badge(verdict: Verdict, reason: Reason) -> None:
    drawn = render_badge(badge(verdict, reason=reason))
    assert ("#1a7f37" in drawn) == (verdict is Verdict.REPRODUCED)


@given(text=st.text(), commit=st.text(max_size=50))
def test_no_text_of_a_stranger_breaks_out(text: str, commit: str) -> None:
    plain = badge()
    drawn = render_badge(replace(plain, experiment=text, hardware=text, commit=Sha(commit)))
    kinds = [element.tag for element in ElementTree.fromstring(drawn).iter()]
    assert kinds == [element.tag for element in ElementTree.fromstring(render_badge(plain)).iter()]
    assert len(drawn) < 6000


@pytest.mark.parametrize(
    ("environment", "machine", "words"),
    [
        ({}, "this machine, 2 cores", "2 cores"),
        ({}, "", ""),
        ({"cpu.model": "AMD EPYC 9V74 80-Core Processor"}, "this machine, 2 cores", "AMD EPYC 9V74, 2 cores"),
        ({"cpu.model": "Intel(R) Xeon(R) Gold 6126 CPU @ 2.60GHz"}, "", "Intel Xeon Gold 6126"),
        ({"cpu.model": "any", "gpu.0.name": "Tesla T4"}, "this machine, 2 cores", "Tesla T4"),
        ({"gpu.0.name": "NVIDIA H200", "gpu.1.name": "NVIDIA H200"}, "", "2 × NVIDIA H200"),
    ],
)
def test_hardware_is_the_gpu_else_the_processor(
    environment: dict[str, str], machine: str, words: str
) -> None:
    assert hardware_words(environment, machine) == words


def test_a_rehearsal_says_so_first() -> None:
    assert _details(badge(rehearsal=True)).startswith("rehearsal · ")
    assert _details(badge(rehearsal=True, dirty=True)).endswith(" with changes")


def _details(shown: Badge) -> str:
    return [text.text or "" for text in ElementTree.fromstring(render_badge(shown)).iter(f"{SVG}text")][-1]


def _contrast(one: str, other: str) -> float:
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def _luminance(colour: str) -> float:
    digits = colour[1:] if len(colour) == 7 else "".join(2 * digit for digit in colour[1:])
    parts = [int(digits[start : start + 2], 16) / 255 for start in (0, 2, 4)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
