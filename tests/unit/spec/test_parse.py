"""The spec as a whole: defaults, names, all problems at once, and one line per rule."""

from datetime import timedelta

import pytest
from tests.unit.spec.reading import DIGEST, SMALLEST, bad, claim, good, read

from reprise.domain.forge import Permission
from reprise.domain.policy import UNRESTRICTED, Policy
from reprise.domain.spec.model import (
    Artifact,
    BadSpec,
    DataFile,
    Determinism,
    EnvironmentRule,
    Network,
    Problem,
    Profile,
    Resources,
    RunRule,
    SeedRule,
    Spec,
)
from reprise.domain.spec.parse import parse_policy


def test_the_smallest_spec_gets_every_default() -> None:
    assert good(SMALLEST) == Spec(
        name="demo",
        tags=("*",),
        run=RunRule(("python", "train.py"), ".", timedelta(hours=2), None),
        environment=EnvironmentRule(None, None, Network.FETCH_ONLY),
        data=(),
        resources=Resources(None, None, None),
        determinism=Determinism(None, self_repeat=False),
        n=1,
        allow_failed=0,
        claims=(),
        artifacts=(),
    )


def test_every_supported_section_is_read() -> None:
    spec = good(
        f"""\
version: 1
name: table-2
on: {{tags: ["v*", paper-1]}}
run:
  {{command: python train.py, workdir: ./src//a/, timeout: 90m, seed: {{arg: --seed, env: SEED, value: 7}}}}
environment: {{lock: locks/gpu.txt, python: 3.10, network: open}}
data: [{{path: ./data/x.csv, sha256: {DIGEST.upper()}, source: "https://example.org/x", licence: CC0}}]
resources:
  {{cpus: 8, memory: 1.5GiB, gpus: 2, gpu: {{memory: ">=40GB", arch: [Hopper]}}, nodes: 1, duration: 1h30m}}
determinism: {{profile: strict, threads: 2, self_repeat: true}}
runs: {{n: 3, allow_failed: 1}}
artifacts: [{{path: out.csv, sha256: {DIGEST}, required: true}}, {{path: b.csv}}]
"""
    )
    assert spec.name == "table-2"
    assert spec.tags == ("v*", "paper-1")
    assert spec.run == RunRule(
        ("python", "train.py"), "src/a", timedelta(minutes=90), SeedRule("--seed", "SEED", 7)
    )
    assert spec.environment == EnvironmentRule("locks/gpu.txt", "3.10", Network.OPEN)
    assert spec.data == (DataFile("data/x.csv", DIGEST, "CC0", "https://example.org/x"),)
    assert spec.resources == Resources(
        8, 1_610_612_736, timedelta(minutes=90), 2, 40_000_000_000, ("hopper",)
    )
    assert spec.determinism == Determinism(2, self_repeat=True, profile=Profile.STRICT)
    assert (spec.n, spec.allow_failed) == (3, 1)
    assert spec.artifacts == (Artifact("out.csv", DIGEST, True), Artifact("b.csv", None, False))


def test_all_problems_come_at_once_in_the_order_of_the_file() -> None:
    assert bad(
        """\
version: 1
nme: x
run: {comand: [python], workdir: /abs, timeout: 2 hours}
timeout: 3h
determinism: {threads: many}
claims:
  - id: artifacts
    published: {value: "0.9", kind: median}
"""
    ) == (
        "2:1: unknown key 'nme'; did you mean 'name'?",
        "3:6: the key 'command' is missing in run",
        "3:7: unknown key 'comand' in run; did you mean 'command'?",
        "3:34: run.workdir must be relative to the repository, not absolute: '/abs'",
        "3:49: run.timeout must be a duration of at most 30 days such as 1h30m, not '2 hours'",
        "4:1: unknown key 'timeout'; it belongs in run",
        "5:24: determinism.threads must be a whole number from 1 to 4096, not 'many'",
        "7:5: the key 'metric' is missing in claims[]",
        "7:9: claims[].id 'artifacts' is reserved; choose another",
        "8:37: claims[].published.kind must be one of single, mean, best-of, target, not 'median'",
    )


def test_more_problems_than_anybody_reads_are_cut_with_a_word() -> None:
    problems = bad(SMALLEST + "".join(f"zz{i}: 1\n" for i in range(500)))
    assert len(problems) == 101
    assert problems[-1].endswith("there are more problems; mend these first and check again")


def test_an_aliased_mistake_is_one_mistake() -> None:
    assert len(bad(SMALLEST + "artifacts: [&a {path: a, size: 3}, {path: b}]\ndata: []\nnme: *a\n")) == 2


# --- name ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["a", "table-2", "0.9_x", "a" * 63])
def test_names_of_the_alphabet_are_taken(name: str) -> None:
    assert good(f"{SMALLEST}name: {name}\n").name == name


@pytest.mark.parametrize("name", ["A", "-a", "a b", "a/b", "ä", "a" * 64, '""', "null", "[a]"])
def test_other_names_are_refused(name: str) -> None:
    (problem,) = bad(f"{SMALLEST}name: {name}\n")
    assert problem.startswith("3:7: name must be a name of at most 63 characters from a-z 0-9 . _ -")


def test_an_experiment_file_is_called_like_its_experiment() -> None:
    file = ".reprise/ablation.yaml"
    assert good(SMALLEST, file=file, default_name="ablation").name == "ablation"
    assert good(SMALLEST + "name: ablation\n", file=file, default_name="ablation").name == "ablation"
    assert bad(SMALLEST + "name: other\n", file=file, default_name="ablation") == (
        "3:7: name must be 'ablation' like the file, not 'other'; rename one of them",
    )


def test_an_experiment_file_whose_name_is_no_name_is_refused() -> None:
    (problem,) = bad(SMALLEST, file=".reprise/Table 2.yaml", default_name="Table 2")
    assert problem.startswith("1:1: the file name 'Table 2' must be a name")


def test_a_bad_spec_reports_under_its_own_name_where_that_can_be_read() -> None:
    def name(text: str, file: str = "reprise.yaml") -> str:
        spec = read(text, file=file, default_name="demo")
        assert isinstance(spec, BadSpec)
        return spec.name

    assert name("version: 1\nname: table-2\n") == "table-2"
    assert name("version: 1\nname: TABLE\n") == "demo"
    assert name("{") == "demo"
    assert name(SMALLEST + "name: other\n", file=".reprise/demo.yaml") == "demo"


# --- one line per rule --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("", "the key 'version' is missing"),
        ("", "the key 'run' is missing; it holds the command, run.command"),
        ("version: 2", "version 2 is not supported yet; this release reads version 1"),
        ("version: '1'", "version must be a whole number from 1 to 1000000, not the quoted text '1'"),
        ("version: 1.0", "version must be a whole number from 1 to 1000000, not '1.0'"),
        ("version:", "version must be a whole number from 1 to 1000000, not nothing"),
        ("on: push", "on must be a mapping such as {tags: [\"v*\"]}, not 'push'"),
        ("on: {tags: v*}", "on.tags must be a list of texts, not 'v*'"),
        ("on: {tags: [[a]]}", "on.tags holds texts only, not a list"),
        ('on: {tags: [""]}', "on.tags must be at most 100 patterns of 1 to 255 characters each"),
        ("on: {schedule: monthly}", "on.schedule is not supported yet; remove it"),
        ("run:", "run must be a mapping such as {command: [python, train.py]}, not nothing"),
        ("run: {}", "the key 'command' is missing in run"),
        ("run: {command: []}", "run.command must begin with a program, such as [python, train.py]"),
        ("run: {command: ['', x]}", "run.command must begin with a program, such as [python, train.py]"),
        ("run: {command: [a, {b: c}]}", "run.command holds texts only, not a mapping"),
        ("run: {command: {a: b}}", "run.command must be a list of texts, not a mapping"),
        ("run: {command: ''}", "run.command is empty; give a value or remove the key"),
        (
            "run: {command: 'echo \"a'}",
            "run.command cannot be split into arguments (no closing quotation): 'echo",
        ),
        (
            "run: {command: a && b}",
            "run.command contains '&&', but there is no shell; write [sh, -c, \"…\"] for one",
        ),
        (
            "run: {command: a > b}",
            "run.command contains '>', but there is no shell; write [sh, -c, \"…\"] for one",
        ),
        ("run:\n  command: |\n    a\n    b", "run.command must be one line: there is no shell;"),
        ("run: {workdir: ../x}", "run.workdir must not contain '..': '../x'"),
        ("run: {workdir: ''}", "run.workdir must be a path, not the quoted text ''"),
        ("run: {timeout: 90}", "run.timeout must be a duration of at most 30 days such as 1h30m, not '90'"),
        ("run: {timeout: 0s}", "run.timeout must be a duration of at most 30 days such as 1h30m, not '0s'"),
        ("run: {seed: 5}", "run.seed must be a mapping such as {arg: --seed, value: 0}, not '5'"),
        ("run: {seed: {}}", "run.seed is empty; give arg, env or value"),
        ("run: {seed: {env: 1A}}", "run.seed.env must be the name of a variable such as SEED, not '1A'"),
        (
            "run: {seed: {value: -1}}",
            "run.seed.value must be a whole number from 0 to 9223372036854775807, not '-1'",
        ),
        (
            "run: {seed: {value: 010}}",
            "run.seed.value must be a whole number from 0 to 9223372036854775807, not '010'",
        ),
        ("environment: {lock: a/b.lock}", "environment.lock 'a/b.lock' is no lock file; use uv.lock, req"),
        ("environment: {image: a@sha256:b}", "environment.image must be an image such as ghcr.io/owner"),
        ("environment: {image: 'python 3'}", "environment.image must be an image such as ghcr.io/owner"),
        (
            "environment: {lock: uv.lock, image: a}",
            "environment.image cannot stand beside environment.lock; keep one",
        ),
        (
            "environment: {python: '>=3.11'}",
            'environment.python must be a version such as "3.11" or "3.11.7", not',
        ),
        (
            "environment: {python: 2.7}",
            'environment.python must be a version such as "3.11" or "3.11.7", not',
        ),
        (
            "environment: {network: off}",
            "environment.network must be one of fetch-only, none, open, not 'off'",
        ),
        (
            "data: {path: a}",
            'data must be a list of mappings such as [{path: data/train.csv, sha256: "…"}], not a',
        ),
        (
            "data: [a.csv]",
            "data[] must be a mapping such as {path: data/train.csv, sha256: \"…\"}, not 'a.csv'",
        ),
        ("data: [{path: a}]", "the key 'sha256' is missing in data[]"),
        (f"data: [{{sha256: {DIGEST}}}]", "the key 'path' is missing in data[]"),
        ("data: [{path: a, sha256: abc}]", "data[].sha256 must be a sha256 of 64 hex digits, not 'abc'"),
        (
            "data: [{path: a, source: ab}]",
            "data[].source must be an address such as https://example.org/train.csv",
        ),
        ("data: [{path: a, license: x}]", "unknown key 'license' in data[]; did you mean 'licence'?"),
        ("data: [{path: a, auth: TOKEN}]", "data[].auth is for a source: add `source`, or remove it"),
        ("data: [{path: a}, {path: a}]", "data[].path names the data file 'a' again, first in line 1"),
        ("resources: {cpus: 0}", "resources.cpus must be a whole number from 1 to 4096, not '0'"),
        (
            "resources: {cpus: '8'}",
            "resources.cpus must be a whole number from 1 to 4096, not the quoted text '8'",
        ),
        ("resources: {memory: 32}", "resources.memory must be a size such as 32GB or 512MiB, not '32'"),
        (
            "resources: {duration: 31d}",
            "resources.duration must be a duration of at most 30 days such as 1h30m",
        ),
        ("resources: {gpus: 65}", "resources.gpus must be a whole number from 0 to 64, not '65'"),
        (
            "resources: {gpu: {arch: [hopper]}}",
            "resources.gpu says what GPUs must be, but resources.gpus asks for none",
        ),
        (
            "resources: {gpus: 1, gpu: {memory: 40GB}}",
            'resources.gpu.memory must be a least size such as ">=40GB", not',
        ),
        ("resources: {nodes: 2}", "resources.nodes above 1 is not supported yet; remove it"),
        ("resources: {cluster: k3s}", "resources.cluster is not supported yet; remove it"),
        (
            "determinism: {profile: fast}",
            "determinism.profile must be one of as-published, strict, not 'fast'",
        ),
        (
            "determinism: {self_repeat: yes}",
            "determinism.self_repeat must be true or false, without quotes, not 'yes'",
        ),
        (
            "determinism: {self_repeat: True}",
            "determinism.self_repeat must be true or false, without quotes, not",
        ),
        (
            "determinism: {self_repeat: 'true'}",
            "determinism.self_repeat must be true or false, without quotes, not",
        ),
        ("runs: {n: 0}", "runs.n must be a whole number from 1 to 1000, not '0'"),
        ("runs: {n: 2, allow_failed: 2}", "runs.allow_failed must be less than runs.n, which is 2"),
        ("runs: {allow_failed: 1}", "runs.allow_failed must be less than runs.n, which is 1"),
        ("runs: 5", "runs must be a mapping such as {n: 3}, not '5'"),
        ("reference: {}", "reference needs hardware, environment or both"),
        ("reference: {hardware: {count: 2}}", "the key 'gpu' is missing in reference.hardware"),
        (
            "reference: {hardware: {gpu: none, count: 2}}",
            "reference.hardware.count counts GPUs, and gpu says that there was none",
        ),
        ("reference: {environment: ../x.json}", "reference.environment must not contain '..'"),
        (
            "reference: {hardware: {count: 0}}",
            "reference.hardware.count must be a whole number from 1 to 1024, not",
        ),
        ("checkpoint: {path: .}", "checkpoint.path is the working folder itself"),
        ("checkpoint: {path: ../c}", "checkpoint.path"),
        ("checkpoint: {resume: exact}", "the key 'path' is missing in checkpoint"),
        ("checkpoint: {resume: later}", "checkpoint.resume must be one of exact, approximate, not 'later'"),
        ("policy: []", "policy must be a mapping such as {who: [write]}, not a list"),
        ("policy: {whom: [write]}", "unknown key 'whom' in policy; did you mean 'who'?"),
        ("policy: {who: write}", "policy.who must be a list of texts, not 'write'"),
        ("policy: {who: []}", "policy.who is empty; name at least one of write, admin"),
        ("policy: {who: [read]}", "policy.who names 'read'; known are write, admin"),
        ("policy: {who: [admins]}", "policy.who names 'admins'; did you mean admin?"),
        ("policy: {backends: [dokcer]}", "policy.backends names 'dokcer'; did you mean docker?"),
        (
            "policy: {max_su_per_month: many}",
            "policy.max_su_per_month must be a number of service units above",
        ),
        (
            "policy: {max_su_per_run: -1}",
            "policy.max_su_per_run must be a number of service units above 0, not '-1'",
        ),
        ("artifacts: [{sha256: a}]", "the key 'path' is missing in artifacts[]"),
        (
            "artifacts: [{path: a, required: true}]",
            "artifacts[].required needs sha256: without a digest there is",
        ),
        (
            "artifacts: [{path: a}, {path: a}]",
            "artifacts[].path names the artifact 'a' again, first in line 1",
        ),
        ("claims: {id: a}", "claims must be a list of mappings such as [{id: accuracy, metric:"),
    ],
)
def test_each_rule_has_its_sentence(lines: str, expected: str) -> None:
    problems = bad(lines or "{}")
    assert any(problem.split(": ", 1)[1].startswith(expected) for problem in problems), problems


@pytest.mark.parametrize("key", ["metric", "artifact", "lock", "per_seed", "data"])
@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("/etc/passwd", "must be relative to the repository, not absolute"),
        ("../up.txt", "must not contain '..'"),
        ("a/../../up.txt", "must not contain '..'"),
        (".git/config.txt", "must not reach into .git"),
        ("a/.GIT/b.txt", "must not reach into .git"),
        ("folder/", "must name a file, not a folder"),
        (".", "must name a file, not a folder"),
        ("a/" * 2500 + "b.txt", "is too long for a path"),
        ("x" * 300, "is too long for a path"),
        ('"a\\nb.txt"', "is not a path"),
    ],
)
def test_no_path_leaves_the_tree(key: str, path: str, why: str) -> None:
    text = {
        "metric": claim(metric=f"{{file: {path}}}"),
        "artifact": f"{SMALLEST}artifacts: [{{path: {path}}}]\n",
        "lock": f"{SMALLEST}environment: {{lock: {path}}}\n",
        "per_seed": claim(published=f"{{value: 1, per_seed: {path}}}"),
        "data": f"{SMALLEST}data: [{{path: {path}, sha256: {DIGEST}}}]\n",
    }[key]
    (problem,) = bad(text)
    assert f" {why}: '" in problem


def test_a_hidden_nul_is_no_path() -> None:
    assert any("control character" in problem for problem in bad(claim(metric='{file: "a\\0b"}')))


# --- run ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("python train.py --lr 0.10", ("python", "train.py", "--lr", "0.10")),
        ("'python -c \"print(1); print(2)\"'", ("python", "-c", "print(1); print(2)")),
        (
            "[python, -m, a.b, 3.10, 1:30, 0x10, yes, null, '']",
            (
                "python",
                "-m",
                "a.b",
                "3.10",
                "1:30",
                "0x10",
                "yes",
                "null",
                "",
            ),
        ),
        ("[sh, -c, 'a && b > c']", ("sh", "-c", "a && b > c")),
        (">-\n    python\n    train.py", ("python", "train.py")),
    ],
)
def test_commands_become_arguments_without_a_shell(command: str, words: tuple[str, ...]) -> None:
    assert good(f"version: 1\nrun:\n  command: {command}\n").run.command == words


@pytest.mark.parametrize(
    ("timeout", "duration", "expected"),
    [
        ("", "", timedelta(hours=2)),
        ("", "duration: 3h", timedelta(hours=6)),
        (", timeout: 10m", "duration: 3h", timedelta(minutes=10)),
    ],
)
def test_the_time_limit_follows_from_the_expected_time(
    timeout: str, duration: str, expected: timedelta
) -> None:
    spec = good(f"version: 1\nrun: {{command: x{timeout}}}\nresources: {{{duration}}}\n")
    assert spec.run.timeout == expected


def test_a_seed_may_come_by_argument_variable_or_only_as_the_authors_value() -> None:
    def seed(text: str) -> SeedRule | None:
        return good(f"version: 1\nrun: {{command: x, seed: {text}}}\n").run.seed

    assert seed("{arg: --seed}") == SeedRule("--seed", None, 0)
    assert seed("{env: SEED, value: 3}") == SeedRule(None, "SEED", 3)
    assert seed("{value: 4294967295}") == SeedRule(None, None, 4294967295)


def test_the_probe_is_on_where_claims_are_judged_unless_declared_otherwise() -> None:
    assert good(claim()).determinism.self_repeat
    assert not good(SMALLEST).determinism.self_repeat
    assert not good(claim(top="determinism: {self_repeat: false}\n")).determinism.self_repeat
    assert good(SMALLEST + "determinism: {self_repeat: true}\n").determinism.self_repeat


def test_an_empty_list_of_tags_never_matches_but_is_valid() -> None:
    assert good(SMALLEST + "on: {tags: []}\n").tags == ()


# --- policy --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "policy"),
    [
        ("{}", UNRESTRICTED),
        ("{who: [admin]}", Policy(Permission.ADMIN)),
        ("{who: [admin, write]}", Policy(Permission.WRITE)),
        (
            "{max_su_per_run: 0.5, max_su_per_month: 200, backends: [docker, process, docker]}",
            Policy(Permission.WRITE, 0.5, 200.0, ("docker", "process")),
        ),
    ],
)
def test_a_policy_is_read(written: str, policy: Policy) -> None:
    text = f"{SMALLEST}policy: {written}\n"
    assert good(text).policy == policy
    assert parse_policy(text.encode(), file="reprise.yaml") == policy


def test_a_policy_counts_whatever_else_is_wrong_with_its_file() -> None:
    text = "version: 7\nrnu: []\npolicy: {who: [admin]}\n"
    assert parse_policy(text.encode(), file="reprise.yaml") == Policy(Permission.ADMIN)


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("version: 1\npolicy: {who: [admin], whom: 1}\n", "reprise.yaml:2:24: unknown key 'whom' in policy"),
        ("policy: [admin]\n", "reprise.yaml:1:9: policy must be a mapping"),
        ("policy: {who: [admin\n", "reprise.yaml:"),
        ("policy: {who: [admin]}\npolicy: {}\n", "reprise.yaml:2:1:"),
        ("- 1\n", "reprise.yaml:1:1:"),
        ("\x00", "reprise.yaml:1:1:"),
        ("", "reprise.yaml:1:1:"),
    ],
)
def test_a_policy_that_cannot_be_read_is_a_problem_and_not_none(text: str, where: str) -> None:
    found = parse_policy(text.encode(), file="reprise.yaml")
    assert isinstance(found, Problem)
    assert str(found).startswith(where)
