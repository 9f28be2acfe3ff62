"""The audit as JSON: every line of the controller in pages, and what was spent on whose account."""

from typing import Any

from fastapi import APIRouter, HTTPException

from reprise.domain.audit import Action, Line, sentence
from reprise.store import audit
from reprise.store.audit import Filter
from reprise.web.context import Context

_MOST = 1000


def audit_routes(context: Context) -> APIRouter:
    router = APIRouter(prefix="/api/v1")
    store = context.world.store

    @router.get("/audit")
    def list_lines(
        after: int = 0,
        limit: int = 200,
        repository: str | None = None,
        who: str | None = None,
        action: str | None = None,
    ) -> dict[str, Any]:
        """In the order of writing; ``next`` is the ``after`` of the next page, None at the end."""
        wanted = Filter(None, repository, who, _action(action))
        most = max(1, min(limit, _MOST))
        with store.read() as connection:
            found = audit.lines(connection, wanted, after=after, limit=most + 1)
        shown = found[:most]
        return {
            "audit": [line_object(line) for line in shown],
            "next": shown[-1].number if len(found) > most else None,
        }

    @router.get("/spent")
    def list_spent(repository: str | None = None, who: str | None = None) -> dict[str, Any]:
        """What was spent in which repository on whose account, most first."""
        with store.read() as connection:
            found = audit.spent(connection, Filter(None, repository, who))
        return {
            "spent": [
                {
                    "repository": each.repository,
                    "who": each.who,
                    "amount": round(each.amount, 3),
                    "unit": each.unit.value,
                    "runs": each.runs,
                }
                for each in found
            ]
        }

    return router


def line_object(line: Line) -> dict[str, Any]:
    deed = line.deed
    return {
        "number": line.number,
        "at": deed.at.isoformat(),
        "action": deed.action.value,
        "who": deed.who,
        "says": sentence(deed),
        "repository": deed.repository,
        "run_id": deed.run_id,
        "ref": deed.ref,
        "commit": deed.commit,
        "delivery": deed.delivery,
        "comment_id": deed.comment_id,
        "amount": round(deed.amount, 3) if deed.amount is not None else None,
        "unit": deed.unit.value if deed.unit is not None else None,
        "detail": deed.detail,
    }


def _action(name: str | None) -> Action | None:
    if name is None:
        return None
    known = {action.value: action for action in Action}
    if name not in known:
        raise HTTPException(400, f"there is no action {name[:60]!r}: it is one of {', '.join(known)}")
    return known[name]
