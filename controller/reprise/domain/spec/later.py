"""Sections of version 1 whose features do not exist yet: their values are checked, then they are refused.

So a spec that is written for a later release gets the same advice about its mistakes as it will then.
"""

from reprise.domain.spec.section import Section


def refuse_later_sections(root: Section) -> None:
    _reference(root)
    _checkpoint(root)
    for key in ("reference", "checkpoint"):
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
