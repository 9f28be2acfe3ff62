"""What BuildKit's and uv's error texts mean. The only place that reads them; samples are in the tests."""

import re

from reprise.domain.images.written import ENVIRONMENT
from reprise.domain.run import Reason
from reprise.ports import Failed

TAIL_LINES = 60

_PREFIX = re.compile(r"^#\d+ (?:\d+\.\d+ )?", re.MULTILINE)
_ERROR = re.compile(r"^(?:ERROR|error): (.*)$", re.MULTILINE)
_GONE = re.compile(
    r"rpc error: code = (Unavailable|Canceled)|error reading from server: EOF|connect: connection refused"
    r"|connect: no such file or directory|transport is closing|no active session|context canceled"
)
_DENIED = re.compile(r'source "docker-image://([^"]+)" denied by policy')
_DISK = re.compile(r"no space left on device|disk quota exceeded", re.IGNORECASE)
_INDEX = re.compile(
    r"error sending request|dns error|tcp connect error|Connection (?:refused|reset)|operation timed out"
    r"|request or response body error|HTTP status server error|network was disabled|tunnel error"
    r"|Temporary failure in name resolution|429 Too Many"
)
_STALE = re.compile(r"needs to be updated, but|No solution found when resolving")
_UV = re.compile(r"^(?:error: |hint: |\s*Caused by: |\s*cause: |\s*[×╰├│─▶]+ ?)(.*)$", re.MULTILINE)
_FAILED_STEP = re.compile(r'process "(?P<what>.*?)" did not complete successfully: exit code: (?P<code>\d+)')
_CREDENTIALS = re.compile(r"//[^/@\s]+@")
_NO_PROGRAM = re.compile(r"executable file not found|no such file or directory|exit code: 127")


def explain(output: str, *, file: str, generated: bool) -> Failed:
    """``file``: the Dockerfile, or what it was written from."""
    said = _PREFIX.sub("", output)
    last = (_ERROR.findall(said) or ["buildctl said nothing; see the log"])[-1]
    if (denied := _DENIED.search(said)) is not None:
        what = f"{file} takes {denied[1]} in a way that reading it does not show; name it in a FROM line"
        return _failed(Reason.BUILD_FAILED, what, said)
    if _GONE.search(last) and _FAILED_STEP.search(last) is None:
        return _failed(Reason.INFRASTRUCTURE, f"BuildKit stopped while it built: {last[:200]}", said)
    if _DISK.search(said):
        return _failed(Reason.INFRASTRUCTURE, f"BuildKit has no space left: {last[:200]}", said)
    return (
        _of_uv(said, last, file)
        if generated
        else _failed(Reason.BUILD_FAILED, f"{file}: {_step(last)}", said)
    )


def no_python(output: str) -> bool:
    """Whether the image had none that could be asked."""
    return _NO_PROGRAM.search(output) is not None and "python3" in output


def _of_uv(said: str, last: str, file: str) -> Failed:
    own = [
        _clean(line) for line in _UV.findall(said) if line.strip() and not line.startswith("failed to solve")
    ]
    joined = "\n".join(own)
    telling = ": ".join(line.rstrip(":") for line in own[:2])[:400] or _step(last)
    if _INDEX.search(joined):
        return _failed(Reason.INFRASTRUCTURE, f"the package index could not be reached: {telling}", said)
    if _STALE.search(joined) and "--locked" in last:
        what = f"{file} does not match pyproject.toml; run `uv lock` and commit {file}"
        return _failed(Reason.LOCK_STALE, what, said)
    if "--no-editable" in last or (
        f"{ENVIRONMENT}/bin/python" in last and "--no-deps /reprise/project" in last
    ):
        return _failed(Reason.BUILD_FAILED, f"the project could not be built: {telling}", said)
    return _failed(
        Reason.ENVIRONMENT_FAILED, f"the environment of {file} could not be built: {telling}", said
    )


def _step(last: str) -> str:
    match = _FAILED_STEP.search(last)
    if match is None:
        return _clean(last)[:400]
    return f"`{_clean(match['what'].removeprefix('/bin/sh -c '))[:200]}` ended with exit code {match['code']}"


def _failed(reason: Reason, message: str, said: str) -> Failed:
    return Failed(reason, message, "\n".join(_clean(line) for line in said.splitlines()[-TAIL_LINES:]))


def _clean(line: str) -> str:
    return _CREDENTIALS.sub("//", line.strip())
