"""Whatever a repository holds, nothing breaks, and what is written is a spec that can be read."""

import json

from hypothesis import given
from hypothesis import strategies as st
from tests.unit.adopt.build import proposed, repo, spec_of

from reprise.domain.adopt.proposal import propose
from reprise.domain.adopt.quoting import flow
from reprise.domain.adopt.text import render as told
from reprise.domain.adopt.written import render
from reprise.domain.spec.document import Scalar, Sequence, read_document
from reprise.domain.spec.problems import Problems

_NAMES = st.sampled_from(
    (
        *("train.py", "src/train.py", "README.md", "Dockerfile", "MLproject", "python_env.yaml", "uv.lock"),
        *("requirements.txt", "environment.yml", "runtime.txt", "pyproject.toml", "metrics.json", "a.ipynb"),
        *(".python-version", "utils/mlflow_log.py", "docker/Dockerfile.mlflow", "results/é\n.json", "x y.py"),
    )
)
_PIECES = st.sampled_from(
    (
        *("\n", " ", "|", "--", "`", "```\n", "python train.py --seed 3", "# ", "accuracy", "0.93", "±", "%"),
        *(
            "FROM python:3.11\n",
            "CMD [",
            '"python"',
            "]",
            "\\\n",
            "{",
            "}",
            ":",
            "- ",
            "entry_points:\n  main:\n",
        ),
        *(
            "    command: ",
            "python=3.11",
            "import os\n",
            'os.getenv("SEED", "1")\n',
            "numpy==1\n",
            "\x00",
            "\u2028",
        ),
        *(
            '{"accuracy": 0.93}',
            "| model | accuracy |\n|--|--|\n| a | 0.93 |\n",
            'open("metrics.json", "w")\n',
            "\ud800",
        ),
    )
)
_TEXTS = st.lists(_PIECES | st.text("ab1 |`{}[]:#'\"\\%é\t\r=-,&*!", max_size=5), max_size=12).map("".join)


@given(st.dictionaries(_NAMES, _TEXTS, max_size=8))
def test_any_repository_gives_a_readable_spec_or_none(files: dict[str, str]) -> None:
    held = {path: text.encode(errors="surrogatepass") for path, text in files.items()}
    proposal = propose(repo(held))
    if proposal is None:
        return
    spec = spec_of(held)
    assert spec.run.command == proposal.entry.argv
    assert [claim.id for claim in spec.claims] == [each.id for each in proposal.claims if each.proposed]
    assert told(proposal, "reprise.yaml")


@given(st.text("aZ09 é~.-_+/:#'\"\\%{}[],&*!|>?@`", min_size=1).filter(str.strip))
def test_a_text_keeps_its_meaning_in_flow_style(text: str) -> None:
    problems = Problems("x")
    node = read_document(f"[{flow(text)}]".encode(), problems)
    assert isinstance(node, Sequence)
    (item,) = node.items
    assert isinstance(item, Scalar)
    assert (item.text, problems.found, item.is_nothing) == (text, {}, False)


def test_every_choice_stands_under_a_comment_with_its_place() -> None:
    files = {
        "train.py": 'import os\nos.getenv("SEED", "1")\nopen("metrics.json", "w")\nopen("a.csv")\n',
        "a.csv": "x",
        "README.md": "| m | accuracy |\n|--|--|\n| a | 0.93 |\n",
        "metrics.json": json.dumps({"accuracy": 0.93}),
        "requirements.txt": "numpy==2.0.0\n",
        "runtime.txt": "python-3.11\n",
    }
    text = render(proposed(files))
    places = ("train.py", "train.py:2", "requirements.txt", "runtime.txt:1", "train.py:4", "README.md:3")
    lines = text.splitlines()
    for place, key in zip(
        places, ("command:", "seed:", "lock:", "python:", "- {path:", "- id:"), strict=True
    ):
        at = next(number for number, line in enumerate(lines) if line.strip().startswith(key))
        assert lines[at - 1].strip().startswith(f"# {place}"), text
