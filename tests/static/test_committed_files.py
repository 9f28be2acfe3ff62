"""Rules about what is committed that no linter knows."""

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "controller" / "reprise"
LINES_OF_A_FILE = 500

# Written in two parts, so that this file does not name them either.
REGISTRY_HOSTS = (
    ("pypi", "org"),
    ("pythonhosted", "org"),
    ("npmjs", "org"),
    ("anaconda", "org"),
    ("proxy.golang", "org"),  # names of modules begin with the rest, and are no host to fetch from
    ("sum.golang", "org"),
    ("crates", "io"),
    ("deb.debian", "org"),
    ("registry-1.docker", "io"),
)


def git(*arguments: str) -> list[str]:
    """Lines that git prints; exit status 1 is grep's "nothing found"."""
    done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode in (0, 1), done.stderr
    return done.stdout.splitlines()


@pytest.mark.parametrize("parts", REGISTRY_HOSTS, ids=" ".join)
def test_no_committed_file_names_a_package_registry(parts: tuple[str, str]) -> None:
    """Whoever installs chooses the index: a lock or a script that names one fails behind a mirror."""
    assert git("grep", "--cached", "-n", "-I", "-i", "-F", "-e", ".".join(parts)) == []


def test_modules_stay_short_enough_to_read() -> None:
    lengths = {path: path.read_text(encoding="utf-8").count("\n") for path in PACKAGE.rglob("*.py")}
    assert lengths
    assert {str(path): n for path, n in lengths.items() if n > LINES_OF_A_FILE} == {}
