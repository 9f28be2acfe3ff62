"""The one webhook of an App and its delivery log. Only for the App itself, with its JWT."""

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from reprise.forge.access import Asking, Call
from reprise.forge.api import delivery_log
from reprise.forge.api.bodies import HookConfigChange, Raw, parse
from reprise.forge.api.hooks import refuse_elsewhere
from reprise.forge.problems import not_found
from reprise.forge.records import Hook
from reprise.forge.replies import hooks
from reprise.forge.replies.people import JSON

router = APIRouter()


@router.get("/app/hook/config")
def config(call: Asking) -> JSON:
    return hooks.config(_hook(call))


@router.patch("/app/hook/config")
def change(call: Asking, raw: Raw) -> JSON:
    hook = _hook(call)
    wanted = parse(HookConfigChange, raw, "Hook")
    url, secret = wanted.url or hook.url, hook.secret if wanted.secret is None else wanted.secret
    refuse_elsewhere(url)
    return hooks.config(call.store.change(Hook, hook.id, url=url, secret=secret))


@router.get("/app/hook/deliveries")
def deliveries(call: Asking, request: Request) -> JSONResponse:
    return delivery_log.listed(call, _hook(call), request)


@router.get("/app/hook/deliveries/{delivery_id}")
def delivery(delivery_id: int, call: Asking) -> JSON:
    return delivery_log.shown(call, _hook(call), delivery_id)


@router.post("/app/hook/deliveries/{delivery_id}/attempts", status_code=202)
def redeliver(delivery_id: int, call: Asking) -> JSON:
    return delivery_log.again(call, _hook(call), delivery_id)


def _hook(call: Call) -> Hook:
    found = call.store.one(Hook, app_id=call.as_app().id)
    if found is None:
        raise not_found()
    return found
