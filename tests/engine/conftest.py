"""Every test here gets a controller on fakes that is stopped afterwards: the engine is one per process."""

from collections.abc import Callable, Iterator
from io import StringIO
from pathlib import Path

import pytest
import structlog
from tests.engine.harness import Controller, Outside

Make = Callable[..., Controller]


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Migrated databases: ours, and the engine's after a first launch."""
    folder = tmp_path_factory.mktemp("template")
    scratch = tmp_path_factory.mktemp("scratch")
    controller = Controller(folder, Outside(scratch)).start()
    controller.stop()
    (folder / "engine.lock").unlink(missing_ok=True)
    return folder


@pytest.fixture(autouse=True)
def logs() -> Iterator[StringIO]:
    """What was logged, one event a line; nothing reaches the terminal."""
    out = StringIO()
    before = structlog.get_config()
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        logger_factory=structlog.WriteLoggerFactory(file=out),
    )
    yield out
    structlog.configure(**before)


@pytest.fixture
def outside(tmp_path: Path) -> Outside:
    return Outside(tmp_path)


@pytest.fixture
def make(tmp_path: Path, outside: Outside, template: Path) -> Iterator[Make]:
    """Controllers on one folder, one after the other; the last one is stopped at the end."""
    made: list[Controller] = []

    def new(**options: object) -> Controller:
        made.append(Controller(tmp_path / "state", outside, template=template, **options))  # type: ignore[arg-type]
        return made[-1]

    yield new
    for controller in made:
        controller.stop()


@pytest.fixture
def controller(make: Make) -> Controller:
    return make()
