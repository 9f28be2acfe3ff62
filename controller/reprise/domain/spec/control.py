"""Section ``control`` of a claim: the variant of the job that must not reach its bar."""

from reprise.domain.spec.model import Control
from reprise.domain.spec.section import Section

MOST_ARGS = 100


def read_control(claim: Section) -> Control | None:
    control = claim.section("control")
    if control is None:
        return None
    control.require("args")
    args = control.texts("args")
    if control.has("args") and args == ():
        control.wrong("args", "is empty: the control would be the job itself, which reaches the bar")
    if args is not None and len(args) > MOST_ARGS:
        control.wrong("args", f"has {len(args)} texts; at most {MOST_ARGS} are passed")
    return Control(args) if args else None
