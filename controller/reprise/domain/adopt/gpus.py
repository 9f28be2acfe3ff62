"""Signs that the experiment was made on a GPU, which a run cannot ask for yet."""

import re
from collections.abc import Iterator, Sequence
from itertools import chain

from reprise.domain.adopt.job import place
from reprise.domain.adopt.model import Left, Place
from reprise.domain.lint.python import Python
from reprise.domain.lint.repo import Repo

_DEVICE = re.compile(r"cuda(:\d+)?")
_COMPOSE = re.compile(r"\s*(runtime:\s*nvidia|driver:\s*nvidia|capabilities:\s*\[.*\bgpu\b.*\])\s*")


def find(repo: Repo, code: Sequence[Python]) -> tuple[Left, ...]:
    """The first sign alone."""
    where = next(chain(_in_code(code), _in_compose(repo)), None)
    if where is None:
        return ()
    return (
        Left(
            "a GPU is used here, which resources cannot ask for yet",
            "see that the experiment works on the processor, and say under reference.hardware what the "
            "published numbers are from",
            where,
        ),
    )


def _in_code(code: Sequence[Python]) -> Iterator[Place]:
    for python in code:
        for call in python.calls:
            if call.name.endswith(".cuda"):
                yield place(python, call.line)
        for text in python.texts:
            if _DEVICE.fullmatch(text.value):
                yield place(python, text.line)


def _in_compose(repo: Repo) -> Iterator[Place]:
    for path in repo.named("docker-compose.yml", "docker-compose.yaml", "compose.yaml"):
        for number, line in enumerate(repo.lines(path), start=1):
            if _COMPOSE.fullmatch(line):
                yield Place(path, number)
