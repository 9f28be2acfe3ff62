"""Cuts GitHub's OpenAPI description down to the calls that this project makes or answers.

The whole description is 13 MB; ``openapi.json`` beside this file is what is left of it, byte for byte
reproducible. It is the oracle of `tests/openapi.py`. ``events.json`` holds the names of all webhook events.
To make both again, in a temporary folder:

    npm pack @octokit/openapi@23.0.2
    tar xf octokit-openapi-23.0.2.tgz package/generated/api.github.com.json
    python tests/samples/github/trim.py package/generated/api.github.com.json

The description is MIT licensed by the Octokit contributors: the notice is in ``LICENSE``.
"""

import argparse
import json
from pathlib import Path
from typing import Any

SOURCE = "@octokit/openapi"
HERE = Path(__file__).parent
REPO = "/repos/{owner}/{repo}"
PATHS = (
    "/app",
    "/app-manifests/{code}/conversions",
    "/app/hook/config",
    "/app/hook/deliveries",
    "/app/hook/deliveries/{delivery_id}",
    "/app/hook/deliveries/{delivery_id}/attempts",
    "/app/installations",
    "/app/installations/{installation_id}",
    "/app/installations/{installation_id}/access_tokens",
    "/app/installations/{installation_id}/suspended",
    "/apps/{app_slug}",
    "/installation/repositories",
    "/installation/token",
    "/orgs/{org}/installation",
    "/orgs/{org}/repos",
    "/rate_limit",
    "/user",
    "/user/repos",
    "/users/{username}",
    "/users/{username}/installation",
    "/users/{username}/repos",
    REPO,
    REPO + "/check-runs",
    REPO + "/check-runs/{check_run_id}",
    REPO + "/check-runs/{check_run_id}/annotations",
    REPO + "/check-runs/{check_run_id}/rerequest",
    REPO + "/collaborators/{username}",
    REPO + "/collaborators/{username}/permission",
    REPO + "/comments",
    REPO + "/comments/{comment_id}",
    REPO + "/comments/{comment_id}/reactions",
    REPO + "/commits/{commit_sha}/comments",
    REPO + "/commits/{ref}",
    REPO + "/commits/{ref}/check-runs",
    REPO + "/commits/{ref}/status",
    REPO + "/commits/{ref}/statuses",
    REPO + "/forks",
    REPO + "/git/matching-refs/{ref}",
    REPO + "/git/ref/{ref}",
    REPO + "/git/refs",
    REPO + "/git/refs/{ref}",
    REPO + "/git/tags",
    REPO + "/git/tags/{tag_sha}",
    REPO + "/hooks",
    REPO + "/hooks/{hook_id}",
    REPO + "/hooks/{hook_id}/deliveries",
    REPO + "/hooks/{hook_id}/deliveries/{delivery_id}",
    REPO + "/hooks/{hook_id}/deliveries/{delivery_id}/attempts",
    REPO + "/hooks/{hook_id}/pings",
    REPO + "/installation",
    REPO + "/issues/comments",
    REPO + "/issues/comments/{comment_id}",
    REPO + "/issues/comments/{comment_id}/reactions",
    REPO + "/issues/comments/{comment_id}/reactions/{reaction_id}",
    REPO + "/issues/{issue_number}",
    REPO + "/issues/{issue_number}/comments",
    REPO + "/pulls",
    REPO + "/pulls/{pull_number}",
    REPO + "/statuses/{sha}",
    REPO + "/tags",
    REPO + "/transfer",
)


def trim(whole: dict[str, Any]) -> dict[str, Any]:
    """The chosen paths and every component that they reach; examples and tags are left out."""
    paths = {path: without_examples(whole["paths"][path]) for path in PATHS}
    return {
        "openapi": whole["openapi"],
        "info": {**whole["info"], "x-trimmed-from": f"{SOURCE} {whole['info']['version']}"},
        "servers": whole["servers"],
        "paths": paths,
        "components": reachable(paths, whole["components"]),
    }


def reachable(paths: dict[str, Any], components: dict[str, Any]) -> dict[str, dict[str, Any]]:
    kept: dict[str, dict[str, Any]] = {}
    waiting = references(paths)
    while waiting:
        kind, name = waiting.pop()
        if name in kept.get(kind, {}):
            continue
        component = without_examples(components[kind][name])
        kept.setdefault(kind, {})[name] = component
        waiting |= references(component)
    return {kind: dict(sorted(kept[kind].items())) for kind in sorted(kept)}


def references(node: Any) -> set[tuple[str, str]]:
    if isinstance(node, list):
        return set().union(*map(references, node))
    if not isinstance(node, dict):
        return set()
    found = set().union(*map(references, node.values()))
    if isinstance(node.get("$ref"), str):
        _, _, kind, name = node["$ref"].split("/")
        found.add((kind, name))
    return found


def without_examples(node: Any) -> Any:
    """Examples stand beside a schema; a property that is called so is kept."""
    if isinstance(node, list):
        return [without_examples(item) for item in node]
    if not isinstance(node, dict):
        return node
    unwanted = {"examples", "example"} if "schema" in node else set()
    return {key: without_examples(value) for key, value in node.items() if key not in unwanted}


def events(whole: dict[str, Any]) -> list[str]:
    """The names of all webhook events, as their headers carry them."""
    hooks = (each["post"] for each in whole["x-webhooks"].values())
    headers = (each for hook in hooks for each in hook["parameters"] if each["in"] == "header")
    return sorted({each["example"] for each in headers if each["name"].lower() == "x-github-event"})


def main() -> None:
    arguments = argparse.ArgumentParser(description="Write openapi.json and events.json beside this script.")
    arguments.add_argument("description", type=Path, help="api.github.com.json of " + SOURCE)
    whole = json.loads(arguments.parse_args().description.read_text(encoding="utf-8"))
    text = json.dumps(trim(whole), indent=1, ensure_ascii=False)
    (HERE / "openapi.json").write_text(text + "\n", encoding="utf-8")
    (HERE / "events.json").write_text(json.dumps(events(whole), indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
