"""How a node comes to have an image: pulled where it can be, else sent once."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from reprise.adapters.chameleon.images import SentImages
from reprise.containers.engine import Engine, Image, NoImage
from reprise.domain.errors import Retryable
from reprise.domain.run import Reason
from reprise.ports import Failed

PUBLIC = "ghcr.io/lab/net@sha256:" + "1" * 64
OWN = "127.0.0.1:5000/reprise@sha256:" + "2" * 64
BUILT = "sha256:" + "3" * 64


def image(name: str) -> Image:
    return Image(f"sha256:{name}", (), {}, (), "amd64")


@dataclass
class FakeEngine(Engine):
    """Knows images by names, and registries by what can be pulled from them."""

    images: dict[str, Image] = field(default_factory=dict)
    registries: dict[str, Image] = field(default_factory=dict)
    silent: bool = False
    pulls: list[str] = field(default_factory=list)
    taken: int = 0

    def image(self, reference: str) -> Image | None:
        return self.images.get(reference)

    def pull(self, reference: str, *, seconds: float = 0) -> None:
        self.pulls.append(reference)
        if self.silent:
            raise Retryable("the registry does not answer")
        if reference not in self.registries:
            raise NoImage(f"{reference} cannot be pulled")
        self.images[reference] = self.registries[reference]

    def save(self, reference: str) -> Iterator[bytes]:
        yield reference.encode()

    def receive(self, archive: Iterator[bytes]) -> str:
        self.taken += 1
        name = b"".join(archive).decode()
        self.images[name] = Image(name, (), {}, (), "amd64")
        return name

    def call(self, reference: str, name: str) -> None:
        self.images[name] = self.images[reference]


def test_a_public_image_is_pulled_by_the_node_itself() -> None:
    there, here = FakeEngine(registries={PUBLIC: image("a")}), FakeEngine(images={PUBLIC: image("a")})

    assert SentImages(there, here).ensure(PUBLIC) == image("a")
    assert there.taken == 0


def test_an_image_without_a_registry_is_sent_once() -> None:
    there, here = FakeEngine(), FakeEngine(images={BUILT: image("b")})
    images = SentImages(there, here)

    assert images.ensure(BUILT) == images.ensure(BUILT) == image("b")
    assert (there.taken, there.pulls) == (1, [])
    assert SentImages(there, here).ensure(BUILT) == image("b"), "another controller finds it"
    assert there.taken == 1


def test_a_registry_of_this_machine_is_not_asked_by_the_node() -> None:
    there, here = FakeEngine(registries={OWN: image("another")}), FakeEngine(registries={OWN: image("c")})

    assert SentImages(there, here).ensure(OWN) == image("c")
    assert (there.pulls, here.pulls) == ([], [OWN])


def test_what_the_node_may_not_pull_is_sent() -> None:
    for there in (FakeEngine(), FakeEngine(silent=True)):
        assert SentImages(there, FakeEngine(registries={PUBLIC: image("a")})).ensure(PUBLIC) == image("a")
        assert there.taken == 1


def test_an_image_that_is_nowhere_is_named() -> None:
    for here in (None, FakeEngine()):
        for reference in (PUBLIC, OWN, BUILT):
            found = SentImages(FakeEngine(), here).ensure(reference)

            assert isinstance(found, Failed)
            assert found.reason is Reason.INFRASTRUCTURE
            assert reference in found.message
