"""git over HTTP, the smart protocol: the real `git upload-pack` and `git receive-pack` do the work.

Tokens are passwords of Basic authentication, as with GitHub. The client's `Git-Protocol` header is passed on,
without which protocol version 2, and with it fetching a commit by its id, would not work.
"""

import io
import subprocess
import tempfile
import threading
import zlib
from collections.abc import Iterator
from typing import IO, Annotated, Literal, cast

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response, StreamingResponse
from starlette.concurrency import run_in_threadpool

from reprise.domain.forge import Permission
from reprise.forge import pushes
from reprise.forge.access import ARCHIVED, Call, asked, called, forge_of, links_of, sender
from reprise.forge.permissions import Need
from reprise.forge.problems import Problem
from reprise.forge.records import Repository, at_least
from reprise.forge.repositories import GitRepository, git_environment

router = APIRouter()
Service = Literal["git-upload-pack", "git-receive-pack"]
MAX_REQUEST_BYTES = 2 << 30
CHUNK_BYTES = 1 << 16
SERVICE_SECONDS = 600
_pushing = threading.Lock()
"""One push at a time, so that the refs before and after it are its own."""


def git_call(request: Request) -> Call:
    forge = forge_of(request)
    who = sender(forge.store, request.headers.get("authorization"))
    return called(forge, links_of(request), who, writes=False, asked=asked(request))


Asking = Annotated[Call, Depends(git_call)]


@router.get("/{owner}/{name}/info/refs")
def advertise(owner: str, name: str, request: Request, call: Asking, service: str = "") -> Response:
    if service not in ("git-upload-pack", "git-receive-pack"):
        raise Problem(403, "Please upgrade your git client.")
    git = call.git(_repository(call, owner, name, service))
    protocol = request.headers.get("git-protocol", "")
    argv = _argv(service, git, "--http-backend-info-refs")
    done = subprocess.run(
        argv, env=_environment(protocol), capture_output=True, timeout=SERVICE_SECONDS, check=True
    )
    line = f"# service={service}\n"
    # Version 2 has no such line: the client asks for refs in its next request.
    prefix = "" if done.stdout.startswith(b"000eversion 2") else f"{len(line) + 4:04x}{line}0000"
    return _reply(f"{service}-advertisement", prefix.encode() + done.stdout)


@router.post("/{owner}/{name}/git-upload-pack")
async def upload_pack(owner: str, name: str, request: Request, call: Asking) -> Response:
    git = call.git(await run_in_threadpool(_repository, call, owner, name, "git-upload-pack"))
    body = await _spool(request)
    argv = _argv("git-upload-pack", git)
    return StreamingResponse(
        _stream(argv, body, request.headers.get("git-protocol", "")),
        media_type="application/x-git-upload-pack-result",
        headers={"Cache-Control": "no-cache"},
    )


@router.post("/{owner}/{name}/git-receive-pack")
async def receive_pack(owner: str, name: str, request: Request, call: Asking) -> Response:
    repository = await run_in_threadpool(_repository, call, owner, name, "git-receive-pack")
    body = await _spool(request)
    out = await run_in_threadpool(_receive, call, repository, body, request.headers.get("git-protocol", ""))
    return _reply("git-receive-pack-result", out)


def _receive(call: Call, repository: Repository, body: IO[bytes], protocol: str) -> bytes:
    git = call.git(repository)
    with _pushing:
        before = git.refs()
        out = b"".join(_stream(_argv("git-receive-pack", git), body, protocol))
        pushes.after_push(call, repository, before, git.refs(), call.signed_in())
    return out


def _repository(call: Call, owner: str, name: str, service: str) -> Repository:
    """As GitHub: a push and a private repository want a name and password; who may not see gets 404."""
    found = call.find(owner, name.removesuffix(".git"))
    role = call.role(found) if found else Permission.NONE
    wants_push = service == "git-receive-pack"
    if call.user is None and (wants_push or role is Permission.NONE):
        raise Problem(401, "Authentication required.")
    if found is None or role is Permission.NONE:
        raise Problem(404, "Repository not found.")
    may = _may_with_contents(call, "write" if wants_push else "read")
    if not may or (wants_push and not at_least(role, Permission.WRITE)):
        raise Problem(403, f"Permission to {found.full_name}.git denied.")
    if wants_push and found.archived:
        raise Problem(403, ARCHIVED)
    return found


def _may_with_contents(call: Call, level: str) -> bool:
    """People's roles were asked already; an installation needs the permission, too."""
    return call.grant is None or call.grant.allows(Need(("contents",), level))


def _argv(service: str, git: GitRepository, *options: str) -> list[str]:
    return ["git", service.removeprefix("git-"), "--stateless-rpc", *options, str(git.path)]


def _environment(protocol: str) -> dict[str, str]:
    """Only well-formed protocol words reach git's environment."""
    fine = len(protocol) < 200 and protocol.isascii() and protocol.isprintable()
    return {**git_environment(), **({"GIT_PROTOCOL": protocol} if protocol and fine else {})}


async def _spool(request: Request) -> IO[bytes]:
    """The request's body, unpacked, as a file for git to read from."""
    spool: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115  `_stream` closes it
    packed = request.headers.get("content-encoding", "") in ("gzip", "x-gzip")
    unpack = zlib.decompressobj(wbits=31) if packed else None
    size = 0
    try:
        async for chunk in request.stream():
            for plain in _unpacked(unpack, chunk):
                size += len(plain)
                if size > MAX_REQUEST_BYTES:
                    raise Problem(413, "The pack is too large for this forge.")
                await run_in_threadpool(spool.write, plain)
    except BaseException:
        spool.close()
        raise
    spool.flush()
    spool.seek(0)
    return spool


def _unpacked(unpack: "zlib._Decompress | None", chunk: bytes) -> Iterator[bytes]:
    """In pieces, so that a small request cannot become a huge one in memory."""
    if unpack is None:
        yield chunk
        return
    try:
        while chunk:
            yield unpack.decompress(chunk, CHUNK_BYTES * 16)
            chunk = unpack.unconsumed_tail
    except zlib.error:
        raise Problem(400, "The request body is not valid gzip.") from None


def _stream(argv: list[str], body: IO[bytes], protocol: str) -> Iterator[bytes]:
    """Run a git service with this input and yield what it says."""
    environment = _environment(protocol)
    with (
        body,
        subprocess.Popen(
            argv, env=environment, stdin=body, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        ) as process,
    ):
        out = cast("io.BufferedReader", process.stdout)  # since it is a pipe
        watch = threading.Timer(SERVICE_SECONDS, process.kill)
        watch.start()
        try:
            while piece := out.read1(CHUNK_BYTES):
                yield piece
        except GeneratorExit:  # the client went away
            process.kill()
            raise
        finally:
            watch.cancel()


def _reply(kind: str, content: bytes) -> Response:
    return Response(content, media_type=f"application/x-{kind}", headers={"Cache-Control": "no-cache"})
