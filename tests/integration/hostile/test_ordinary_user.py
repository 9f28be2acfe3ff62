"""The same attacks when the controller is an ordinary user, in a run of these tests as one."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from tests import ordinary

from reprise.removal import remove_tree


@pytest.mark.skipif(os.geteuid() != 0, reason="the other tests of this folder are that run already")
def test_the_same_holds_for_an_ordinary_user() -> None:
    cache = ordinary.ROOT / ".cache"
    home = Path(tempfile.mkdtemp(prefix="ordinary-", dir=cache if cache.is_dir() else None))
    os.chown(home, ordinary.UID, ordinary.UID)
    here = Path(__file__).parent
    light = "not gigabytes and not thousand"  # the same for everybody
    own = ("-q", "-rs", "-k", light, "-p", "no:cacheprovider", "--basetemp", str(home / "tmp"))
    tests = [str(here / f"test_{name}.py") for name in ("hidden", "contained", "builds")]
    try:
        done = subprocess.run(
            (sys.executable, ordinary.__file__, sys.executable, "-m", "pytest", *own, *tests),
            env={"PATH": os.environ["PATH"], "HOME": str(home), "PYTHONPATH": str(ordinary.ROOT)},
            cwd=ordinary.ROOT,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=200,
            check=False,
        )
    finally:
        remove_tree(home)
    print(done.stdout[-6000:], done.stderr[-2000:])
    assert done.returncode == 0
    assert " passed" in done.stdout
