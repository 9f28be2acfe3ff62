"""codecheck.yml: a draft. A codechecker is a person who looked; the fields for one stay empty."""

import json

from reprise.adapters.evidence.names import RESULT
from reprise.adapters.evidence.plain import at, short, source_uri, without_user
from reprise.adapters.evidence.raw import metric_paths
from reprise.domain.words import outcome
from reprise.ports import EvidenceRecord

_HEAD = """\
---
# A DRAFT that Reprise filled in as far as a program can. A person must complete it: CODECHECK is a human's
# word that the computation was looked at. Lines that a person has to fill in say so.
version: https://codecheck.org.uk/spec/config/2.0/
"""
_FOR_A_PERSON = """\
paper:
  title: "TO BE COMPLETED BY A PERSON"
  authors:
    - name: "TO BE COMPLETED BY A PERSON"  # with ORCID
  reference: "TO BE COMPLETED BY A PERSON"  # DOI or landing page
codechecker:
  - name: "TO BE COMPLETED BY A PERSON"  # with ORCID; a program cannot be one
certificate: "TO BE COMPLETED BY A PERSON"  # YYYY-NNN, given by the register
report: "TO BE COMPLETED BY A PERSON"  # DOI of the certificate
"""


def codecheck(record: EvidenceRecord) -> str:
    """YAML; strings are written as JSON strings, which YAML reads as they are."""
    said = f"Reprise, rules {record.judgement.rules}: {outcome(record.judgement)}. {record.judgement.message}"
    repository = without_user(record.repository_url) or source_uri(record)
    lines = [
        f"summary: {_quoted(said)}",
        f"repository: {_quoted(repository)}  # at commit {record.commit}",
        f"check_time: {_quoted(at(record.ended_at))}",
    ]
    return f"{_HEAD}{_manifest(record)}{_FOR_A_PERSON}" + "\n".join(lines) + "\n"


def _manifest(record: EvidenceRecord) -> str:
    """Metric and artifact files of the repository's own tree, and what was judged."""
    declared = record.spec.artifacts if record.spec is not None else ()
    files = [*metric_paths(record.spec), *(artifact.path for artifact in declared)]
    entries = [
        f'  - file: {_quoted(path)}\n    comment: "written by the job"' for path in dict.fromkeys(files)
    ] or [f'  - file: {_quoted(RESULT)}\n    comment: "the result of the run, in this evidence"']
    return "manifest:\n" + "\n".join(entries) + "\n"


def _quoted(text: str) -> str:
    return json.dumps(short(text), ensure_ascii=False)
