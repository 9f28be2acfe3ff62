"""Rules of the barrier env: what is installed, and whether the same is installed again."""

from reprise.domain.lint.dated import rx15
from reprise.domain.lint.images import rx14
from reprise.domain.lint.imports import rx13
from reprise.domain.lint.locked import rx10, rx12
from reprise.domain.lint.model import Barrier, Rule, Severity
from reprise.domain.lint.pythons import rx16
from reprise.domain.lint.stale import rx11

RULES: tuple[Rule, ...] = (
    Rule(
        "RX10",
        Barrier.ENV,
        Severity.ERROR,
        "no lock file, or lines that are not pinned",
        "An environment that is put together anew is another one each month; most runs that fail, fail here.",
        rx10,
    ),
    Rule(
        "RX11",
        Barrier.ENV,
        Severity.ERROR,
        "stale lock file",
        "What is installed is then not what the project asks for, and a strict installer refuses it.",
        rx11,
    ),
    Rule(
        "RX12",
        Barrier.ENV,
        Severity.WARNING,
        "lock file without hashes",
        "Only a hash tells that a file with the same version is still the same file.",
        rx12,
    ),
    Rule(
        "RX13",
        Barrier.ENV,
        Severity.ERROR,
        "import of something that is not locked",
        "The run ends with ModuleNotFoundError, after the machine has been paid for.",
        rx13,
    ),
    Rule(
        "RX14",
        Barrier.ENV,
        Severity.WARNING,
        "base image without a digest",
        "A tag can be moved to another image; a digest cannot.",
        rx14,
    ),
    Rule(
        "RX15",
        Barrier.ENV,
        Severity.WARNING,
        "install that depends on the day",
        "The same file builds another environment tomorrow, and nobody can get today's back.",
        rx15,
    ),
    Rule(
        "RX16",
        Barrier.ENV,
        Severity.WARNING,
        "unstated version of Python or CUDA",
        "Another Python or CUDA may install other files from the same lock, and give other numbers.",
        rx16,
    ),
)
