"""Whatever bytes arrive: a Spec, or a BadSpec whose problems point into the file. Never an exception."""

from hypothesis import example, given
from hypothesis import strategies as st
from tests.unit.spec.reading import DIGEST, assert_spec_or_problems

from reprise.domain.spec.keys import SECTIONS
from reprise.domain.spec.model import Spec
from reprise.domain.spec.parse import parse_spec

VALID = f"""\
version: 1
name: table-2
on: {{tags: ["v*", "paper-*"]}}
run:
  command: [python, train.py]
  workdir: .
  timeout: 2h
  seed: {{arg: --seed, env: SEED, value: 0}}
environment: {{lock: uv.lock, python: "3.11", network: fetch-only}}
data: [{{path: data/train.csv, source: "https://example.org/x", sha256: "{DIGEST}", licence: CC-BY-4.0}}]
resources: {{cpus: 8, memory: 32GB, gpus: 0, nodes: 1, duration: 1h30m}}
determinism: {{profile: as-published, threads: 8, self_repeat: true}}
runs: {{n: 5, allow_failed: 0}}
claims:
  - id: &id accuracy
    where: "Table 2, row 3"
    metric: {{file: results/metrics.json, pointer: /test/accuracy, n_eval: 10000}}
    published: {{value: "0.9324", kind: mean, per_seed: results/seeds.json}}
    compare: {{mode: tolerance, tolerance: {{abs: "0.005"}}, side: both, better: higher, why: *id}}
artifacts: [{{path: results/predictions.csv, sha256: "{DIGEST}", required: false}}]
""".encode()

PIECES = [
    b"\n",
    b"  ",
    b"- ",
    b": ",
    b"{",
    b"}",
    b"[",
    b"]",
    b"&a ",
    b"*a",
    b"*id",
    b"!!x ",
    b"<<: ",
    b"---\n",
    b"\t",
]
PIECES += [
    b"|\n",
    b'"',
    b"'",
    b"#",
    b"? ",
    b"null",
    b"true",
    b"1e999",
    b"-1",
    b"\xff",
    b"\x00",
    b"\r",
    b"%",
    b"",
]
PIECES += [key.encode() + b": " for shape in SECTIONS.values() for key in shape.keys]
PIECES += [
    b"\xe2\x80\xa8",
    b"\xc2\x85",
    b'"\\ud800"',
    b'"\\UFFFFFFFF"',
    b"\xef\xbb\xbf",
    b"..",
    b"/",
    b"distribution",
]


def test_the_spec_that_is_mutated_below_is_valid() -> None:
    assert isinstance(parse_spec(VALID, file="reprise.yaml", default_name="demo"), Spec)


@given(st.binary(max_size=300))
@example(b"%YAML 1." + b"1" * 5000 + b"\n---\n")
def test_arbitrary_bytes(data: bytes) -> None:
    assert_spec_or_problems(data)


@given(st.text(alphabet="ab:-[]{}&*!|>'\"%@`#?,\\ \n\t0~<=.", max_size=120))
def test_arbitrary_yaml_punctuation(text: str) -> None:
    assert_spec_or_problems(text.encode())


@given(
    st.lists(
        st.tuples(st.integers(0, len(VALID)), st.integers(0, 40), st.sampled_from(PIECES)),
        min_size=1,
        max_size=4,
    )
)
def test_mutations_of_a_valid_spec(edits: list[tuple[int, int, bytes]]) -> None:
    data = VALID
    for start, length, piece in edits:
        data = data[:start] + piece + data[start + length :]
    assert_spec_or_problems(data)


NODES = st.recursive(
    st.sampled_from(
        ["1", "x", "", "~", "true", "'q'", "0.5", "exact", "target", "distribution", "tolerance", "a/b"]
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda items: "[" + ", ".join(items) + "]"),
        st.dictionaries(
            st.sampled_from(sorted({key for shape in SECTIONS.values() for key in shape.keys})),
            inner,
            max_size=4,
        ).map(lambda entries: "{" + ", ".join(f"{key}: {value}" for key, value in entries.items()) + "}"),
    ),
    max_leaves=20,
)


@given(st.dictionaries(st.sampled_from(sorted(SECTIONS[""].keys)), NODES, max_size=6))
def test_known_keys_with_values_of_any_shape(sections: dict[str, str]) -> None:
    assert_spec_or_problems("".join(f"{key}: {value}\n" for key, value in sections.items()).encode() or b"{}")
