"""Whatever happens, no secret of a setting is found anywhere afterwards."""

import base64
import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.integration.spine.controller import Controller
from tests.integration.spine.papers import WRITE, tiny
from tests.integration.spine.papers import paper as written
from tests.integration.spine.town import SECRET, Paper, Town

pytestmark = pytest.mark.real

OPERATOR = "c4n4ry-of-the-operator-0123456789"
SPEC = """\
version: 1
name: tiny
run: {command: [python, train.py], timeout: 1m}
artifacts: [{path: results/environment.json}]
claims:
  - id: accuracy
    metric: {file: results/metrics.json, pointer: /accuracy}
    published: {value: "0.97"}
"""
CURIOUS = (
    WRITE.replace("VALUE", "0.97")
    + """\
with open("results/environment.json", "w") as file:
    json.dump(dict(os.environ), file)
print(dict(os.environ))
"""
)


def test_no_secret_is_in_any_log_row_file_page_status_or_comment(
    controller: Controller, town: Town, paper: Paper, cache: Path, tmp_path: Path
) -> None:
    watched = controller.with_settings(REPRISE_HTTP__OPERATOR_TOKEN=OPERATOR)
    secrets = {"token": town.tokens["bot"], "webhook": SECRET, "operator": OPERATOR}
    with watched:
        shas = [
            paper.push_tag(_curious(), "v1"),
            paper.push_tag(tiny("broken") | {"reprise.yaml": "version: 1\nnonsense: 1\n"}, "v2"),
        ]
        runs = [watched.await_run(tag) for tag in ("v1", "v2")]
        pages = ["/", "/metrics", "/readyz", "/login", "/api/v1/runs"]
        for run in runs:
            pages += [f"/runs/{run['run_id']}", f"/api/v1/runs/{run['run_id']}"]
        shown = {path: watched.page(path).content for path in pages}
        posted = [json.dumps(paper.statuses(sha) + paper.comments(sha)).encode() for sha in shas]
        first_life = watched.log
        watched.terminate()
        watched.start()

    assert runs[0]["verdict"] == "reproduced"
    environment = json.loads(next((controller.state / "runs").rglob("environment.json")).read_text())
    assert environment["REPRISE_SEED"] == "0", "the job's own view is among what is searched"
    assert first_life.stat().st_size > 0
    texts = {**shown, **{f"posted on {sha}": said for sha, said in zip(shas, posted, strict=True)}}
    for folder in (tmp_path / "controller", cache):
        texts |= {str(path): path.read_bytes() for path in _files(folder)}
    found = [(name, where) for where, text in texts.items() for name, s in secrets.items() if _holds(text, s)]
    assert found == []


@pytest.mark.parametrize("before", ["", "x", "xy", "bot:"])
def test_the_search_finds_a_secret_in_every_form_in_which_it_travels(before: str) -> None:
    basic = base64.b64encode(f"{before}{OPERATOR}".encode())
    assert _holds(b"Authorization: Basic " + basic + b"\n", OPERATOR)
    assert _holds(json.dumps({"x": before + OPERATOR}).encode(), OPERATOR)
    assert not _holds(base64.b64encode(b"something else of about this length"), OPERATOR)


def _curious() -> dict[str, str | bytes]:
    """A job that tells everything that it was given."""
    return written(CURIOUS, SPEC)


def _files(folder: Path) -> Iterator[Path]:
    for root, _, names in os.walk(folder):
        for name in names:
            path = Path(root, name)
            if path.is_file() and not path.is_symlink():
                yield path


def _holds(text: bytes, secret: str) -> bool:
    return any(form in text for form in _forms(secret.encode()))


def _forms(secret: bytes) -> Iterator[bytes]:
    """As it is, and inside base64 at each of the three alignments, without the characters it shares."""
    yield secret
    for shift in range(3):
        encoded = base64.b64encode(b"\0" * shift + secret)
        yield encoded[4 if shift else 0 : len(encoded) - 4]
