"""What git's error text means. The only place that reads it; tests/unit/git/ holds recorded samples.

Git answers every failure with exit code 128 and a sentence, so its words are all there is. We run it
with LC_ALL=C and take unknown words as "may work later".
"""

import re
from dataclasses import dataclass

from reprise.domain.errors import Moved, Refused, Retryable

_COMMIT_GONE = re.compile(
    r"not our ref|couldn't find remote ref|no such remote ref|unadvertised object|bad object [0-9a-f]{40}"
)
_REPOSITORY_GONE = re.compile(
    r"repository '.*' not found|Repository not found|returned error: 404"
    r"|does not appear to be a git repository|returned error: 410"
)
_DENIED = re.compile(
    r"Authentication failed|could not read (Username|Password)|returned error: 40[13]|Access denied"
    r"|Permission denied|requires authentication"
)
_MOVED = re.compile(r"returned error: 30[1278]|unable to update url base from redirection")
_UNSOUND = re.compile(r"fsck error|fsck_error|error in object|invalid index-pack output|bad pack|corrupt")
_FORBIDDEN = re.compile(r"transport '.*' not allowed|Unable to find remote helper")
_CREDENTIALS = re.compile(r"//[^/@\s]+@")


@dataclass(frozen=True, slots=True)
class Advice:
    """What to do next, which differs with whose repository it is."""

    commit_gone: str = "push it again or tag another commit"
    moved: str = "watch it under its new name"
    absent: str = "check name and access"
    denied: str = "check its name and give our token read access to its contents"


OWN = Advice()


def explain(
    stderr: str, *, repository: str, sha: str | None = None, advice: Advice = OWN
) -> Refused | Retryable:
    """The error to raise for a failed conversation with a remote."""
    line = telling_line(stderr)
    if _COMMIT_GONE.search(stderr) and sha is not None:
        return Refused(
            f"commit {sha[:12]} is not in {repository} any more (moved or deleted?); {advice.commit_gone}"
        )
    if _UNSOUND.search(stderr):
        return Refused(f"{repository} sent objects that git does not accept ({line}); repair its history")
    if _MOVED.search(stderr):
        return Moved(f"{repository} has moved; {advice.moved}")
    if _DENIED.search(stderr):
        return Refused(f"{repository} may not be read by us, or does not exist; {advice.denied}")
    if _REPOSITORY_GONE.search(stderr):
        return Refused(f"{repository} does not exist or our token may not see it; {advice.absent}")
    if _FORBIDDEN.search(stderr):
        return Refused(f"{repository} has a clone address of a kind that is not allowed ({line})")
    return Retryable(f"{repository} could not be read: {line}")


def telling_line(stderr: str) -> str:
    """The first sentence that says what failed, without credentials."""
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    telling = next((line for line in lines if line.startswith(("fatal:", "error:"))), None)
    chosen = telling or (lines[-1] if lines else "git said nothing")
    return _CREDENTIALS.sub("//", chosen.removeprefix("fatal:").removeprefix("error:").strip())[:300]
