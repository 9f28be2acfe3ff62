"""How long it takes to seal and to verify evidence, beside a validator that only reads its crate.

python -m bench.evidence FOLDER        seals a run into FOLDER and prints the seconds that packing took
"""

import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from statistics import median

from tests.integration.evidence.environment import CONTEXT, VALIDATE, ensure_validator
from tests.unit.evidence.examples import BUILT, GOOD, SPEC, Execution, ended

from bench.printed import Bar, Part, number, numbers
from bench.scene import ROOT
from reprise.adapters.evidence.archive import ZipArchive
from reprise.adapters.evidence.keys import Keys
from reprise.domain.words import size

ROUNDS = 4
EXECUTIONS = 20
PACKAGES = 100
_LOG = "".join(f"epoch {number:6d}: loss {1 / (number + 1):.12f}\n" for number in range(8_000))
_TOLERANT = "    compare: {mode: tolerance, tolerance: {abs: 0.01}}\n"
_SECONDS = 120


def measure() -> Part:
    validator = ensure_validator()
    took: dict[str, list[float]] = {"build": [], "verify": [], "roc-validator": []}
    with tempfile.TemporaryDirectory() as name:
        for index in range(ROUNDS):
            folder = Path(name) / str(index)
            took["build"].append(float(timed(sys.executable, "-m", "bench.evidence", str(folder))[1]))
            (package,) = (folder / "evidence").glob("*.zip")
            key = folder / "keys" / "reprise.pub"
            took["verify"].append(
                timed(sys.executable, "-m", "reprise", "verify", str(package), "--key", str(key))[0]
            )
            cache = str(folder / "contexts")
            took["roc-validator"].append(
                timed(str(validator), str(VALIDATE), cache, str(CONTEXT), str(package))[0]
            )
            print(f"round {index + 1} of evidence", flush=True)
        held = package.stat().st_size
    return told(took, held)


def told(took: dict[str, list[float]], held: int) -> Part:
    ratio = median(took["verify"]) / median(took["roc-validator"])
    return Part(
        "evidence",
        "Evidence sealed and verified",
        (
            Bar("build, the first of a process", median(took["build"]), at_most=3, unit=" s"),
            Bar("verify, in a new process", median(took["verify"]), at_most=5, unit=" s"),
            Bar("verify beside roc-validator alone", ratio, at_most=1.25),
        ),
        ("seconds", "median", "each round"),
        tuple((name, number(median(values)), numbers(values)) for name, values in took.items()),
        (
            f"{EXECUTIONS} executions with a log of {size(len(_LOG))} each, {PACKAGES} packages; "
            f"the package has {size(held)}.",
        ),
    )


def timed(*command: str) -> tuple[float, str]:
    """Seconds from start to end, and what it printed."""
    begun = time.monotonic()
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        check=False,
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
    )
    seconds = time.monotonic() - begun
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(command[:4])} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return seconds, done.stdout


def seal(folder: Path) -> float:
    one = Execution(GOOD.wrote, log=_LOG)
    runs = [one, replace(one, probe=True), *[one] * (EXECUTIONS - 2)]
    record = ended(folder / "results", *runs, spec=f"{SPEC}{_TOLERANT}runs: {{n: {EXECUTIONS - 1}}}\n")
    packages = {f"package-{index}": f"{index}.0" for index in range(PACKAGES)}
    keys = Keys(folder / "keys")
    keys.make()
    record = replace(record, built=replace(BUILT, packages=packages))
    begun = time.monotonic()
    ZipArchive(folder / "evidence", keys).seal(record)
    return time.monotonic() - begun


if __name__ == "__main__":
    print(seal(Path(sys.argv[1])))
