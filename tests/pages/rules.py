"""docs/rules/index.md: every rule of `reprise check`, by the barrier that it takes down."""

from reprise.domain.lint.model import Barrier, Rule
from reprise.domain.lint.rules import RULES

HEAD = """# The rules of `reprise check`

Each has a page: what it finds, why it matters, and what to write. How findings are ignored, kept as known
or mended stands in [checking a repository](../check.md). Ids are permanent.
"""


def page() -> str:
    return HEAD + "".join(_section(barrier) for barrier in Barrier)


def _section(barrier: Barrier) -> str:
    rows = "".join(map(_row, (rule for rule in RULES if rule.barrier is barrier)))
    return f"\n## {barrier.value.capitalize()}\n\n| rule | finds | severity | why |\n|--|--|--|--|\n{rows}"


def _row(rule: Rule) -> str:
    return f"| [{rule.id}]({rule.id}.md) | {rule.title} | {rule.severity.value} | {rule.why} |\n"
