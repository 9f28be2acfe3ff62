"""Where the published numbers come from, and what must not reach their bar."""

import pytest
from tests.unit.spec.reading import SMALLEST, good

from reprise.domain.spec.model import Control, Hardware, Reference


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", Reference()),
        ('reference: {hardware: {gpu: "A100-80GB"}}', Reference(Hardware("A100-80GB", 1))),
        ("reference: {hardware: {gpu: RTX 6000, count: 4}}", Reference(Hardware("RTX 6000", 4))),
        ("reference: {hardware: {gpu: none}}", Reference(Hardware(None, 0))),
        ("reference: {hardware: {gpu: CPU only}}", Reference(Hardware(None, 0))),
        ("reference: {environment: results/env.json}", Reference(None, "results/env.json")),
        (
            "reference: {hardware: {gpu: H100}, environment: ./env.json}",
            Reference(Hardware("H100", 1), "env.json"),
        ),
    ],
)
def test_a_reference_is_read(text: str, expected: Reference) -> None:
    assert good(SMALLEST + text).reference == expected


def test_a_control_is_read_with_its_texts_as_written() -> None:
    text = "claims: [{id: a, metric: {file: m.json}, published: {value: 1}, control: {args: [--n, 010, no]}}]"
    (claim,) = good(SMALLEST + text).claims
    assert claim.control == Control(("--n", "010", "no"))
