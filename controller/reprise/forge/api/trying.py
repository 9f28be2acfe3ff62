"""Not GitHub's: trouble and small limits on request, to try out how a program takes them.

Beside the REST calls, at ``/settings``; anybody with an account of this forge may ask.
"""

from typing import Annotated, Literal

from fastapi import APIRouter, Request, Response
from pydantic import Field

from reprise.forge.access import Forge, forge_of, sender
from reprise.forge.api.bodies import Body, Raw, parse
from reprise.forge.faults import Fault, Kind
from reprise.forge.problems import Problem
from reprise.forge.records import User
from reprise.forge.replies.people import JSON

router = APIRouter()
MAX_SECONDS = 3_600


class NewFault(Body):
    fault: Annotated[Kind, Field(strict=False)]
    method: Literal["*", "GET", "POST", "PUT", "PATCH", "DELETE"] = "*"
    path: Annotated[str, Field(pattern="^[/*]")] = "*"
    times: Annotated[int, Field(ge=1, le=1_000)] = 1
    seconds: Annotated[int, Field(ge=0, le=MAX_SECONDS)] | None = None


class NewLimit(Body):
    calls: Annotated[int, Field(ge=0)]
    seconds: Annotated[int, Field(ge=1, le=MAX_SECONDS)] = MAX_SECONDS


@router.post("/settings/faults", status_code=201)
def add(request: Request, raw: Raw) -> list[JSON]:
    forge = _asked(request)
    wanted = parse(NewFault, raw, "Fault")
    forge.faults.add(Fault(wanted.fault, wanted.method, wanted.path, wanted.times, wanted.seconds))
    return _listed(forge)


@router.get("/settings/faults")
def waiting(request: Request) -> list[JSON]:
    return _listed(_asked(request))


@router.delete("/settings/faults", status_code=204)
def clear(request: Request) -> Response:
    _asked(request).faults.clear()
    return Response(status_code=204)


@router.put("/settings/rate-limit", status_code=204)
def limit(request: Request, raw: Raw) -> Response:
    forge = _asked(request)
    wanted = parse(NewLimit, raw, "RateLimit")
    forge.meter.allow(wanted.calls, wanted.seconds)
    return Response(status_code=204)


def _asked(request: Request) -> Forge:
    forge = forge_of(request)
    if not isinstance(sender(forge.store, request.headers.get("authorization")), User):
        raise Problem(401, "Show the token of an account of this forge.")
    return forge


def _listed(forge: Forge) -> list[JSON]:
    return [
        {
            "fault": each.kind.value,
            "method": each.method,
            "path": each.path,
            "times": each.times,
            "seconds": each.seconds,
        }
        for each in forge.faults.waiting()
    ]
