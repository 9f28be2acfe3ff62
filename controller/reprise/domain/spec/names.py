"""How spec files and experiments are called, and which tags an experiment wants."""

import re
from fnmatch import fnmatchcase
from pathlib import PurePosixPath

from reprise.domain.spec.model import Spec

SPEC_FILE = "reprise.yaml"
SPEC_FOLDER = ".reprise"
SPEC_SUFFIX = ".yaml"
"""Further experiments are ``.reprise/<name>.yaml``."""

NAME_EXPECTED = "a name of at most 63 characters from a-z 0-9 . _ - that begins with a letter or digit"
NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")


def parse_name(text: str) -> str | None:
    """The alphabet of experiments and claims; None for anything else."""
    return text if NAME.fullmatch(text) else None


def is_experiment_file(file: str) -> bool:
    return PurePosixPath(file).parent.name == SPEC_FOLDER


def experiment_name(file: str, repository: str) -> str:
    """What an experiment is called when its spec does not say: the file's stem; for ``reprise.yaml`` the
    name part of ``owner/name`` in lower case with other characters as ``-``.

    A stem outside the alphabet is kept as far as it can be printed: its spec is an error, and that error
    must not appear under the name of another experiment.
    """
    path = PurePosixPath(file)
    if path.name != SPEC_FILE or is_experiment_file(file):
        return "".join(c if c.isprintable() else "-" for c in path.stem)[:63] or "-"
    name = re.sub(r"[^a-z0-9._-]", "-", repository.rsplit("/", 1)[-1].lower())
    return name.lstrip("._-")[:63] or "experiment"


def spec_matches(spec: Spec, tag: str) -> bool:
    """Whether a pushed tag runs this experiment; ``*`` also matches ``/``, case counts."""
    return any(fnmatchcase(tag, pattern) for pattern in spec.tags)
