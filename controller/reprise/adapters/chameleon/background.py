"""Work on a node that takes minutes: it goes on without us, and whoever asks next finds it by its name."""

from dataclasses import dataclass

from reprise.domain.errors import Retryable
from reprise.ports.nodes import Node

LIMIT = 60.0
WORDS = 300

# Below /run, which a node that is started again has emptied, so that what it cut off begins anew.
_SCRIPT = """set -eu
umask 077; mkdir -p /run/reprise; cd /run/reprise
if [ -e "$1.code" ]; then
  cat "$1.code"; tail -c 2000 "$1.log"; exit 0
fi
if ! { [ -e "$1.pid" ] && kill -0 "$(cat "$1.pid")" 2>/dev/null; }; then
  cat > "$1.sh"
  setsid sh -c 'sh "$1.sh" > "$1.log" 2>&1; echo $? > "$1.new"; mv "$1.new" "$1.code"' sh "$1" \
    </dev/null >/dev/null 2>&1 &
  echo $! > "$1.pid"
fi
echo running
"""


@dataclass(frozen=True, slots=True)
class Ended:
    code: int
    said: str
    """The end of what it printed."""


def ensure(node: Node, name: str, script: str) -> Ended | None:
    """What became of a shell script that root runs once; None while it runs, from the first call on.

    Raises Retryable when it cannot be started.
    """
    said = node.run(("sudo", "-n", "sh", "-c", _SCRIPT, "sh", name), timeout=LIMIT, stdin=script.encode())
    first, _, rest = said.out.partition("\n")
    if said.code != 0 or not first:
        raise Retryable(f"the machine does not do as root what is needed: {said.err.strip()[-WORDS:]}")
    return None if first == "running" else Ended(int(first), " ".join(rest.split())[-WORDS:])


def forget(node: Node, name: str) -> None:
    """So that the next call starts it again."""
    node.run(
        ("sudo", "-n", "rm", "-f", *(f"/run/reprise/{name}.{end}" for end in ("pid", "code"))), timeout=LIMIT
    )
