"""Who there is: accounts of the services and of two people, with application credentials of both kinds."""

from typing import Any

from tests.openstack.api import Api, by_password
from tests.openstack.machines import USERS
from tests.openstack.place import PASSWORD, REGION, Place

SERVICES = {
    "placement": ("placement", ""),
    "glance": ("image", ""),
    "neutron": ("network", ""),
    "nova": ("compute", "/v2.1"),
    "blazar": ("reservation", "/v1"),
}
"""Each with its type in the catalogue and the path of its endpoint."""

KINDS = {"restricted": False, "unrestricted": True}


def add_services(api: Api, place: Place) -> None:
    roles = role_ids(api)
    project = add_project(api, "service")
    for name, (kind, path) in SERVICES.items():
        user = add_user(api, name)
        for role in ("admin", "service"):
            api.put("keystone", f"/projects/{project}/users/{user}/roles/{roles[role]}")
        service = api.post("keystone", "/services", {"service": {"name": name, "type": kind}})["service"][
            "id"
        ]
        for interface in ("public", "internal", "admin"):
            endpoint = {"service_id": service, "interface": interface, "region_id": REGION}
            api.post("keystone", "/endpoints", {"endpoint": {**endpoint, "url": f"{place.url(name)}{path}"}})


def add_people(api: Api, place: Place) -> dict[str, Any]:
    """What tests are told of them."""
    role = role_ids(api)["member"]
    people = {}
    for name, project in USERS.items():
        project_id, user_id = add_project(api, project), add_user(api, name)
        api.put("keystone", f"/projects/{project_id}/users/{user_id}/roles/{role}")
        with Api(place, by_password(name, project)) as theirs:
            credentials = {kind: add_credential(theirs, user_id, kind) for kind in KINDS}
        ids = {"user_id": user_id, "project_id": project_id}
        people[name] = {"name": name, "project": project, **ids, "credentials": credentials}
    return people


def add_credential(theirs: Api, user_id: str, kind: str) -> dict[str, str]:
    wanted = {"name": kind, "unrestricted": KINDS[kind]}
    path = f"/users/{user_id}/application_credentials"
    made = theirs.post("keystone", path, {"application_credential": wanted})["application_credential"]
    return {"id": made["id"], "secret": made["secret"]}


def add_project(api: Api, name: str) -> str:
    made = api.post("keystone", "/projects", {"project": {"name": name, "domain_id": "default"}})
    return str(made["project"]["id"])


def add_user(api: Api, name: str) -> str:
    wanted = {"name": name, "password": PASSWORD, "domain_id": "default"}
    return str(api.post("keystone", "/users", {"user": wanted})["user"]["id"])


def role_ids(api: Api) -> dict[str, str]:
    return {role["name"]: role["id"] for role in api.get("keystone", "/roles")["roles"]}
