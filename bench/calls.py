"""How many calls to the forge one run makes: GitHub limits them, and all runs of an installation share them.

A real controller and a real forge with a proxy between them that counts. With a token and as an App: a tag's
run in a controller that has just started, then a pull request's, both long enough to be shown as running.
"""

import http.client
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from bench.printed import Bar, Part, number
from bench.scene import Scene, awaited, scene
from reprise.forge import server

MOST_WRITES, MOST_READS = 15, 10
SECONDS = 18
"""Of the job: phases that follow each other within 15 s are shown together."""
FILES = {
    "train.py": f"import time\ntime.sleep({SECONDS})\nprint('done')\n",
    "requirements.txt": "",
    "reprise.yaml": "version: 1\nname: trivial\nrun: {command: [python, train.py]}\n",
}
PERMISSIONS = {
    "metadata": "read",
    "contents": "read",
    "checks": "write",
    "issues": "write",
    "pull_requests": "read",
    "statuses": "write",
}
_API = "/api/v3/"
_HOP = ("connection", "transfer-encoding", "content-length", "host")


def measure() -> Part:
    found: dict[str, list[str]] = {}
    for who, settings in (("token", _token), ("App", _app)):
        with scene(FILES) as around, counting(around.services.forge_url) as (url, calls):
            around.add_hook("push", "create", "issue_comment")
            around.start_controller({"REPRISE_GITHUB__API_URL": f"{url}/api/v3", **settings(around)})
            awaited(partial(around.log, "repository watched"))
            for number_, (what, start) in enumerate((("tag", _tag), ("pull request", _pull_request)), 1):
                before = len(calls)
                start(around)
                awaited(partial(_done, around, number_), seconds=180)
                found[f"{what}, {who}"] = calls[before:]
    return told(found)


def told(found: Mapping[str, list[str]]) -> Part:
    counts = {name: _count(calls) for name, calls in found.items()}
    writes = max(writes for writes, _ in counts.values())
    reads = max(reads for _, reads in counts.values())
    return Part(
        "calls",
        "Calls to the forge for one run",
        (
            Bar("writes beside the goal of 15", writes / MOST_WRITES, at_most=1),
            Bar("reads beside the goal of 10", reads / MOST_READS, at_most=1),
        ),
        ("run", "writes", "reads"),
        tuple((name, number(writes), number(reads)) for name, (writes, reads) in counts.items()),
        (f"A job of {SECONDS} s without claims; the tag's run in a controller that had just started.",),
    )


def _count(calls: list[str]) -> tuple[int, int]:
    reads = sum(call.startswith("GET ") for call in calls)
    return len(calls) - reads, reads


def _token(around: Scene) -> dict[str, str]:
    return {}


def _app(around: Scene) -> dict[str, str]:
    folder = around.services.folder / "forge"
    made = server.add_app(folder, "ada", "Reprise of the benchmark", permissions=PERMISSIONS)
    server.install_app(folder, made, "ada")
    return {
        "REPRISE_GITHUB__TOKEN": "",
        "REPRISE_GITHUB__APP_ID": str(made.app.id),
        "REPRISE_GITHUB__PRIVATE_KEY": made.pem,
    }


def _tag(around: Scene) -> None:
    around.push_tags("v", 1)


def _pull_request(around: Scene) -> None:
    around.ada.git(around.copy, "checkout", "--quiet", "-b", "more")
    around.commit("more")
    around.ada.git(around.copy, "push", "--quiet", "origin", "more")
    around.ada.call("POST", f"repos/{around.name}/pulls", title="More", head="more", base="main")
    around.ada.call("POST", f"repos/{around.name}/issues/1/comments", body="/reproduce")


def _done(around: Scene, wanted: int) -> bool:
    """As many runs have told everything."""
    runs: list[dict[str, Any]] = around.api("/runs")["runs"]
    return [run["phase"] for run in runs] == ["done"] * wanted


# --- between ----------------------------------------------------------------------------------------


@contextmanager
def counting(upstream: str) -> Iterator[tuple[str, list[str]]]:
    """A proxy's URL, and ``METHOD path`` of every call to the API that came through."""
    calls: list[str] = []
    listening = ThreadingHTTPServer(("127.0.0.1", 0), _handler(upstream, calls.append))
    listening.daemon_threads = True
    thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.server_port}", calls
    finally:
        listening.shutdown()
        listening.server_close()
        thread.join()


def _handler(upstream: str, note: Callable[[str], None]) -> type[BaseHTTPRequestHandler]:
    address = urlsplit(upstream).netloc

    class Handler(BaseHTTPRequestHandler):
        def handle_any(self) -> None:
            if self.path.startswith(_API):
                note(f"{self.command} {self.path}")
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            asking = http.client.HTTPConnection(address, timeout=60)
            headers = {name: value for name, value in self.headers.items() if name.lower() != "connection"}
            asking.request(self.command, self.path, body, {**headers, "Connection": "close"})
            reply = asking.getresponse()
            content = reply.read()
            asking.close()
            self.send_response_only(reply.status, reply.reason)
            for name, value in reply.getheaders():
                if name.lower() not in _HOP:
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = handle_any

        def log_message(self, format: str, *args: object) -> None:
            pass

    return Handler


if __name__ == "__main__":
    began = time.monotonic()
    print(measure().text())
    print(f"\n{time.monotonic() - began:.0f} s")
