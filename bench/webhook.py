"""Webhook deliveries stored and answered per second, beside the same application that only checks signatures.

Both answer 16 connections in turn. Deliveries are pushes of a tag of a watched repository, about 25 KB,
each with an id of its own; afterwards every one that was answered must be in the table, once.
"""

import hashlib
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from bench.printed import Bar, Part, number, numbers, percentile
from bench.scene import ROOT, Scene, awaited, scene
from reprise.demo.services import end, free_port

SHARE = 0.40
P99_SECONDS = 0.050
BYTES = 25_000
CONNECTIONS = 16
SECONDS = 3.0
FSYNCS = 20
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "7"))
FILES = {
    "requirements.txt": "",
    "reprise.yaml": "version: 1\nname: trivial\non: {tags: [v*]}\nrun: {command: [sleep, '0']}\n",
}
STORED = "reprise serve"
SIGNATURE = "signature only"
NO_STORE = "without the store"
LIMIT = "nothing: the sender's limit"


@dataclass(frozen=True, slots=True)
class Round:
    per_second: float
    p50: float
    p99: float
    ids: int
    """Deliveries that were sent and answered with 202."""
    cpu: float
    """Of the sender, in cores."""


def measure() -> Part:
    with scene(FILES) as around, peers(around) as (peer, trivial):
        around.start_controller()
        body = around.services.folder / "body.json"
        body.write_bytes(payload(around))
        targets = {
            STORED: f"{around.services.url}/webhooks/github",
            SIGNATURE: f"{peer}/signature",
            NO_STORE: f"{peer}/webhooks/github",
            LIMIT: trivial,
        }
        for url in targets.values():
            load(around, url, "warm", body, 1.0)
        awaited(lambda: around.count("runs WHERE phase = 'done'"))
        found: dict[str, list[Round]] = {name: [] for name in targets}
        disk = []
        for index in range(ROUNDS):
            disk.append(fsync_seconds(around.services.folder / "fsync"))
            for name, url in targets.items():
                digested(around)
                found[name].append(load(around, url, f"r{index}", body, SECONDS))
                print(f"round {index + 1}, {name}: {found[name][-1]}", flush=True)
        digested(around)
        stored = around.count("deliveries WHERE id LIKE 'r_-%'")
        twice = around.count("(SELECT delivery FROM triggers GROUP BY delivery HAVING count(*) > 1)")
        size = body.stat().st_size
    return told(found, stored, twice, size, disk)


def told(found: dict[str, list[Round]], stored: int, twice: int, size: int, disk: Sequence[float]) -> Part:
    rate = {name: statistics.median(each.per_second for each in rounds) for name, rounds in found.items()}
    # Each round beside its own peer: this machine's pace changes from one to the next.
    pairs = [
        mine.per_second / peer.per_second for mine, peer in zip(found[STORED], found[SIGNATURE], strict=True)
    ]
    answered = sum(each.ids for each in found[STORED])
    return Part(
        "webhook",
        "Webhook stored and answered",
        (
            Bar(
                "throughput beside the signature check alone, median of the rounds",
                statistics.median(pairs),
                at_least=SHARE,
            ),
            Bar(
                "p99 at 16 connections, median of the rounds",
                1000 * statistics.median(each.p99 for each in found[STORED]),
                at_most=1000 * P99_SECONDS,
                unit=" ms",
            ),
            Bar(
                "answered deliveries that are not in the table once",
                abs(answered - stored) + twice,
                at_most=0,
            ),
        ),
        ("", "per second", "each round", "p50 ms", "p99 ms", "sender's cores"),
        tuple(
            (
                name,
                number(rate[name]),
                numbers(each.per_second for each in rounds),
                numbers(1000 * each.p50 for each in rounds),
                numbers(1000 * each.p99 for each in rounds),
                numbers(each.cpu for each in rounds),
            )
            for name, rounds in found.items()
        ),
        (
            f"{CONNECTIONS} connections that stay open, {SECONDS:g} s a round, "
            f"{size / 1000:.1f} KB a delivery, pushes of a watched tag; "
            f"{answered} answered with 202, {stored} in the table.",
            "A commit waits for the disk, a peer does not: writing what sixteen deliveries hold and an fsync "
            f"took {numbers(1000 * each for each in disk)} ms (median of {FSYNCS} before each round).",
            f"Share of the signature check alone, each round: {numbers(pairs)}.",
        ),
    )


def payload(around: Scene) -> bytes:
    """GitHub's published example of a pushed tag, for this repository, filled with commits like its own."""
    around.push_tags("v", 1)
    sample = json.loads((ROOT / "tests/samples/deliveries/push_tag.json").read_text())
    sample["ref"] = "refs/tags/v0"
    sample["repository"] |= {"id": around.repository_id, "full_name": around.name}
    commit, own = json.dumps(sample["head_commit"]), sample["head_commit"]["id"]
    room = BYTES - len(json.dumps(sample))
    ids = (hashlib.sha256(b"%d" % index).hexdigest()[:40] for index in range(room // (len(commit) + 2)))
    sample["commits"] = [json.loads(commit.replace(own, each)) for each in ids]
    return json.dumps(sample).encode()


def load(around: Scene, url: str, prefix: str, body: Path, seconds: float) -> Round:
    said = subprocess.run(
        [sys.executable, "-m", "bench.load", url, f"{seconds}", f"{CONNECTIONS}", prefix, "push", str(body)],
        cwd=ROOT,
        env={**os.environ, "BENCH_SECRET": around.services.secret},
        stdout=subprocess.PIPE,
        timeout=seconds + 60,
        check=True,
    )
    result = json.loads(said.stdout)
    if set(result["statuses"]) != {"202"}:
        raise SystemExit(f"{url} did not answer 202 every time: {result['statuses']}")
    times = result["seconds"]
    return Round(
        len(times) / result["took"],
        percentile(times, 50),
        percentile(times, 99),
        len(times),
        result["cpu"] / result["took"],
    )


def fsync_seconds(file: Path) -> float:
    """Median time for as much as one commit of all connections holds."""
    found = []
    with file.open("wb") as handle:
        for _ in range(FSYNCS):
            began = time.perf_counter()
            handle.write(b"x" * BYTES * CONNECTIONS)
            handle.flush()
            os.fsync(handle.fileno())
            found.append(time.perf_counter() - began)
    file.unlink()
    return statistics.median(found)


def digested(around: Scene) -> None:
    """The leader has looked at everything, so that it does not work during somebody else's round."""
    awaited(lambda: not around.count("triggers WHERE next_at IS NOT NULL"), 300, 0.2)


@contextmanager
def peers(around: Scene) -> Iterator[tuple[str, str]]:
    """Addresses of the peer applications and of the server that does nothing."""
    port = free_port()
    own = {
        "REPRISE_STATE_DIR": str(around.services.folder / "peer"),
        "BENCH_TRIVIAL_PORT": str(free_port()),
        **around.settings(),
    }
    with (around.services.folder / "peers.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "bench.peers", str(port)],
            cwd=ROOT,
            env={**os.environ, **own},
            stdout=log,
            stderr=log,
        )
    try:
        awaited(lambda: process.poll() is None and answers(f"http://127.0.0.1:{port}/healthz"), 60)
        yield f"http://127.0.0.1:{port}", f"http://127.0.0.1:{own['BENCH_TRIVIAL_PORT']}/"
    finally:
        end(process)


def answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=2).is_success
    except httpx.HTTPError:
        time.sleep(0.05)
        return False


if __name__ == "__main__":
    print(measure().text())
