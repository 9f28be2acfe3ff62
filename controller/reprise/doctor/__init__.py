"""``reprise doctor``: looks at every system that the settings name, and says the next step where one fails.

Nothing is changed. The controller may run meanwhile.
"""

from dataclasses import asdict
from typing import Any

from reprise.bootstrap import forge_of
from reprise.doctor.finding import Finding
from reprise.doctor.forge import examine_forge
from reprise.doctor.here import examine_here
from reprise.settings import Settings


def examine(settings: Settings) -> tuple[Finding, ...]:
    forge = forge_of(settings)
    try:
        return (*examine_here(settings), *examine_forge(settings, forge))
    finally:
        forge.close()


def render(findings: tuple[Finding, ...]) -> str:
    width = max(len(finding.name) for finding in findings)
    return "\n".join(_line(finding, width) for finding in findings)


def as_object(findings: tuple[Finding, ...]) -> dict[str, Any]:
    return {"ok": all(f.ok for f in findings), "findings": [asdict(finding) for finding in findings]}


def _line(finding: Finding, width: int) -> str:
    then = f"; {finding.next_step}" if finding.next_step is not None else ""
    return f"{'ok' if finding.ok else 'problem':<8} {finding.name:<{width}}  {finding.said}{then}"
