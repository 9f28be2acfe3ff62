"""Where a job finds things in its container, the same on every machine, so that records are equal. Pure."""

from pathlib import Path

from reprise.jobs.variables import Places

ROOT = Path("/reprise")
RUNNER = ROOT / "runner.pyz"
TRIAL = ROOT / "trial"
"""What the runner reads and leaves: see `reprise_runner`."""
TREE = ROOT / "tree"
HOOK = ROOT / "hook"
INSIDE = ROOT / "inside"
"""Beside `HOOK`: our files in the job's Python look for it there."""
TEMPORARY = Path("/tmp")  # noqa: S108  (of the job, a folder of its own)
PLACES = Places(home=ROOT / "home", temporary=TEMPORARY, output=ROOT / "output")
COMMAND = ("python3", "-I", "-S", str(RUNNER), "trial", str(TRIAL))
