"""RX36. The secrets of these tests are made here: none of them was ever issued, and none stands in a file."""

import random
import string

import pytest
from tests.unit.lint.build import SMALLEST, findings, found, repo

from reprise.domain.lint.model import Severity


def letters(number: int, alphabet: str = string.ascii_letters + string.digits) -> str:
    return "".join(random.Random(number).choices(alphabet, k=number))


KEY = "-----BEGIN {} KEY-----\n{}\n{}\n-----END {} KEY-----\n"
KEPT = {
    "GitHub": f"A = 'ghp_{letters(36)}'\n",
    "Hugging Face": f"login('hf_{letters(34)}')\n",
    "GitLab": f"A = 'glpat-{letters(20)}'\n",
    "AWS": f"A = 'AKIA{letters(16, string.ascii_uppercase + string.digits)}'\n",
    "API": f"A = 'sk-proj-{letters(48)}'\n",
    "access": f"WANDB_API_KEY = '{letters(40, '0123456789abcdef')}'\n",
}


@pytest.mark.parametrize("what", KEPT)
@pytest.mark.parametrize("path", ["tools/upload.py", ".env", "deploy.yaml", "run.sh"])
def test_a_committed_secret(what: str, path: str) -> None:
    (finding,) = findings("RX36", repo({path: "\n" + KEPT[what]}))
    assert (finding.file, finding.line) == (path, 2)
    assert what in finding.message
    assert not any(word in finding.message + finding.fix for word in KEPT[what].split("'")[1:2])


def test_a_private_key() -> None:
    text = KEY.format("RSA PRIVATE", letters(64), letters(63), "RSA PRIVATE")
    assert found("RX36", repo({"deploy.pem": text})) == [("deploy.pem", 1)]


@pytest.mark.parametrize(
    "text",
    [
        f"A = 'ghp_{'x' * 36}'\n",
        "A = 'hf_your_token_here_your_token_here'\n",
        "aws_access_key_id = AKIAIOSFODNN7EXAMPLE\n",
        f"revision = '{letters(40, '0123456789abcdef')}'\n",
        f"tokenizer_sha = '{letters(40, '0123456789abcdef')}'\n",
        "token = os.environ.get('HF_TOKEN')\n",
        "if 'PRIVATE KEY-----' in text: pass\n",
        "task-with-a-name-that-is-long-enough-to-be-a-key-of-something\n",
        "secret = 'thequickbrownfoxjumpsoverthelazydogandmore'\n",
    ],
)
def test_what_is_no_secret(text: str) -> None:
    assert found("RX36", repo({"tools/upload.py": text, "a.yaml": text})) == []


def test_locks_data_tests_and_the_code_of_others_are_not_searched() -> None:
    text = KEPT["GitHub"]
    files = {"tests/test_a.py": text, "vendor/a.py": text, "requirements.txt": text, "data/a.csv": text}
    assert found("RX36", repo(files)) == []


@pytest.mark.parametrize(
    "code",
    [
        "import os\ntoken = os.environ['HF_TOKEN']\n",
        "from transformers import AutoModel\nAutoModel.from_pretrained(name, token=True)\n",
        "from datasets import load_dataset\nload_dataset(name, use_auth_token=True)\n",
    ],
)
def test_a_job_that_waits_for_a_secret(code: str) -> None:
    assert found("RX36", repo({"train.py": code}, SMALLEST)) == [("train.py", 2)]
    assert found("RX36", repo({"upload.py": code, "train.py": ""}, SMALLEST)) == []
    assert [each.severity for each in findings("RX36", repo({"upload.py": code}))] == [Severity.WARNING]


@pytest.mark.parametrize(
    "code",
    [
        "import os\ntoken = os.environ.get('HF_TOKEN')\n",
        "import os\nos.environ['HF_TOKEN'] = ''\n",
        "import os\nhome = os.environ['HOME']\n",
        "NAME = 'HF_TOKEN'\n",
        "from transformers import AutoModel\nAutoModel.from_pretrained(name, token=None)\n",
    ],
)
def test_a_job_that_can_do_without(code: str) -> None:
    assert found("RX36", repo({"train.py": code}, SMALLEST)) == []
