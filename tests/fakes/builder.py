"""A Builder that installs nothing but keeps the port's promises; tests/contract/ holds it to them."""

import hashlib
import threading
from collections.abc import Mapping

from reprise.domain.run import Reason
from reprise.ports import BuildRequest, Built, Failed

LOCKS = ("uv.lock", "requirements.txt")


class FakeBuilder:
    """``fail`` makes the next builds fail; ``builds`` counts environments that were really made."""

    def __init__(self, packages: Mapping[str, str] | None = None, python: str = "3.11.7") -> None:
        self._packages = dict(packages or {"numpy": "2.4.0"})
        self._python = python
        self._failures: list[Failed] = []
        self._made: set[str] = set()
        self._lock = threading.Lock()

    @property
    def builds(self) -> int:
        return len(self._made)

    def fail(self, *failures: Failed) -> None:
        self._failures.extend(failures)

    def build(self, request: BuildRequest) -> Built | Failed:
        request.log.parent.mkdir(parents=True, exist_ok=True)
        with self._lock, request.log.open("a") as log:
            result = self._build(request)
            log.write(f"{result.message}\n" if isinstance(result, Failed) else f"built {result.key}\n")
        return result

    def _build(self, request: BuildRequest) -> Built | Failed:
        if self._failures:
            return self._failures.pop(0)
        rule = request.spec.environment
        lock = rule.lock or next((name for name in LOCKS if (request.tree / name).is_file()), None)
        if lock is None or not (request.tree / lock).is_file():
            return Failed(Reason.LOCK_MISSING, f"no {lock or 'lock file'}; run uv lock and commit uv.lock")
        if rule.python is not None and not self._python.startswith(rule.python):
            return Failed(
                Reason.PYTHON_MISSING, f"Python {rule.python} is not installed; found: {self._python}"
            )
        content = (request.tree / lock).read_bytes()
        key = hashlib.sha256(content + self._python.encode()).hexdigest()
        self._made.add(key)
        return Built(
            key=key,
            location=f"/environments/{key}",
            layer=None,
            python=self._python,
            lock=lock,
            lock_sha256=hashlib.sha256(content).hexdigest(),
            weak=None,
            packages=dict(self._packages),
        )
