"""What uv's error text means. The only place that reads it; recorded samples are in the tests."""

import re

from reprise.domain.run import Reason
from reprise.ports import Failed

TAIL_LINES = 60

# Only uv's own words count: a build script may print anything, and uv indents what it printed.
_OWN_WORDS = re.compile(r"^(?:error: |hint: |\s*cause: |\s*Caused by: |\s*[×╰├│─▶]+ ?)(.*)$", re.MULTILINE)
_UNREACHABLE = re.compile(
    r"error sending request|dns error|tcp connect error|Connection (refused|reset)|operation timed out"
    r"|request or response body error|HTTP status server error|network was disabled|tunnel error"
    r"|connection closed before|\b50[0234] |429 Too Many"
)
_DISK = re.compile(r"No space left on device|Disk quota exceeded|Read-only file system")
_STALE = re.compile(r"needs to be updated, but|No solution found when resolving")
_CREDENTIALS = re.compile(r"//[^/@\s]+@")


def explain(output: str, *, what: str, fault: Reason) -> Failed:
    """``what`` failed, e.g. ``the packages of uv.lock could not be installed``. ``fault`` is the
    reason unless the index or our disk is to blame."""
    own = own_words(output)
    joined = "\n".join(own)
    if _UNREACHABLE.search(joined):
        return Failed(
            Reason.INFRASTRUCTURE, f"the package index could not be reached: {telling(own)}", tail(output)
        )
    if _DISK.search(joined):
        return Failed(Reason.INFRASTRUCTURE, f"{what}: {telling(own)}", tail(output))
    return Failed(fault, f"{what}: {telling(own)}", tail(output))


def explain_export(output: str, *, lock: str) -> Failed:
    """Why a uv.lock could not be read out."""
    own = own_words(output)
    if any(_STALE.search(line) for line in own):
        return Failed(
            Reason.LOCK_STALE,
            f"{lock} does not match pyproject.toml; run `uv lock` and commit {lock}",
            tail(output),
        )
    return explain(output, what=f"{lock} could not be used", fault=Reason.ENVIRONMENT_FAILED)


def own_words(output: str) -> list[str]:
    """uv's error and its causes, outermost first."""
    return [_clean(match) for match in _OWN_WORDS.findall(output) if match.strip()]


def telling(own: list[str]) -> str:
    """The error with its first cause, which together say what was wanted and what was wrong."""
    if not own:
        return "uv said nothing; see the log"
    return ": ".join(line.rstrip(":") for line in own[:2])[:400]


def tail(output: str) -> str:
    return _CREDENTIALS.sub("//", "\n".join(output.splitlines()[-TAIL_LINES:]))


def _clean(line: str) -> str:
    return _CREDENTIALS.sub("//", line.strip())
