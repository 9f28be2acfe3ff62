"""The Docker Engine as the rest of this package sees it, and the only module that imports its library.

Every call has a timeout. What the library raises becomes `Retryable` where the Engine did not answer, and
`Refused` with the Engine's own words where it said no. What is gone is None, and removing it is fine.
"""

import re
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

import docker
import requests
import urllib3
from docker import errors

from reprise.containers.answers import Message, Seen, Stream, messages, moment, read_seen, since_words
from reprise.domain.errors import Refused, Retryable

TIMEOUT_SECONDS = 30
PULL_SECONDS = 1800.0
MAX_SAID = 300
COUNTING_SECONDS = 120
LOADING_SECONDS = 900
SAVED_PIECE = 1 << 20
LOADED = re.compile(r"Loaded image(?: ID)?: (\S+)")


@dataclass(frozen=True, slots=True)
class State:
    """A container as the Engine knows it."""

    id: str
    status: str
    """``created``, ``running``, ``paused``, ``restarting``, ``removing``, ``exited`` or ``dead``."""
    exit_code: int
    out_of_memory: bool
    error: str
    started_at: datetime | None
    finished_at: datetime | None

    @property
    def ended(self) -> bool:
        return self.status in ("exited", "dead")


@dataclass(frozen=True, slots=True)
class Image:
    """What an image brings."""

    id: str
    digests: tuple[str, ...]
    """``name@sha256:…`` as far as a registry knows it."""
    variables: dict[str, str]
    volumes: tuple[str, ...]
    architecture: str
    bytes: int = 0


@dataclass(frozen=True, slots=True)
class Used:
    """What a running container has used so far."""

    cpu_seconds: float
    memory_bytes: int


@dataclass(frozen=True, slots=True)
class About:
    """The Engine's machine."""

    version: str
    cpus: int
    memory_bytes: int
    rootless: bool
    storage_driver: str
    security: tuple[str, ...]
    cgroup: str = ""
    """Version of control groups: ``1`` or ``2``."""


class NoImage(Exception):
    """The Engine has no such image, and none can be pulled by that name."""


class Engine:
    """Safe for several threads. Connects when it is first asked."""

    def __init__(self, host: str, *, timeout_seconds: int = TIMEOUT_SECONDS, name: str | None = None) -> None:
        """``host``: ``unix:///var/run/docker.sock`` or another address, of a socket on this machine.

        ``name``: as messages call it.
        """
        self.host = host
        self._name = name or f"the Docker Engine at {host}"
        self._timeout = timeout_seconds
        self._connecting = threading.Lock()
        self._connected: Any = None

    def close(self) -> None:
        """Its connections. Whoever asks again has new ones."""
        with self._connecting:
            if self._connected is not None:
                self._connected.close()
            self._connected = None

    def about(self) -> About:
        with self._asked("its description"):
            told = self._client().info()
        security = tuple(map(str, told.get("SecurityOptions") or ()))
        return About(
            version=str(told.get("ServerVersion", "")),
            cpus=int(told.get("NCPU") or 0),
            memory_bytes=int(told.get("MemTotal") or 0),
            rootless=any("name=rootless" in option for option in security),
            storage_driver=str(told.get("Driver", "")),
            security=security,
            cgroup=str(told.get("CgroupVersion") or ""),
        )

    # --- images ---------------------------------------------------------------------------------

    def image(self, reference: str) -> Image | None:
        try:
            with self._asked(f"image {reference}"):
                told = self._client().inspect_image(reference)
        except _Gone:
            return None
        config = told.get("Config") or {}
        pairs = (each.partition("=") for each in config.get("Env") or ())
        return Image(
            id=told["Id"],
            digests=tuple(told.get("RepoDigests") or ()),
            variables={name: value for name, _, value in pairs},
            volumes=tuple(config.get("Volumes") or ()),
            architecture=str(told.get("Architecture", "")),
            bytes=int(told.get("Size") or 0),
        )

    def pull(self, reference: str, *, seconds: float = PULL_SECONDS) -> None:
        """Raises NoImage when no registry has it by that name, Retryable when it took too long."""
        deadline = time.monotonic() + seconds
        try:
            with self._asked(f"image {reference}"):
                for event in self._client().pull(reference, stream=True, decode=True):
                    if event.get("error"):
                        raise _pull_error(reference, str(event["error"]))
                    if time.monotonic() > deadline:
                        raise Retryable(f"pulling {reference} took longer than {seconds:g} s")
        except _Gone as error:
            raise NoImage(str(error)) from error

    def remove_image(self, reference: str) -> bool:
        """False when a container uses it; gone is fine."""
        try:
            with self._asked(f"image {reference}"):
                self._client().remove_image(reference)
        except _Gone:
            return True
        except _Conflict:
            return False
        return True

    def load(self, name: str, root: bytes) -> None:
        """An image of this tar archive alone. ``name`` has a tag."""
        repository, _, tag = name.partition(":")
        with self._asked(f"image {name}"):
            self._client().import_image_from_data(root, repository=repository, tag=tag)

    def save(self, reference: str) -> Iterator[bytes]:
        """An image as ``docker save`` writes it. Raises NoImage when there is none of that name."""
        try:
            with self._asked(f"image {reference}"):
                yield from self._client().get_image(reference, chunk_size=SAVED_PIECE)
        except _Gone as error:
            raise NoImage(str(error)) from error

    def receive(self, archive: Iterator[bytes]) -> str:
        """Take what `save` gave; what the image is called here. Raises Retryable when it is not taken."""
        # The Engine is quiet while it unpacks what has come, so this connection is a patient one.
        with (
            self._asked("an image that is sent to it"),
            closing(self._connect(LOADING_SECONDS)) as client,
        ):
            said = [dict(event) for event in client.load_image(archive)]
        wrong = next((str(each["error"]) for each in said if "error" in each), None)
        named = LOADED.findall("".join(str(each.get("stream", "")) for each in said))
        if wrong or not named:
            raise Retryable(
                f"the Docker Engine did not take an image: {(wrong or 'it named none')[:MAX_SAID]}"
            )
        return str(named[-1])

    def call(self, reference: str, name: str) -> None:
        """Give an image another name, which has a tag. Raises NoImage when there is no such image."""
        repository, _, tag = name.rpartition(":")
        try:
            with self._asked(f"image {reference}"):
                self._client().tag(reference, repository, tag)
        except _Gone as error:
            raise NoImage(str(error)) from error

    # --- containers -----------------------------------------------------------------------------

    def create(self, name: str, config: Mapping[str, Any]) -> None:
        """Create, or adopt what already has this name. ``config`` is the Engine's own JSON."""
        try:
            with self._asked(f"container {name}"):
                self._client().create_container_from_config(dict(config), name)
        except _Conflict:
            return
        except _Gone as error:
            raise NoImage(str(error)) from error

    def start(self, name: str) -> None:
        """Raises Refused with the Engine's words when it cannot be; one that runs is fine."""
        try:
            with self._asked(f"container {name}"):
                self._client().start(name)
        except _Gone as error:
            raise Refused(str(error)) from error
        except _Conflict:
            return

    def inspect(self, name: str) -> State | None:
        try:
            with self._asked(f"container {name}"):
                told = self._client().inspect_container(name)
        except _Gone:
            return None
        state = told["State"]
        return State(
            id=told["Id"],
            status=state["Status"],
            exit_code=int(state.get("ExitCode") or 0),
            out_of_memory=bool(state.get("OOMKilled")),
            error=str(state.get("Error") or ""),
            started_at=moment(state.get("StartedAt")),
            finished_at=moment(state.get("FinishedAt")),
        )

    def kill(self, name: str, signal: str) -> None:
        """One that does not run, or is gone, is fine."""
        try:
            with self._asked(f"container {name}"):
                self._client().kill(name, signal)
        except (_Gone, _Conflict):
            return

    def remove(self, name: str) -> None:
        """With what it runs and its anonymous volumes."""
        try:
            with self._asked(f"container {name}"):
                self._client().remove_container(name, v=True, force=True)
        except (_Gone, _Conflict):  # conflict: it is being removed
            return

    def used(self, name: str) -> Used | None:
        """None when it does not run."""
        try:
            with self._asked(f"container {name}"):
                told = self._client().stats(name, stream=False, one_shot=True)
        except (_Gone, _Conflict):
            return None
        memory = told.get("memory_stats") or {}
        if not memory:
            return None
        nanoseconds = ((told.get("cpu_stats") or {}).get("cpu_usage") or {}).get("total_usage") or 0
        return Used(nanoseconds / 1e9, int(memory.get("max_usage") or memory.get("usage") or 0))

    def containers(self, labels: Mapping[str, str]) -> dict[str, dict[str, str]]:
        """Name → labels of all that carry these labels, running or not. An empty value is any."""
        with self._asked("the list of containers"):
            found = self._client().containers(all=True, filters={"label": _filters(labels)})
        return {
            each["Names"][0].lstrip("/"): dict(each.get("Labels") or {}) for each in found if each["Names"]
        }

    def log(self, name: str, *, since: str = "", follow: bool, idle_seconds: float) -> Iterator[Message]:
        """Its messages from ``since`` on, which is inclusive; ends with the container.

        Raises Retryable when the connection breaks, or nothing came for ``idle_seconds``.
        """
        wanted = {"stdout": 1, "stderr": 1, "timestamps": 1, "follow": int(follow)}
        with self._asked(f"the log of container {name}"):
            client = self._client()
            response = client.get(
                f"{client.base_url}/v{client.api_version}/containers/{name}/logs",
                params={**wanted, "since": since_words(since)},
                stream=True,
                timeout=(self._timeout, idle_seconds),
            )
            try:
                if response.status_code == requests.codes.not_found:
                    return
                response.raise_for_status()
                yield from messages(response.raw)
            finally:
                response.close()

    # --- files ----------------------------------------------------------------------------------

    def put(self, name: str, archive: Iterator[bytes]) -> None:
        """Unpack a tar archive over the container's files, running or not; owners are as in the archive."""
        with self._asked(f"files for container {name}"):
            self._client().put_archive(name, "/", archive)

    @contextmanager
    def get(self, name: str, path: str) -> Iterator[Stream | None]:
        """A tar archive of this file or folder of the container; None when it is not there."""
        with self._asked(f"`{path}` of container {name}"):
            response = self._archive("get", name, path)
        try:
            yield None if response is None else Stream(partial(self._piece, response))
        finally:
            if response is not None:
                response.close()

    def seen(self, name: str, path: str) -> Seen | None:
        """What it is in the container; None when it is not there."""
        with self._asked(f"`{path}` of container {name}"):
            response = self._archive("head", name, path)
            if response is None:
                return None
            return read_seen(response.headers["X-Docker-Container-Path-Stat"])

    def _archive(self, method: str, name: str, path: str) -> Any:
        client = self._client()
        response = client.request(
            method,
            f"{client.base_url}/v{client.api_version}/containers/{name}/archive",
            params={"path": path},
            headers={"Accept-Encoding": "identity"},
            stream=method == "get",
            timeout=self._timeout,
        )
        if response.status_code == requests.codes.not_found:
            response.close()
            return None
        response.raise_for_status()
        return response

    def _piece(self, response: Any, count: int) -> bytes:
        with self._asked("files that it was sending"):
            try:
                return bytes(response.raw.read(count))
            except urllib3.exceptions.HTTPError as error:  # requests wraps it only in its own iterators
                raise requests.ConnectionError(str(error)) from error

    # --- networks and volumes -------------------------------------------------------------------

    def create_network(self, name: str, labels: Mapping[str, str]) -> None:
        with self._asked(f"network {name}"):
            if not self._client().networks(names=[f"^{re.escape(name)}$"]):
                options = {"com.docker.network.bridge.enable_icc": "false"}
                self._client().create_network(
                    name, driver="bridge", options=options, labels=dict(labels), check_duplicate=True
                )

    def remove_networks(self, labels: Mapping[str, str]) -> None:
        with self._asked("the list of networks"):
            found = self._client().networks(filters={"label": _filters(labels)})
        for each in found:
            try:
                with self._asked(f"network {each['Name']}"):
                    self._client().remove_network(each["Id"])
            except (_Gone, _Conflict):
                continue

    def networks(self, labels: Mapping[str, str]) -> dict[str, dict[str, str]]:
        with self._asked("the list of networks"):
            found = self._client().networks(filters={"label": _filters(labels)})
        return {each["Name"]: dict(each.get("Labels") or {}) for each in found}

    def create_volume(self, name: str, labels: Mapping[str, str]) -> str:
        """Create or adopt; the folder that it is on the Engine's machine."""
        with self._asked(f"volume {name}"):
            made = self._client().create_volume(name, driver="local", labels=dict(labels))
            return str(made["Mountpoint"])

    def volume(self, name: str) -> str | None:
        """The folder that it is on the Engine's machine; None when there is none of that name."""
        try:
            with self._asked(f"volume {name}"):
                return str(self._client().inspect_volume(name)["Mountpoint"])
        except _Gone:
            return None

    def volume_bytes(self, name: str) -> int:
        """What its files take; 0 when it is gone. The Engine counts them for each answer."""
        with self._asked("how large its volumes are"):
            client = self._client()
            response = client.get(
                f"{client.base_url}/v{client.api_version}/system/df",
                params={"type": "volume"},
                timeout=COUNTING_SECONDS,
            )
            response.raise_for_status()
            for each in response.json().get("Volumes") or ():
                if each["Name"] == name:
                    return max(0, int((each.get("UsageData") or {}).get("Size") or 0))
        return 0

    def remove_volume(self, name: str) -> None:
        """Gone is fine."""
        try:
            with self._asked(f"volume {name}"):
                self._client().remove_volume(name, force=True)
        except _Gone:
            return
        except _Conflict as error:
            raise Retryable(f"the Docker Engine does not remove volume {name}: {error}") from error

    def remove_volumes(self, labels: Mapping[str, str]) -> None:
        with self._asked("the list of volumes"):
            found = self._client().volumes(filters={"label": _filters(labels)}).get("Volumes") or ()
        for each in found:
            with suppress(_Gone, _Conflict), self._asked(f"volume {each['Name']}"):
                self._client().remove_volume(each["Name"], force=True)

    # --- connection -----------------------------------------------------------------------------

    def _client(self) -> Any:
        with self._connecting:
            if self._connected is None:
                self._connected = self._connect(self._timeout)
            return self._connected

    def _connect(self, seconds: int) -> Any:
        return docker.APIClient(self.host, version="auto", timeout=seconds)

    @contextmanager
    def _asked(self, what: str) -> Iterator[None]:
        """Nothing of the library's own errors leaves this block."""
        try:
            yield
        except errors.APIError as error:
            raise _classified(error, what) from error
        except requests.HTTPError as error:
            raise Refused(f"the Docker Engine refused {what}: {error}") from error
        except (errors.DockerException, requests.RequestException, OSError, ValueError, KeyError) as error:
            raise Retryable(
                f"{self._name} did not answer about {what} ({_short(error)}): "
                "see that it runs and that this user may use its socket"
            ) from error


class _Gone(Exception):
    pass


class _Conflict(Exception):
    pass


def _classified(error: errors.APIError, what: str) -> Exception:
    said = str(error.explanation or error)[:MAX_SAID]
    match error.status_code:
        case 404:
            return _Gone(said)
        case 304 | 409:
            return _Conflict(said)
        case code if code is not None and code < 500:
            return Refused(f"the Docker Engine refused {what}: {said}")
        case _ if _is_final(said):
            return Refused(f"the Docker Engine refused {what}: {said}")
    return Retryable(f"the Docker Engine failed at {what}: {said}")


def _is_final(said: str) -> bool:
    """Server errors that the same request meets again."""
    return "could not select device driver" in said or "error gathering device information" in said


def _pull_error(reference: str, said: str) -> Exception:
    if any(word in said.lower() for word in ("not found", "manifest unknown", "denied", "unauthorized")):
        return _Gone(f"{reference} cannot be pulled: {said[:MAX_SAID]}")
    return Retryable(f"{reference} could not be pulled: {said[:MAX_SAID]}")


def _filters(labels: Mapping[str, str]) -> list[str]:
    return [f"{name}={value}" if value else name for name, value in labels.items()]


def _short(error: Exception) -> str:
    """The innermost cause: the outer ones only say that retries were of no use."""
    while isinstance(cause := error.__cause__ or error.__context__, Exception):
        error = cause
    return (str(error) or type(error).__name__)[:MAX_SAID]
