"""Webhook deliveries: signed, one after the other per hook, recorded, and never sent again by themselves.

As with GitHub, a receiver has 10 seconds; a delivery that failed stays failed until somebody asks for it
again. What was recorded but not yet sent when the forge stopped is sent after the next start.
"""

import hashlib
import hmac
import http.client
import json
import threading
import time
import uuid
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from reprise.forge.installing import installed_on
from reprise.forge.records import Delivery, Hook, Installation, Repository
from reprise.forge.replies.people import JSON, node_id
from reprise.forge.store import Store, now

ANSWER_SECONDS = 10.0
ANSWER_BYTES = 2_000


def sign(secret: str, body: bytes) -> str:
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def headers(hook: Hook, delivery: Delivery, body: bytes) -> dict[str, str]:
    signature = {"X-Hub-Signature-256": sign(hook.secret, body)} if hook.secret else {}
    return {
        "Accept": "*/*",
        "Content-Type": "application/json",
        "User-Agent": "GitHub-Hookshot/reprise-forge",
        "X-GitHub-Event": delivery.event,
        "X-GitHub-Delivery": delivery.guid,
        "X-GitHub-Hook-ID": str(hook.id),
        "X-GitHub-Hook-Installation-Target-ID": str(hook.app_id or hook.repository_id),
        "X-GitHub-Hook-Installation-Target-Type": "integration" if hook.app_id else "repository",
        **signature,
    }


@dataclass(frozen=True, slots=True)
class Answer:
    code: int
    says: str
    headers: dict[str, str] | None = None


def post(hook: Hook, body: bytes, sent: Mapping[str, str]) -> Answer:
    """Send it once. Redirects are not followed; no proxy is asked."""
    target = urlsplit(hook.url)
    path = (target.path or "/") + (f"?{target.query}" if target.query else "")
    connection = http.client.HTTPConnection(target.hostname or "", target.port, timeout=ANSWER_SECONDS)
    try:
        connection.request("POST", path, body, sent)
        response = connection.getresponse()
        says = response.read(ANSWER_BYTES).decode(errors="replace").strip() or "OK"
        return Answer(response.status, says, dict(response.getheaders()))
    except TimeoutError:
        return Answer(0, f"no answer within {ANSWER_SECONDS:.0f} seconds")
    except OSError as error:
        return Answer(0, (error.strerror or "no connection").lower())
    except http.client.HTTPException:
        return Answer(0, "the answer was not HTTP")
    finally:
        connection.close()


class Dispatcher:
    """A queue and a thread per hook, so that one slow receiver delays nobody else.

    Never called inside `Store.changing`: the queue's lock is taken before the store's.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._changed = threading.Condition()
        self._queues: dict[int, deque[int]] = {}
        self._threads: list[threading.Thread] = []
        self._stopping = False
        for waiting in store.all(Delivery, delivered_at=None):
            self._enqueue(waiting)

    def tell(
        self, repository: Repository, event: str, payload: Callable[[], JSON], *, also: int | None = None
    ) -> None:
        """Record one delivery for each hook that wants this event, and send them soon.

        Hooks are the repository's own and those of the Apps that are installed on it. ``also`` is the id of
        an App that is told without having subscribed, as GitHub does with the one that made a check run.
        """
        hooks = [hook for hook in self._store.all(Hook, repository_id=repository.id) if hook.wants(event)]
        there = self._installations(repository, event, also)
        made = payload() if hooks or there else {}
        for hook in hooks:
            self.tell_hook(hook, event, made, repository_id=repository.id)
        for installation in there:
            self.tell_installation(installation, event, made, repository_id=repository.id)

    def tell_app(self, app_id: int, repository: Repository, event: str, payload: Callable[[], JSON]) -> None:
        """One App alone, if it is at work there; whether it subscribed does not matter."""
        for installation in installed_on(self._store, repository):
            if installation.app_id == app_id and installation.at_work:
                self.tell_installation(installation, event, payload(), repository_id=repository.id)

    def tell_installation(
        self, installation: Installation, event: str, payload: JSON, *, repository_id: int | None = None
    ) -> None:
        """Also what the App did not subscribe to: events about itself and its check runs come anyway."""
        hook = self._store.one(Hook, app_id=installation.app_id)
        if hook is None or not hook.active:
            return
        about = {"id": installation.id, "node_id": node_id("I", installation.id)}
        told = {"installation": about, **payload}
        self.tell_hook(hook, event, told, repository_id=repository_id, installation_id=installation.id)

    def tell_hook(
        self,
        hook: Hook,
        event: str,
        payload: JSON,
        *,
        repository_id: int | None = None,
        installation_id: int | None = None,
    ) -> None:
        text = json.dumps(payload, separators=(",", ":"), ensure_ascii=False)
        self._record(
            hook_id=hook.id,
            guid=str(uuid.uuid4()),
            event=event,
            action=payload.get("action"),
            payload=text,
            redelivery=False,
            repository_id=repository_id,
            installation_id=installation_id,
        )

    def again(self, delivery: Delivery) -> None:
        """Send the same payload under the same id, as a new entry in the list."""
        self._record(
            hook_id=delivery.hook_id,
            guid=delivery.guid,
            event=delivery.event,
            action=delivery.action,
            payload=delivery.payload,
            redelivery=True,
            repository_id=delivery.repository_id,
            installation_id=delivery.installation_id,
        )

    def _installations(self, repository: Repository, event: str, also: int | None) -> list[Installation]:
        """Those at work on this repository whose App wants the event."""
        found = [each for each in installed_on(self._store, repository) if each.at_work]
        hooks = {hook.app_id for hook in self._store.all(Hook, repository_id=None) if hook.wants(event)}
        return [each for each in found if each.app_id in hooks or each.app_id == also]

    def stop(self) -> None:
        """Finish what is being sent at this moment; the rest waits for the next start."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join(ANSWER_SECONDS + 1)

    def _record(self, **about: Any) -> None:
        """``about``: the columns of a delivery that are known before it is sent."""
        unsent = {"created_at": now(), "delivered_at": None, "code": 0, "answer": "", "seconds": 0.0}
        with self._changed:  # so that the queue has the order of the rows
            row = self._store.add(Delivery, **about, **unsent)
            self._enqueue(row)

    def _enqueue(self, delivery: Delivery) -> None:
        with self._changed:
            if delivery.hook_id not in self._queues:
                self._queues[delivery.hook_id] = deque()
                thread = threading.Thread(
                    target=self._work, args=(delivery.hook_id,), name=f"hook-{delivery.hook_id}", daemon=True
                )
                self._threads.append(thread)
                thread.start()
            self._queues[delivery.hook_id].append(delivery.id)
            self._changed.notify_all()

    def _work(self, hook_id: int) -> None:
        queue = self._queues[hook_id]
        while True:
            with self._changed:
                self._changed.wait_for(lambda: queue or self._stopping)
                if self._stopping:
                    return
                delivery_id = queue.popleft()
            self._send(hook_id, delivery_id)

    def _send(self, hook_id: int, delivery_id: int) -> None:
        hook = self._store.one(Hook, id=hook_id)
        delivery = self._store.one(Delivery, id=delivery_id)
        if hook is None or delivery is None:
            return
        body = delivery.payload.encode()
        sent = headers(hook, delivery, body)
        started = time.monotonic()
        answer = post(hook, body, sent)
        self._store.change(
            Delivery,
            delivery_id,
            delivered_at=now(),
            code=answer.code,
            answer=answer.says,
            seconds=time.monotonic() - started,
            headers=json.dumps(sent),
            answer_headers=None if answer.headers is None else json.dumps(answer.headers),
        )
