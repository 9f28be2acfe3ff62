"""A controller that lives for months keeps no more memory than it needs."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

THREADS = """
import ctypes, sys, threading
if sys.argv[1:] == ["shared"]:
    from reprise.memory import share_arenas
    share_arenas()
library = ctypes.CDLL(None)
library.malloc.restype = ctypes.c_void_p
everybody = threading.Barrier(9)

def work() -> None:
    for _ in range(50):
        library.malloc(ctypes.c_size_t(3000))
    everybody.wait(20)

for _ in range(8):
    threading.Thread(target=work).start()
everybody.wait(20)
library.malloc_stats()
"""
CLIENT = """
import sys
from pathlib import Path
from reprise.adapters.mlflow.client import Client
Client(f"sqlite:///{sys.argv[1]}/mlflow.db")
print(sorted(set(sys.modules) & {"mlflow", "pandas"}))
import pandas
"""


def arenas(*how: str) -> int:
    said = subprocess.run(
        [sys.executable, "-c", THREADS, *how], check=True, capture_output=True, text=True, timeout=60
    )
    return len(re.findall(r"^Arena \d+:", said.stderr, re.MULTILINE))


@pytest.mark.skipif(sys.platform != "linux", reason="only glibc has arenas")
def test_threads_share_two_arenas() -> None:
    assert arenas() > 2
    assert arenas("shared") == 2


def test_mlflow_is_imported_without_pandas_which_others_may_import_later(tmp_path: Path) -> None:
    said = subprocess.run(
        [sys.executable, "-c", CLIENT, str(tmp_path)], check=True, capture_output=True, text=True, timeout=120
    )
    assert said.stdout == "['mlflow']\n"
