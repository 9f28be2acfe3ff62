"""A repository made of texts, and what is proposed for it."""

from collections.abc import Mapping

from reprise.domain.adopt.model import Proposal
from reprise.domain.adopt.proposal import propose
from reprise.domain.adopt.written import render
from reprise.domain.lint.repo import Entry, Repo
from reprise.domain.spec.model import BadSpec, Spec
from reprise.domain.spec.parse import parse_spec

TRAIN = """\
import argparse
parser = argparse.ArgumentParser()
parser.add_argument("--seed", type=int, default=42)
open("metrics.json", "w").write("{}")
"""


def repo(files: Mapping[str, str | bytes]) -> Repo:
    contents = {path: text if isinstance(text, bytes) else text.encode() for path, text in files.items()}
    return Repo({path: Entry(path, len(contents[path])) for path in sorted(contents)}, contents.get)


def proposed(files: Mapping[str, str | bytes]) -> Proposal:
    proposal = propose(repo(files))
    assert proposal is not None
    return proposal


def spec_of(files: Mapping[str, str | bytes]) -> Spec:
    """What is written, read again."""
    text = render(proposed(files))
    spec = parse_spec(text.encode(), file="reprise.yaml", default_name="paper")
    assert not isinstance(spec, BadSpec), f"{spec.problems}\n{text}"
    return spec
