"""The real HTTP application over a real database, reached without a socket."""

import shutil
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any

import httpx
from sqlalchemy import func, select
from tests.deliveries import Delivery
from tests.fakes.archive import FakeArchive
from tests.fakes.builder import FakeBuilder
from tests.fakes.clock import FakeClock
from tests.fakes.fetcher import FakeFetcher
from tests.fakes.forge import FakeForge
from tests.fakes.linter import FakeLinter
from tests.fakes.provider import FakeProvider
from tests.fakes.runner import FakeRunner
from tests.fakes.source import FakeSource
from tests.fakes.tracker import FakeTracker

from reprise.adapters.github.onboarding import Onboarding
from reprise.domain.backend import Offer
from reprise.domain.watch import read_watch
from reprise.engine.readiness import Lack
from reprise.engine.sweep import Sweeps
from reprise.engine.world import Backend, Folders, World, by_name
from reprise.sign_in import Key
from reprise.store.database import Database
from reprise.store.tables import deliveries, triggers
from reprise.web.app import create_app
from reprise.web.context import Context
from reprise.web.writer import DeliveryWriter

SECRET = "It's a Secret to Everybody"
TOKEN = "correct-horse-battery-staple"
WATCHED = "Codertocat/Hello-World"
HOOK = "/webhooks/github"


def empty_database(path: Path) -> Path:
    store = Database(f"sqlite:///{path}")
    store.migrate()
    store.close()
    return path


class Site:
    def __init__(
        self,
        folder: Path,
        empty: Path,
        *,
        pages: str | None = None,
        key: Key = Key(TOKEN, anywhere=False),
        onboarding: Onboarding | None = None,
        look: Callable[[], None] = lambda: None,
        polls: bool = False,
    ) -> None:
        """``empty`` is a database as `empty_database` makes it, which takes longer than a test."""
        shutil.copyfile(empty, folder / "reprise.db")
        self.store = Database(f"sqlite:///{folder / 'reprise.db'}")
        self.source = FakeSource()
        self.clock = FakeClock()
        self.archive = FakeArchive(folder / "evidence")
        self.nudges = 0
        self.lacks: tuple[Lack, ...] = ()
        self.sweeps = Sweeps()
        self.world = World(
            store=self.store,
            source=self.source,
            backends=by_name(Backend(Offer("process"), FakeBuilder(), FakeProvider(folder), FakeRunner(), 1)),
            fetcher=FakeFetcher(folder / "fetched"),
            tracker=FakeTracker(),
            forge=FakeForge(),
            archive=self.archive,
            linter=FakeLinter(),
            clock=self.clock,
            folders=Folders(folder),
            pages=pages,
        )
        self.context = Context(
            world=self.world,
            writer=DeliveryWriter(self.store, self._nudge),
            webhook_secret=SECRET.encode(),
            key=key,
            watched=read_watch((WATCHED,)),
            tracking_url=None,
            onboarding=onboarding,
            look=look,
            lacks=lambda: self.lacks,
            intake="polling every 60 s" if polls else "webhook",
            polls=polls,
            sweeps=self.sweeps,
        )
        self.app = create_app(self.context)

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[None]:
        async with self.app.router.lifespan_context(self.app):
            yield

    def client(
        self,
        host: str = "127.0.0.1",
        *,
        base_url: str = "http://127.0.0.1:8400",
        token: str | None = TOKEN,
    ) -> httpx.AsyncClient:
        """Requests as they come from this address."""
        transport = httpx.ASGITransport(self.app, client=(host, 50000))
        headers = {"Authorization": f"Bearer {token}"} if token is not None else {}
        return httpx.AsyncClient(transport=transport, base_url=base_url, headers=headers)

    async def deliver(
        self,
        delivery: Delivery,
        guid: str = "guid-1",
        *,
        headers: Mapping[str, str | bytes] = MappingProxyType({}),
    ) -> httpx.Response:
        async with self.client("192.0.2.7", base_url="https://reprise.example") as client:
            sent = {**delivery.headers(SECRET, guid), **headers}
            raw = {name.encode(): v if isinstance(v, bytes) else v.encode() for name, v in sent.items()}
            return await client.post(HOOK, content=delivery.body, headers=raw)

    def deliveries(self) -> list[Any]:
        with self.store.read() as connection:
            return list(connection.execute(select(deliveries).order_by(deliveries.c.id)))

    def triggers(self) -> list[Any]:
        with self.store.read() as connection:
            return list(connection.execute(select(triggers).order_by(triggers.c.number)))

    def stored(self, guid: str) -> bool:
        with self.store.read() as connection:
            query = select(func.count()).where(deliveries.c.id == guid)
            return connection.execute(query).scalar_one() == 1

    def _nudge(self) -> None:
        self.nudges += 1
