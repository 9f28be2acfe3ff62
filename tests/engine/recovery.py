"""Lets the real engine recover at once: it looks once a second, and whoever crashes often cannot wait."""

from collections.abc import Iterator
from contextlib import contextmanager

from dbos._dbos import _get_or_create_dbos_registry


@contextmanager
def quick_recovery() -> Iterator[None]:
    queue = _get_or_create_dbos_registry().get_internal_queue()
    before = queue._polling_interval_sec
    queue._polling_interval_sec = 0.03
    yield
    queue._polling_interval_sec = before
