"""The code of a new App for its key and secrets: the second half of the manifest flow, without signing in."""

from fastapi import APIRouter

from reprise.forge import manifests, views
from reprise.forge.access import Asking
from reprise.forge.replies.people import JSON

router = APIRouter()


@router.post("/app-manifests/{code}/conversions", status_code=201)
def convert(code: str, call: Asking) -> JSON:
    app, secrets = manifests.redeem(call.store, code)
    return {**views.app(call, app), "client_id": app.client_id, **secrets}
