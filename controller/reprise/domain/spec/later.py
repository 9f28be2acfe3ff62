"""Sections of version 1 whose features do not exist yet: their values are checked, then they are refused.

So a spec that is written for a later release gets the same advice about its mistakes as it will then.
"""

from reprise.domain.spec.quantities import parse_positive
from reprise.domain.spec.section import Section

UNITS_EXPECTED = "a number of service units above 0"


def refuse_later_sections(root: Section) -> None:
    _reference(root)
    _checkpoint(root)
    _policy(root)
    for key in ("reference", "checkpoint", "policy"):
        root.later(key)


def _reference(root: Section) -> None:
    reference = root.section("reference")
    if reference is None:
        return
    reference.file("environment")
    hardware = reference.section("hardware")
    if hardware:
        hardware.line("gpu")
        hardware.integer("count", low=1, high=1024)


def _checkpoint(root: Section) -> None:
    checkpoint = root.section("checkpoint")
    if checkpoint:
        checkpoint.require("path")
        checkpoint.folder("path")
        checkpoint.choice("resume", ("exact", "approximate"))


def _policy(root: Section) -> None:
    policy = root.section("policy")
    if policy:
        policy.texts("who")
        policy.texts("backends")
        policy.read("max_su_per_run", parse_positive, expected=UNITS_EXPECTED)
        policy.read("max_su_per_month", parse_positive, expected=UNITS_EXPECTED)
