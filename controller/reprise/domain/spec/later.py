"""Sections of version 1 whose features do not exist yet: their values are checked, then they are refused.

So a spec that is written for a later release gets the same advice about its mistakes as it will then.
"""

from reprise.domain.spec.section import Section


def refuse_later_sections(root: Section) -> None:
    _checkpoint(root)
    root.later("checkpoint")


def _checkpoint(root: Section) -> None:
    checkpoint = root.section("checkpoint")
    if checkpoint:
        checkpoint.require("path")
        checkpoint.folder("path")
        checkpoint.choice("resume", ("exact", "approximate"))
