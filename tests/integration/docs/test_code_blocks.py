"""Every code block of README.md and docs/ is run or read by a test, as its reader would.

`TREATED` says of each block what is done with it, by its page and its first words; a new block fails here
until something is. docs/rules/ has tests of its own: what is wrong there has to be found, what is right not.
"""

import configparser
import json
import os
import re
import sqlite3
import subprocess
from collections.abc import Callable, Mapping
from contextlib import chdir, closing
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from tests.integration.docs.blocks import PAGES, TO_ADAPT, Block, blocks_of
from tests.integration.docs.terminals import ROOT, environment
from tests.rehearsals import paper
from tests.repositories import write_files
from tests.unit.evidence.recorded import RECORD, files
from tests.unit.evidence.sealing import KEY, package, public
from tests.unit.report.examples import EXAMPLES
from tests.unit.spec.reading import good

import reprise
from reprise.domain.leasing.bill import bill_object
from reprise.settings import load_settings

pytestmark = pytest.mark.real
SECONDS = 300
DOCUMENTED = {
    "README.md": "# Paper\n\n    python train.py\n\nA second on one CPU core.\n",
    "LICENSE": "MIT",
    "CITATION.cff": "title: Paper\n",
    "reprise.yaml": """\
version: 1
name: paper
run: {command: [python, train.py], seed: {arg: --seed}}
environment: {python: "3.11"}
resources: {cpus: 1, memory: 1GB, duration: 1m}
claims:
  - id: accuracy
    where: "Table 1, row 1"
    metric: {file: metrics.json, pointer: /accuracy}
    published: {value: "0.93"}
""",
}
"""What `reprise check` says nothing about."""
DRAWS = "import sys\nfrom numpy.random import default_rng\n"


def sh(text: str, folder: Path, *, code: int = 0, state: Path | None = None) -> str:
    """What it prints before it ends with this exit code; ``folder`` is where it is typed."""
    kept = {"REPRISE_STATE_DIR": str(state)} if state is not None else {}
    done = subprocess.run(
        ["bash", "--norc", "-e", "-u", "-o", "pipefail", "-c", text],
        cwd=folder,
        env=environment(folder.parent / "home") | kept,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == code, f"{text}\n{done.stdout}\n{done.stderr}"
    return done.stdout


# --- what is done with a block ----------------------------------------------------------------------------


def by(test: str, asked: Block, folder: Path) -> None:
    """Another test takes it from the page."""
    text = (ROOT / test).read_text(encoding="utf-8")
    assert asked.page in text or Path(asked.page).name in text, f"{test} does not read {asked.page}"


def for_a_machine(why: str, asked: Block, folder: Path) -> None:
    """Nobody can run it here, and the reader sees that he has to adapt it."""
    assert why
    if asked.language == "ini":
        configparser.ConfigParser().read_string(asked.text)


def make(asked: Block, folder: Path) -> None:
    """The targets are there; .ci/run and the nightly run make them."""
    for line in asked.text.splitlines():
        command, *_ = line.strip().partition("#")
        if command.strip():
            done = subprocess.run(
                [*command.split(), "--dry-run"], cwd=ROOT, capture_output=True, timeout=60, check=False
            )
            assert done.returncode == 0, done.stderr


def layers(asked: Block, folder: Path) -> None:
    """Every name of the drawing is a package or module."""
    rows = (re.match(r"^  ([a-z_*│ ]+?)(?:   |$)", line) for line in asked.text.splitlines())
    names = [name.strip(" *") for row in rows if row for name in row[1].split("│")]
    assert len(names) > 15
    package = Path(reprise.__file__).parent
    assert [name for name in names if not any(package.glob(f"{name}*"))] == []


def commands_on_a_paper(asked: Block, folder: Path) -> None:
    paper(folder / "paper", **DOCUMENTED)
    text = asked.text.replace(".venv/bin/", "").replace("PATH", "paper").replace("FILE.svg", "badge.svg")
    sh(text, folder)
    assert (folder / "badge.svg").read_text(encoding="utf-8").startswith("<svg")


def badge_of_a_rehearsal(asked: Block, folder: Path) -> None:
    sh(asked.text, paper(folder / "paper"))
    assert (folder / "paper" / "reproduced.svg").is_file()


def shown_by_check(asked: Block, folder: Path) -> None:
    lines = [*["# …"] * 40, 'TRAIN = "/home/ada/data/train.csv"', ""]
    write_files(folder, {"train.py": "\n".join(lines)})
    assert asked.text in sh("reprise check .", folder, code=1)


def an_ignored_line(asked: Block, folder: Path) -> None:
    write_files(folder, {"train.py": f"{DRAWS}{asked.text}"})
    [found] = [each for each in checked(folder)["findings"] if each["rule"] == "RX30"]
    assert found["ignored"] == "noise is what this figure shows"


def a_baseline(asked: Block, folder: Path) -> None:
    write_files(folder, {"train.py": f"{DRAWS}rng = default_rng()\n"})
    paper(folder, train=f"{DRAWS}rng = default_rng()\n")
    assert checked(folder)["counts"]["warning"]
    assert "in the baseline" in sh(asked.text, folder)


def a_step_of_a_workflow(asked: Block, folder: Path) -> None:
    [step] = yaml.safe_load(asked.text)
    paper(folder, train="import torch\n")
    assert "::error file=" in sh(step["run"], folder, code=1)


def checked(folder: Path) -> Any:
    return json.loads(sh("reprise check --json .", folder, code=1))


def a_verification(asked: Block, folder: Path) -> None:
    (folder / "EVIDENCE.zip").write_bytes(package(RECORD, files()))
    (folder / "reprise.pub").write_bytes(public(KEY))
    assert "authentic" in sh(asked.text, folder)


def a_backup(asked: Block, folder: Path) -> None:
    state, backup = folder / "state", folder / "backup"
    write_files(state, {"runs/1/log": "x", "mlflow/artifacts/a": "x", "keys/reprise.key": "x"})
    for name in ("engine.db", "reprise.db", "mlflow/mlflow.db"):
        with closing(sqlite3.connect(state / name)) as database:
            database.execute("CREATE TABLE kept (it)")
    sh(asked.text.replace("/backup", str(backup)), folder, state=state)
    copied = {str(path.relative_to(backup)) for path in backup.rglob("*") if path.is_file()}
    assert copied == {str(path.relative_to(state)) for path in state.rglob("*") if path.is_file()}


def settings(asked: Block, folder: Path) -> None:
    file = folder / "reprise-settings.yaml"
    file.write_text(asked.text, encoding="utf-8")
    assert load_settings(file).http.port == 8400


def spec(asked: Block, folder: Path) -> None:
    good(asked.text)


def part_of_a_spec(asked: Block, folder: Path) -> None:
    good(f"version: 1\nrun: {{command: [python, train.py]}}\n{asked.text}")


def lent(asked: Block, folder: Path) -> None:
    file = folder / "reprise-settings.yaml"
    file.write_text(asked.text, encoding="utf-8")
    data = load_settings(file).data
    assert data.secret_of("ada/wine", "HUB") == "hf_…"
    assert data.secret_of("ada/other", "ARCHIVE") == "user:password"
    assert data.secret_of("bob/wine", "HUB") is None


def goes_on(asked: Block, folder: Path) -> None:
    """Saving, then resuming from what was saved, with a stand-in for the framework that is named."""
    (folder / "checkpoints").mkdir()
    torch = SimpleNamespace(
        save=lambda state, path: Path(path).write_text(json.dumps(state)),
        load=lambda path: json.loads(Path(path).read_text()),
    )
    resumed = SimpleNamespace(**vars(os) | {"environ": {"REPRISE_RESUME": str(folder / "checkpoints")}})
    names: dict[str, Any] = {"torch": torch, "os": resumed, "state": {"step": 5}}
    with chdir(folder):
        exec(asked.text, names)
    assert names["state"] == {"step": 5}
    assert [each.name for each in (folder / "checkpoints").iterdir()] == ["step"]


def scraped(asked: Block, folder: Path) -> None:
    [job] = yaml.safe_load(asked.text)["scrape_configs"]
    assert job["static_configs"] == [{"targets": ["127.0.0.1:8400"]}]
    assert job["authorization"]["credentials_file"].endswith("/http.token")


def numbers(asked: Block, folder: Path) -> None:
    assert all(isinstance(each, float) for each in json.loads(asked.text))


def result_object(asked: Block, folder: Path) -> None:
    """It has the keys of a run's object, and those of its parts."""
    paper(folder / "paper")
    shown, printed = json.loads(asked.text), json.loads(sh("reprise run --json paper", folder))
    assert keys(shown) == keys(printed)
    for part in ("claims", "trials", "ledger"):
        assert keys(shown[part][0]) == keys(printed[part][0])


def bill(asked: Block, folder: Path) -> None:
    """Likewise, of a bill with an estimate and a lease."""
    example = EXAMPLES["leased"].bill
    assert example is not None
    shown, printed = json.loads(asked.text)["cost"], bill_object(example)
    assert printed is not None
    assert keys(shown) == keys(printed)
    assert keys(shown["estimate"]) == keys(printed["estimate"])
    assert keys(shown["leases"][0]) == keys(printed["leases"][0])


def keys(value: Mapping[str, object]) -> set[str]:
    return set(value)


# --- the blocks -------------------------------------------------------------------------------------------

TUTORIAL = partial(by, "tests/integration/docs/test_tutorial.py")
STATISTICS = partial(by, "tests/unit/planning/test_statistics_page.py")
SERVING = partial(by, "tests/integration/docs/test_serving.py")
UNIT = partial(for_a_machine, "a unit of systemd, on a server that has it")

TREATED: dict[str, dict[str, Callable[[Block, Path], None]]] = {
    "README.md": {
        "make demo #": make,
        ".venv/bin/reprise check PATH": commands_on_a_paper,
        "export REPRISE_WATCH=owner/repo #": SERVING,
    },
    "docs/architecture.md": {"cli the command": layers},
    "docs/badge.md": {
        "[![Reprise](https://reprise.example/badge/OWNER/REPOSITORY.s": SERVING,
        "reprise run --badge": badge_of_a_rehearsal,
    },
    "docs/benchmarks.md": {"make bench #": make},
    "docs/check.md": {
        "train.py 41 error": shown_by_check,
        "rng = default_rng()": an_ignored_line,
        "reprise check --baseline": a_baseline,
        "- run: reprise": a_step_of_a_workflow,
    },
    "docs/checkpoints.md": {
        "checkpoint: {path: checkpoints,": part_of_a_spec,
        'torch.save(state, "checkpoints/step.new") os.replace("checkp': goes_on,
    },
    "docs/data.md": {"data: - path:": part_of_a_spec, "# reprise serve": lent},
    "docs/forge.md": {
        "reprise forge ~/forge": SERVING,
        "ADA=ghp_… BOT=ghp_… #": SERVING,
        "REPRISE_GITHUB__API_URL=$api REPRISE_GITHUB__TOKEN=$BOT REPR": SERVING,
        'curl -H "$auth"': SERVING,
    },
    "docs/isolation.md": {"[Service] ExecStart=/opt/reprise/.venv/bin/reprise serve": UNIT},
    "docs/leases.md": {'{"cost": {"estimate": {"low_su":': bill},
    "docs/operate.md": {"scrape_configs: - job_name:": scraped, "umask 077 #": a_backup},
    "docs/reviewers.md": {"reprise verify EVIDENCE.zip": a_verification},
    "docs/settings.md": {"# reprise serve": settings},
    "docs/spec.md": {"version: 1 run:": spec, "version: 1 name:": spec},
    "docs/statistics.md": {
        "[0.9210, 0.9199, 0.9244,": numbers,
        "version: 1 name:": spec,
        "table-2 (reprise.yaml), 5": STATISTICS,
        '{"experiments": [{"file": "reprise.yaml",': STATISTICS,
    },
    "docs/tutorial.md": {
        "mkdir wine &&": TUTORIAL,
        "echo scikit-learn >": TUTORIAL,
        "cat > reprise.yaml": TUTORIAL,
        "reprise run .": TUTORIAL,
        "reprise forge ../forge": TUTORIAL,
        'until test "$(grep': TUTORIAL,
        "export REPRISE_GITHUB__API_URL=http://127.0.0.1:8399/api/v3 ": TUTORIAL,
        "until ask http://127.0.0.1:8400/readyz": TUTORIAL,
        "reprise/wine/artifacts - no": TUTORIAL,
    },
    "docs/verdicts.md": {'{"run_id": "…", "commit":': result_object},
    "docs/verify.md": {"reprise verify EVIDENCE.zip": a_verification},
}
BLOCKS = [each for page in PAGES for each in blocks_of(page)]


def test_something_is_done_with_every_block_and_nothing_else_is_listed() -> None:
    listed = {(page, begins) for page, rows in TREATED.items() for begins in rows}
    assert {(each.page, each.begins) for each in BLOCKS} == listed
    assert len(BLOCKS) == len(listed), "two blocks of a page begin alike"


def test_what_nobody_can_run_here_says_so_and_is_counted() -> None:
    left = [each for each in BLOCKS if each.title == TO_ADAPT]
    for each in left:
        print(f"not run: {each}: {reason(each)}")
    assert {each.page for each in left} == {"docs/isolation.md"}
    assert [each for each in BLOCKS if reason(each) and each.title != TO_ADAPT] == []


def reason(asked: Block) -> str:
    treatment = TREATED[asked.page][asked.begins]
    known = isinstance(treatment, partial) and treatment.func is for_a_machine
    return str(treatment.args[0]) if known and isinstance(treatment, partial) else ""


@pytest.mark.parametrize("asked", BLOCKS, ids=str)
def test_a_block_does_what_its_page_says(asked: Block, tmp_path: Path) -> None:
    folder = tmp_path / "typed"
    folder.mkdir()
    (tmp_path / "home").mkdir()
    TREATED[asked.page][asked.begins](asked, folder)
