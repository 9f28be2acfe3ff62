"""What is told about check runs. Who listens hears of their beginning and end; that somebody wants
one again, or pressed one of its buttons, only the App hears that made it.
"""

from typing import Literal

from reprise.forge import views
from reprise.forge.access import Call
from reprise.forge.checks import CheckRun
from reprise.forge.records import Repository, User
from reprise.forge.replies.people import JSON

Action = Literal["created", "completed", "rerequested", "requested_action"]
FOR_EVERYBODY: tuple[Action, ...] = ("created", "completed")


def announce(
    call: Call,
    where: Repository,
    run: CheckRun,
    action: Action,
    *,
    sender: User | None = None,
    identifier: str | None = None,
) -> None:
    """``sender`` is the App's own account unless somebody else did it; ``identifier`` names the button."""
    who = sender or call.signed_in()

    def payload() -> JSON:
        pressed = {"requested_action": {"identifier": identifier}} if identifier is not None else {}
        return {
            "action": action,
            "check_run": views.check_run_in_event(call, where, run),
            **pressed,
            "repository": views.repository(call, where),
            "sender": views.user(call, who.login),
        }

    if action in FOR_EVERYBODY:
        call.forge.dispatcher.tell(where, "check_run", payload, also=run.app_id)
        return
    call.forge.dispatcher.tell_app(run.app_id, where, "check_run", payload)
