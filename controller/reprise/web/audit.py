"""The audit as JSON: every line of the controller in pages, and what was spent on whose account."""

from typing import Any

from fastapi import APIRouter, Request

from reprise.domain.audit import Action, Line, sentence
from reprise.store import audit
from reprise.store.audit import Filter
from reprise.web.context import Context
from reprise.web.query import API, one_of, read_query, whole_number

_MOST = 1000


def audit_routes(context: Context) -> APIRouter:
    router = APIRouter(prefix=API)
    store = context.world.store

    @router.get("/audit")
    def list_lines(request: Request) -> dict[str, Any]:
        """In the order of writing; ``next`` is the ``after`` of the next page, None at the end."""
        query = read_query(request, "after", "limit", "repository", "who", "action")
        action = one_of(query, "action", tuple(each.value for each in Action))
        wanted = Filter(
            None, query.get("repository"), query.get("who"), Action(action) if action is not None else None
        )
        after = whole_number(query, "after", 0, least=0)
        most = whole_number(query, "limit", 200, least=1, most=_MOST)
        with store.read() as connection:
            found = audit.lines(connection, wanted, after=after, limit=most + 1)
        shown = found[:most]
        return {
            "audit": [line_object(line) for line in shown],
            "next": shown[-1].number if len(found) > most else None,
        }

    @router.get("/spent")
    def list_spent(request: Request) -> dict[str, Any]:
        """What was spent in which repository on whose account, most first."""
        query = read_query(request, "repository", "who")
        with store.read() as connection:
            found = audit.spent(connection, Filter(None, query.get("repository"), query.get("who")))
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
