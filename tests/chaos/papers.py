"""The repository that chaos reproduces over and over: a trial and its probe, a moment long each."""

from tests.integration.spine.papers import PROBED, SPEC, paper, writes

COUNT = """\
import os, sys, time
with open(os.path.join(sys.argv[1], "executions"), "a") as file:
    file.write(os.environ["REPRISE_COMMIT"] + "\\n")
time.sleep(float(sys.argv[2]))
"""


def counted(folder: str, what: str, *, seconds: float = 0.2) -> dict[str, str | bytes]:
    """Each execution leaves its commit in ``folder``; ``what`` makes it another commit."""
    spec = PROBED.replace("[python, train.py]", f"[python, train.py, {folder}, '{seconds}']")
    return paper(COUNT + writes("0.97"), spec) | {"README.md": what}


HUNGRY = paper(
    """\
import os
with open(os.path.join(os.environ["REPRISE_OUTPUT_DIR"], "big"), "wb", buffering=0) as file:
    while True:
        file.write(b"x" * 100_000)
""",
    SPEC,
)
"""A job that writes until somebody stops it."""
