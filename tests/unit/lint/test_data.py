"""RX20 to RX24: where data comes from, and whether others get the same."""

import hashlib

import pytest
from tests.unit.lint.build import SMALLEST, findings, found, repo
from tests.unit.lint.notebook import line_of, notebook

from reprise.domain.lint.repo import Entry, Kind

OPEN = SMALLEST + "environment: {network: open}\n"
DIGEST = "c0535e4be2b79ffd93291305436bf889314e4a3faec05ecffcbb7df31ad9e51a"
POINTER = f"version https://git-lfs.github.com/spec/v1\noid sha256:{DIGEST}\nsize 12345\n"


def lines(rule: str, code: str, spec: str = SMALLEST, **files: str) -> list[int]:
    place = repo({"train.py": code} | files, spec)
    return [line for file, line in found(rule, place) if file == "train.py"]


UNCHECKED = [
    "from urllib.request import urlretrieve\nurlretrieve('https://example.org/a.csv', 'a.csv')",
    "import wget\nwget.download('https://example.org/a.csv')",
    "import gdown\ngdown.download(id='x', output='a.zip')",
    "import pooch\npooch.retrieve('https://example.org/a.csv', known_hash=None)",
    "import tensorflow as tf\ntf.keras.utils.get_file('a.csv', 'https://example.org/a.csv')",
    "import pandas as pd\nframe = pd.read_csv('https://example.org/a.csv')",
    "import requests\ntext = requests.get('https://example.org/input.txt').text",
    "from sklearn.datasets import fetch_openml\nfetch_openml('mnist_784')",
]
CHECKED = [
    "from sklearn import datasets\ndatasets.fetch_20newsgroups()",
    "from torchvision import datasets as d\nd.MNIST('data', train=True, download=True)",
    "import pooch\npooch.retrieve('https://example.org/a.csv', known_hash='sha256:ab')",
    "import torchvision\ntorchvision.models.resnet18(pretrained=True)",
    "from urllib.request import urlretrieve; import hashlib\nurlretrieve('https://example.org/a', 'a')",
]


@pytest.mark.parametrize("code", [*UNCHECKED, *CHECKED])
def test_a_job_without_a_network_fetches_nothing(code: str) -> None:
    assert lines("RX20", code) == [2]


@pytest.mark.parametrize("code", UNCHECKED)
def test_with_an_open_network_somebody_has_to_check_what_comes(code: str) -> None:
    assert lines("RX20", code, OPEN) == [2]


@pytest.mark.parametrize("code", CHECKED)
def test_with_an_open_network_what_is_checked_is_fine(code: str) -> None:
    assert lines("RX20", code, OPEN) == []


@pytest.mark.parametrize(
    "code",
    [
        "from sklearn.datasets import load_wine\nload_wine()",
        "from torchvision import datasets as d\nd.MNIST('data', download=args.download)",
        "import pandas as pd\nframe = pd.read_csv(path)",
        "import requests\nrequests.get('https://example.org/api')",
    ],
)
def test_what_fetches_nothing_or_cannot_be_seen(code: str) -> None:
    assert lines("RX20", code) == []


def test_a_committed_file_is_fetched_only_when_it_is_gone() -> None:
    code = "from urllib.request import urlretrieve\nurlretrieve('https://example.org/a.csv', 'data/a.csv')"
    assert lines("RX20", code, **{"data/a.csv": "1\n"}) == []


def test_an_address_is_shown_without_its_password() -> None:
    code = "import wget\nwget.download('https://ada:pass@example.org/a.csv?key=1')"
    (finding,) = findings("RX20", repo({"train.py": code}, SMALLEST))
    assert "https://example.org/a.csv " in finding.message
    assert "pass@" not in finding.message


def test_a_file_that_only_the_author_has() -> None:
    code = "import pandas as pd\nframe = pd.read_csv('data/train.csv')"
    assert lines("RX20", code) == [2]
    assert lines("RX20", code, **{"data/train.csv": "1\n"}) == []
    assert lines("RX20", code, **{"data/train.csv.dvc": "outs:\n- path: train.csv\n"}) == []
    assert lines("RX20", code, **{"data.dvc": "outs:\n- path: data\n"}) == []


@pytest.mark.parametrize(
    "code",
    [
        "import pandas as pd\nt.to_csv('train.csv')\npd.read_csv('train.csv')",
        "open('data/out.csv', 'w').write('')",
        "open('notes.txt').read()",
        "import numpy as np\nnp.load(path)",
        "import numpy as np\nnp.load('/tmp/a.npy')",
        "import subprocess, numpy as np\nsubprocess.run(['make', 'data'])\nnp.load('a.npy')",
        "import os, numpy as np\nos.makedirs('cache')\nnp.load('cache/a.npy')",
    ],
)
def test_a_file_that_the_job_may_write_itself(code: str) -> None:
    assert lines("RX20", code) == []


def test_a_file_from_a_submodule_or_from_the_folder_of_the_job() -> None:
    code = "import pandas as pd\npd.read_csv('data/train.csv')"
    place = repo({"train.py": code}, SMALLEST, others=(Entry("data", 0, Kind.SUBMODULE),))
    assert found("RX20", place) == []
    spec = SMALLEST + "  workdir: code\n"
    assert found("RX20", repo({"code/train.py": code, "code/data/train.csv": ""}, spec)) == []


def test_a_script_that_fetches() -> None:
    spec = SMALLEST.replace("[python, train.py]", "[bash, run.sh]")
    script = "#!/bin/sh\n# wget https://example.org/b.csv\nwget https://example.org/a.csv\npython train.py\n"
    assert found("RX20", repo({"run.sh": script, "train.py": ""}, spec)) == [("run.sh", 3)]
    checked = script + "sha256sum --check a.sha256\n"
    assert found("RX20", repo({"run.sh": checked, "train.py": ""}, spec)) == []
    assert found("RX20", repo({"other.sh": script, "train.py": ""}, SMALLEST)) == []


def test_a_notebook_that_fetches() -> None:
    text = notebook("!wget https://example.org/a.csv")
    spec = SMALLEST.replace("[python, train.py]", "[papermill, a.ipynb, b.ipynb]")
    assert found("RX20", repo({"a.ipynb": text}, spec)) == [("a.ipynb", line_of(text, "!wget"))]


FULL = "a" * 40


@pytest.mark.parametrize(
    "code",
    [
        "from transformers import AutoModel\nAutoModel.from_pretrained('ada/model')",
        "from transformers import AutoModel\nAutoModel.from_pretrained('ada/model', revision='main')",
        "from datasets import load_dataset\nload_dataset('imdb', split='test')",
        "from huggingface_hub import snapshot_download\nsnapshot_download(repo_id='ada/model')",
        "from huggingface_hub import snapshot_download\nsnapshot_download('ada/model', revision='abcdef1')",
        "import torch\ntorch.hub.load('pytorch/vision:v0.10.0', 'resnet18')",
        "from transformers import AutoModel; NAME = 'ada/model'\nAutoModel.from_pretrained(NAME)",
    ],
)
def test_a_hub_without_a_commit(code: str) -> None:
    assert lines("RX21", code) == [2]


@pytest.mark.parametrize(
    "code",
    [
        f"from transformers import AutoModel\nAutoModel.from_pretrained('ada/model', revision='{FULL}')",
        f"from transformers import AutoModel\nR = '{FULL}'\nAutoModel.from_pretrained('a/b', revision=R)",
        "from transformers import AutoModel\nAutoModel.from_pretrained('ada/model', revision=args.revision)",
        "from transformers import AutoModel\nAutoModel.from_pretrained(args.model)",
        "from transformers import AutoModel\nAutoModel.from_pretrained('./model')",
        "from transformers import AutoModel\nAutoModel.from_pretrained('weights')",
        "from datasets import load_dataset\nload_dataset('csv', data_files='a.csv')",
        "from transformers import AutoModel\nm.save_pretrained('out')\nAutoModel.from_pretrained('out')",
        "from mine import load_dataset\nload_dataset('imdb')",
        f"import torch\ntorch.hub.load('pytorch/vision:{FULL}', 'resnet18')",
        "import torch\ntorch.hub.load('a/b', 'resnet18', source='local')",
    ],
)
def test_a_hub_at_a_commit_or_local_files(code: str) -> None:
    assert lines("RX21", code, **{"weights/config.json": "{}"}) == []


DVC = "outs:\n- md5: {}\n  size: 2\n  hash: md5\n  path: a.csv\n"


def test_dvc_without_a_remote() -> None:
    files = {"data/a.csv.dvc": DVC.format("b" * 32), "data/.gitignore": "/a.csv\n"}
    assert found("RX22", repo(files)) == [("data/a.csv.dvc", 1)]
    remote = "[core]\n    remote = s\n['remote \"s\"']\n    url = https://example.org/store\n"
    assert found("RX22", repo(files | {".dvc/config": remote})) == []
    here = remote.replace("https://example.org", "/mnt")
    assert found("RX22", repo(files | {".dvc/config": here})) == [(".dvc/config", 4)]


def test_what_dvc_imports_needs_no_remote() -> None:
    imported = "deps:\n- path: a.csv\n  repo:\n    url: https://example.org/r\n" + DVC.format("b" * 32)
    assert found("RX22", repo({"a.csv.dvc": imported})) == []


def test_a_file_that_is_not_the_one_that_dvc_wrote_down() -> None:
    text = "1\r\n2\r\n"
    exact = hashlib.md5(text.encode()).hexdigest()
    as_text = hashlib.md5(text.replace("\r\n", "\n").encode()).hexdigest()
    for digest in (exact, as_text):
        assert found("RX22", repo({"a.csv": text, "a.csv.dvc": DVC.format(digest)})) == []
    assert found("RX22", repo({"a.csv": text, "a.csv.dvc": DVC.format("b" * 32)})) == [("a.csv.dvc", 1)]


def test_a_pointer_of_lfs_that_the_job_reads() -> None:
    files = {".gitattributes": "*.csv filter=lfs diff=lfs -text\n", "data/a.csv": POINTER}
    reading = files | {"train.py": "import pandas\npandas.read_csv('data/a.csv')\n"}
    assert found("RX22", repo(reading, SMALLEST)) == [("data/a.csv", 1)]
    assert found("RX22", repo(files | {"train.py": ""}, SMALLEST)) == []
    assert found("RX22", repo(reading | {"data/a.csv": "1\n" * 60}, SMALLEST)) == []
    declared = SMALLEST + 'data: [{path: data/a.csv, source: "lfs:"}]\n'
    assert found("RX22", repo(reading, declared)) == []


def test_a_file_that_is_fetched_before_the_job_starts_is_there() -> None:
    reading = {"train.py": "import pandas\npandas.read_csv('data/a.csv')\n"}
    assert found("RX20", repo(reading, SMALLEST)) == [("train.py", 2)]
    declared = (
        SMALLEST + f'data: [{{path: data/a.csv, source: "https://x.test/a.csv", sha256: "{DIGEST}"}}]\n'
    )
    assert found("RX20", repo(reading, declared)) == []


@pytest.mark.parametrize(
    ("source", "loose"),
    [
        ("https://x.test/a.csv", True),
        ("s3://bucket/a.csv", True),
        ("hf://ada/wine@main/a.csv", True),
        (f"hf://ada/wine@{'a' * 40}/a.csv", False),
        ("lfs:", False),
    ],
)
def test_a_source_that_pins_nothing_wants_a_digest(source: str, loose: bool) -> None:
    entry = f'{{path: a.csv, source: "{source}", licence: CC0}}'
    findings = found("RX24", repo({}, SMALLEST + f"data: [{entry}]\n"))
    assert bool(findings) is loose


def test_a_pointer_of_lfs_without_an_object() -> None:
    files = {".gitattributes": "data/** filter=lfs\n", "data/a.bin": POINTER.replace(DIGEST, "0" * 40)}
    assert found("RX22", repo(files)) == [("data/a.bin", 1)]


def test_a_large_file() -> None:
    large, fine = Entry("data/a.bin", 11 * 2**20), Entry("data/b.bin", 10 * 2**20)
    assert found("RX23", repo({}, others=(large, fine))) == [("data/a.bin", 1)]


def test_a_binary_result_that_is_rewritten() -> None:
    files = {"results/model.pkl": "2", "results/a.json": "2"}
    before = {"results/model.pkl": "1", "results/a.json": "1"}
    assert found("RX23", repo(files, before=before)) == [("results/model.pkl", 1)]
    assert found("RX23", repo(files, before=files)) == []
    assert found("RX23", repo(files)) == []


def test_declared_data_without_source_or_licence() -> None:
    data = f'data:\n  - path: a.csv\n    sha256: "{DIGEST}"\n'
    place = repo({"train.py": "", "a.csv": ""}, SMALLEST + data)
    assert found("RX24", place) == [("reprise.yaml", 5)]
    assert findings("RX24", place)[0].message == "a.csv is declared without its source and licence"
    full = data + '    source: "https://example.org/a.csv"\n    licence: CC0-1.0\n'
    assert found("RX24", repo({"train.py": "", "a.csv": ""}, SMALLEST + full)) == []


def test_a_croissant_description() -> None:
    whole = (
        '{"conformsTo": "x", "license": "CC0", "url": "https://example.org",\n'
        f' "distribution": [{{"sha256": "{DIGEST}"}}]}}\n'
    )
    assert found("RX24", repo({"croissant.json": whole})) == []
    half = whole.replace('"license": "CC0", ', "").replace(DIGEST, DIGEST[:32])
    assert found("RX24", repo({"croissant.json": half})) == [("croissant.json", 1), ("croissant.json", 2)]
    assert found("RX24", repo({"croissant.json": "[1]", "data/croissant.json": "{"})) == []
