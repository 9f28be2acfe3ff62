import threading
import time
from pathlib import Path

from reprise.adapters.process.installer import Installer, Job
from reprise.domain.run import Reason
from reprise.ports import Failed


def test_an_installation_that_nobody_wants_any_more_is_ended_soon(tmp_path: Path) -> None:
    uv = tmp_path / "uv"
    uv.write_text("#!/bin/sh\nexec sleep 60\n")
    uv.chmod(0o755)
    (tmp_path / "log").touch()
    unwanted = threading.Event()
    unwanted.set()
    job = Job(tmp_path / "log", time.monotonic() + 50, unwanted.is_set)
    begun = time.monotonic()
    ended = Installer(uv, tmp_path / "cache", {"PATH": "/usr/bin:/bin"}, uv_cache=None).run(job, "pip")
    assert isinstance(ended, Failed)
    assert ended.reason is Reason.CANCELLED
    assert time.monotonic() - begun < 20
