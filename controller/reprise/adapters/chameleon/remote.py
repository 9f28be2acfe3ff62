"""What is said to a node's shell. Pure: commands as text, for a POSIX shell with coreutils and tar."""

import shlex
from collections.abc import Mapping
from pathlib import PurePosixPath

from reprise.adapters.chameleon.packing import COMPLETE, TOP

ABSENT = 44
"""Exit status of `get` when nothing has that name."""

COPIED = (0, 1)
"""Of `get`: tar says 1 when a file changed while it was read, as logs do."""

KILL_AFTER_SECONDS = 5

_WITH_VARIABLES = 'eval "$(head -c "$1")"; shift; exec "$@"'
"""They come over standard input, because everybody on the node can read an argv."""

_AS_ROOT = 'if [ "$(id -u)" != 0 ] && sudo -n true 2>/dev/null; then root="sudo -n"; else root=; fi; '
"""Containers write as other users. Where root cannot be had, what we may read ourselves has to do."""

_PUT = f"""set -e
target=$1; parent=$(dirname -- "$target"); new=$parent/.incoming-$2
trap 'rm -rf -- "$new"' EXIT
mkdir -p -- "$parent"; mkdir -- "$new"
tar --extract --file - --preserve-permissions --no-same-owner --directory "$new"
test -e "$new/{COMPLETE}" || {{ echo "the stream broke off" >&2; exit 1; }}
rm -rf -- "$target" 2>/dev/null || {{ {_AS_ROOT} $root rm -rf -- "$target"; }}
mv -T -- "$new/{TOP}" "$target"
"""

_READ = f"""if [ -e "$1" ] || [ -L "$1" ]; then
  exec tar --create --file - --format pax --hard-dereference \
    --directory "$(dirname -- "$1")" -- "./$(basename -- "$1")"
fi
exit {ABSENT}
"""

_GET = f"""{_AS_ROOT}
exec $root sh -c "$0" sh "$1"
"""


def command(argv: tuple[str, ...], variables: Mapping[str, str], *, seconds: int) -> tuple[str, bytes]:
    """The line for the shell, and what has to be written to it first.

    The node itself ends the program after ``seconds``, because we may not be there to do it.
    """
    bounded = ("timeout", f"--kill-after={KILL_AFTER_SECONDS}", str(seconds), *argv)
    if not variables:
        return shlex.join(bounded), b""
    exports = "".join(f"export {name}={shlex.quote(value)}\n" for name, value in variables.items()).encode()
    return shlex.join(("sh", "-c", _WITH_VARIABLES, "sh", str(len(exports)), *bounded)), exports


def put(target: PurePosixPath, *, token: str) -> str:
    """Reads a stream of `packing.pack`; the target is replaced when all of it is there."""
    return shlex.join(("sh", "-c", _PUT, "sh", str(target), token))


def get(source: PurePosixPath) -> str:
    """Writes a tar stream with one top entry."""
    return shlex.join(("sh", "-c", _GET, _READ, str(source)))
