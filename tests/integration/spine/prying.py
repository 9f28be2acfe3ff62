"""A job that looks everywhere it can from the inside, and tells all of it in its log and its output."""

import json
from collections.abc import Sequence
from pathlib import Path

SPEC = """\
version: 1
name: tiny
run: {command: [python, train.py], timeout: 1m}
environment: {network: NETWORK}
determinism: {self_repeat: false}
artifacts: [{path: seen.txt}]
claims:
  - id: accuracy
    metric: {file: results/metrics.json, pointer: /accuracy}
    published: {value: "0.97"}
"""

PRY = """
import json, os, subprocess, sys, urllib.request
FOLDERS, ADDRESSES = json.loads(r'''PLACES''')
seen = open(os.path.join(os.environ["REPRISE_OUTPUT_DIR"], "seen.txt"), "wb")

def tell(what, data):
    data = data if isinstance(data, bytes) else str(data).encode(errors="replace")
    seen.write(b"%s: %s\\n" % (what.encode(errors="replace"), data))
    sys.stdout.buffer.write(b"%s: %s\\n" % (what.encode(errors="replace"), data[:2000]))

def attempt(what, look):
    try:
        tell(what, look())
    except OSError as error:
        tell(what, error.strerror or error)

def read(path, most=200_000):
    with open(path, "rb", opener=lambda name, flags: os.open(name, flags | os.O_NONBLOCK)) as file:
        return file.read(most)

tell("variables", dict(os.environ))
for entry in os.listdir("/proc"):
    if entry.isdigit():
        for part in ("environ", "cmdline", "maps"):
            attempt(f"/proc/{entry}/{part}", lambda: read(f"/proc/{entry}/{part}"))
        for place in ("cwd", "exe", "root"):
            attempt(f"/proc/{entry}/{place}", lambda: os.readlink(f"/proc/{entry}/{place}"))
        attempt(f"/proc/{entry}/fd", lambda: [
            os.readlink(f"/proc/{entry}/fd/{name}") for name in os.listdir(f"/proc/{entry}/fd")
        ])
left = 20_000_000
for folder in FOLDERS:
    attempt(folder, lambda: os.listdir(folder))
    for root, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(root, name)
            if left > 0 and os.path.isfile(path) and not path.endswith("seen.txt"):
                attempt(path, lambda: read(path))
                left -= min(os.path.getsize(path), 200_000)
attempt("git", lambda: subprocess.run(
    ["git", "config", "--list", "--show-origin"], capture_output=True, timeout=10).stdout)
without_proxy = urllib.request.build_opener(urllib.request.ProxyHandler({}))
for address in ADDRESSES:
    try:
        with without_proxy.open(address, timeout=5) as reply:
            tell(f"GET {address}", b"%d %s" % (reply.status, reply.read(100_000)))
    except urllib.error.HTTPError as error:
        tell(f"GET {address}", b"%d %s" % (error.code, error.read(100_000)))
    except OSError as error:
        tell(f"GET {address}", error)
seen.close()
os.makedirs("results", exist_ok=True)
with open("results/metrics.json", "w") as file:
    json.dump({"accuracy": 0.97}, file)
"""


def paper(folders: Sequence[Path], addresses: Sequence[str], *, network: str) -> dict[str, str | bytes]:
    places = json.dumps([[str(folder) for folder in folders], list(addresses)])
    return {
        "reprise.yaml": SPEC.replace("NETWORK", network),
        "requirements.txt": "",
        "train.py": PRY.replace("PLACES", places),
    }
