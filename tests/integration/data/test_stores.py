"""Git LFS, Hugging Face, Zenodo, Croissant, DVC and public buckets, spoken to as they speak, on loopback.

The servers here answer as the documentation of each says; none of them is the real one.
"""

import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.data_server import Answer, Content, DataServer, Seen
from tests.integration.data.asking import Asking, digest, file

from reprise.domain.fetched import FetchedFile
from reprise.domain.run import Reason
from reprise.domain.spec.model import DataFile
from reprise.ports import Failed

DATA = bytes(range(256)) * 100
SHA = digest(DATA)
MD5 = hashlib.md5(DATA).hexdigest()
COMMIT = "0123456789abcdef0123456789abcdef01234567"


def with_files(asking: Asking, wanted: DataFile, files: dict[str, bytes], **more: Any) -> Any:
    request = asking.request(wanted, **more)
    for path, content in files.items():
        place = request.tree / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
    return asking.fetcher().fetch(request)


def only(got: Any) -> FetchedFile:
    assert isinstance(got, tuple), got
    (one,) = got
    assert isinstance(one, FetchedFile)
    assert Path(one.location).read_bytes() == DATA
    return one


def failure(got: Any) -> Failed:
    assert isinstance(got, Failed), got
    return got


# --- Git LFS -----------------------------------------------------------------------------------------

POINTER = f"version https://git-lfs.github.com/spec/v1\noid sha256:{SHA}\nsize {len(DATA)}\n".encode()
BATCH = "/ada/wine.git/info/lfs/objects/batch"


def lfs(server: DataServer, *, token: str | None = None) -> None:
    """As git-lfs/docs/api/batch.md says."""

    def batch(seen: Seen) -> Answer:
        if token is not None and seen.headers.get("authorization") != token:
            return Answer(401)
        assert seen.headers["accept"] == "application/vnd.git-lfs+json"
        asked = json.loads(seen.body)
        assert (asked["operation"], asked["transfers"]) == ("download", ["basic"])
        (wanted,) = asked["objects"]
        if wanted["oid"] != SHA:
            return answer(
                {"objects": [{**wanted, "error": {"code": 404, "message": "Object does not exist"}}]}
            )
        href = {"href": f"{server.url}/objects/{SHA}", "header": {"X-Key": "abc"}, "expires_in": 60}
        return answer({"transfer": "basic", "objects": [{**wanted, "actions": {"download": href}}]})

    server.routes |= {BATCH: batch, f"/objects/{SHA}": Content(DATA)}


def answer(content: Any, **headers: str) -> Answer:
    return Answer(200, {"Content-Type": "application/json", **headers}, json.dumps(content).encode())


@pytest.mark.parametrize("declared", [None, SHA])
def test_a_committed_pointer_of_lfs_brings_its_object(
    server: DataServer, asking: Asking, declared: str | None
) -> None:
    lfs(server)
    asking.remote = f"{server.url}/ada/wine.git"
    source = "lfs:" if declared is None else None
    got = only(with_files(asking, file(source, declared), {"data/x.csv": POINTER}))
    assert (got.sha256, got.pinned, got.revision) == (SHA, True, f"sha256:{SHA}")
    assert server.asked(f"/objects/{SHA}")[0].headers["x-key"] == "abc"
    only(with_files(asking, file(source, declared), {"data/x.csv": POINTER}, run="run-2"))
    assert len(server.asked(BATCH)) == 1


def test_lfs_hears_the_token_that_the_repository_is_cloned_with(server: DataServer, asking: Asking) -> None:
    lfs(server, token="Basic eC1hY2Nlc3MtdG9rZW46YzRuNHJ5")
    asking.remote = f"{server.url}/ada/wine"
    asking.tokens = {asking.remote: "c4n4ry"}
    only(with_files(asking, file("lfs:"), {"data/x.csv": POINTER}))
    assert "authorization" not in server.asked(f"/objects/{SHA}")[0].headers
    got = with_files(asking, file("lfs:"), {"data/x.csv": POINTER}, run="run-2", trusted=False)
    assert failure(got).reason is Reason.DATA_MISSING


def test_an_object_that_the_store_lacks_is_missing(server: DataServer, asking: Asking) -> None:
    lfs(server)
    asking.remote = f"{server.url}/ada/wine.git"
    got = failure(with_files(asking, file("lfs:"), {"data/x.csv": POINTER.replace(SHA.encode(), b"0" * 64)}))
    assert (got.reason, "git lfs push" in got.message) == (Reason.DATA_MISSING, True)


def test_a_pointer_to_another_file_than_declared_is_a_mismatch(server: DataServer, asking: Asking) -> None:
    got = failure(with_files(asking, file(None, "0" * 64), {"data/x.csv": POINTER}))
    assert got.reason is Reason.DATA_MISMATCH
    assert SHA in got.message
    assert server.seen == []


def test_a_store_that_hands_out_other_bytes_is_found_out(server: DataServer, asking: Asking) -> None:
    lfs(server)
    server.routes[f"/objects/{SHA}"] = Content(DATA[::-1])
    asking.remote = f"{server.url}/ada/wine.git"
    assert failure(with_files(asking, file("lfs:"), {"data/x.csv": POINTER})).reason is Reason.DATA_MISMATCH


def test_a_folder_on_this_machine_has_a_store_of_its_own(asking: Asking, tmp_path: Path) -> None:
    place = tmp_path / "clone" / ".git" / "lfs" / "objects" / SHA[:2] / SHA[2:4] / SHA
    asking.remote = (tmp_path / "clone").as_uri()
    got = failure(with_files(asking, file("lfs:"), {"data/x.csv": POINTER}))
    assert (got.reason, "git lfs fetch" in got.message) == (Reason.DATA_MISSING, True)
    place.parent.mkdir(parents=True)
    place.write_bytes(DATA)
    only(with_files(asking, file("lfs:"), {"data/x.csv": POINTER}))
    assert place.read_bytes() == DATA


# --- Hugging Face ------------------------------------------------------------------------------------


def hub(server: DataServer, *, linked: bool, now: str = COMMIT) -> None:
    """A resolve address as the hub answers it: large files are elsewhere, and their headers here."""

    def resolve(seen: Seen) -> Answer:
        headers = {"X-Repo-Commit": now, "ETag": '"abc"'}
        if linked:
            large = {"X-Linked-Etag": f'"{SHA}"', "X-Linked-Size": str(len(DATA)), "Location": "/cdn?sig=1"}
            return Answer(302, {**headers, **large})
        return Answer(200, headers, DATA)

    server.routes["/cdn"] = Content(DATA)
    for revision in ("main", now):
        server.routes[f"/datasets/ada/wine/resolve/{revision}/a/x.csv"] = resolve


@pytest.mark.parametrize("linked", [False, True])
def test_a_file_of_the_hub_at_a_commit_is_pinned(server: DataServer, asking: Asking, linked: bool) -> None:
    hub(server, linked=linked)
    asking.rules = replace(asking.rules, hub=server.url)
    wanted = file(f"hf://datasets/ada/wine@{COMMIT}/a/x.csv")
    got = asking.one(wanted)
    assert (got.sha256, got.revision, got.pinned) == (SHA, COMMIT, True)
    server.seen.clear()
    assert asking.one(wanted, run="run-2") == replace(got, cached=True)
    assert server.seen == []


def test_a_branch_of_the_hub_is_recorded_as_its_commit(server: DataServer, asking: Asking) -> None:
    hub(server, linked=True)
    asking.rules = replace(asking.rules, hub=server.url)
    got = asking.one(file("hf://datasets/ada/wine/a/x.csv"))
    assert (got.sha256, got.revision, got.pinned) == (SHA, COMMIT, False)
    assert asking.one(file("hf://datasets/ada/wine@main/a/x.csv", SHA)).pinned
    assert not [each for each in server.seen if each.method == "GET" and "/main/" in each.path]


def test_a_hub_that_answers_with_another_commit_is_not_believed(server: DataServer, asking: Asking) -> None:
    hub(server, linked=True, now="f" * 40)
    server.routes[f"/ada/wine/resolve/{COMMIT}/x.csv"] = server.routes[
        f"/datasets/ada/wine/resolve/{'f' * 40}/a/x.csv"
    ]
    asking.rules = replace(asking.rules, hub=server.url)
    assert asking.failed(file(f"hf://ada/wine@{COMMIT}/x.csv")).reason is Reason.DATA_MISSING


# --- Zenodo ------------------------------------------------------------------------------------------


def zenodo(server: DataServer, *, number: int = 123, md5: str = MD5) -> None:
    """As developers.zenodo.org describes a record; 120 is the one of all versions."""
    own = f"{server.url}/api/records/{number}/files/x.csv/content"
    record = {
        "id": number,
        "doi": f"10.5281/zenodo.{number}",
        "conceptrecid": "120",
        "files": [{"key": "x.csv", "size": len(DATA), "checksum": f"md5:{md5}", "links": {"self": own}}],
    }
    server.routes |= {
        f"/api/records/{number}": answer(record),
        "/api/records/120": Answer(302, {"Location": f"/api/records/{number}"}),
        f"/api/records/{number}/files/x.csv/content": Content(DATA),
    }


def test_a_file_of_a_version_is_pinned_and_its_md5_recorded(server: DataServer, asking: Asking) -> None:
    zenodo(server)
    asking.rules = replace(asking.rules, zenodo=server.url)
    got = asking.one(file("doi:10.5281/zenodo.123"))
    assert (got.sha256, got.pinned, got.revision) == (SHA, True, f"10.5281/zenodo.123 md5:{MD5}")


def test_the_doi_of_all_versions_is_not_pinned_and_its_version_recorded(
    server: DataServer, asking: Asking
) -> None:
    zenodo(server)
    asking.rules = replace(asking.rules, zenodo=server.url)
    got = asking.one(file("doi:10.5281/zenodo.120#x.csv"))
    assert (got.pinned, got.revision) == (False, f"10.5281/zenodo.123 md5:{MD5}")


def test_another_md5_than_zenodo_tells_is_a_mismatch(server: DataServer, asking: Asking) -> None:
    zenodo(server, md5="0" * 32)
    asking.rules = replace(asking.rules, zenodo=server.url)
    failed = asking.failed(file("doi:10.5281/zenodo.123"))
    assert (failed.reason, MD5 in failed.message) == (Reason.DATA_MISMATCH, True)


def test_a_file_that_a_record_lacks_is_told_with_those_it_has(server: DataServer, asking: Asking) -> None:
    zenodo(server)
    asking.rules = replace(asking.rules, zenodo=server.url)
    failed = asking.failed(file("doi:10.5281/zenodo.123#y.csv"))
    assert (failed.reason, "x.csv" in failed.message) == (Reason.DATA_MISSING, True)
    assert asking.failed(file("doi:10.5281/zenodo.9")).reason is Reason.DATA_MISSING


def test_other_dois_are_not_fetched(asking: Asking) -> None:
    failed = asking.failed(file("doi:10.24432/C5PC7J"))
    assert (failed.reason, "Zenodo" in failed.message) == (Reason.DATA_MISSING, True)


# --- Croissant ---------------------------------------------------------------------------------------


def croissant(url: str, sha256: str | None = SHA, **more: str) -> bytes:
    one = {
        "@type": "cr:FileObject",
        "@id": "train",
        "name": "x.csv",
        "contentUrl": url,
        "sha256": sha256,
        **more,
    }
    return json.dumps({"@type": "sc:Dataset", "version": "1.2", "distribution": [one]}).encode()


def test_a_committed_description_pins(server: DataServer, asking: Asking) -> None:
    server.routes["/x.csv"] = Content(DATA)
    described = {"meta/croissant.json": croissant(f"{server.url}/x.csv")}
    got = only(with_files(asking, file("croissant:meta/croissant.json#train"), described))
    assert (got.sha256, got.revision, got.pinned) == (SHA, "1.2", True)


def test_a_description_at_an_address_does_not(server: DataServer, asking: Asking) -> None:
    server.routes |= {"/d/x.csv": Content(DATA), "/d/c.json": Answer(200, {}, croissant("x.csv"))}
    got = asking.one(file(f"croissant:{server.url}/d/c.json#x.csv"))
    assert (got.sha256, got.pinned) == (SHA, False)
    server.routes["/d/x.csv"] = Content(b"other")
    server.routes["/d/c.json"] = Answer(200, {}, croissant("x.csv", digest(b"more")))
    assert asking.failed(file(f"croissant:{server.url}/d/c.json#x.csv")).reason is Reason.DATA_MISMATCH


def test_an_md5_that_stands_as_sha256_is_told(server: DataServer, asking: Asking) -> None:
    """As it does in the example of the format's own specification."""
    server.routes["/x.csv"] = Content(DATA)
    described = {"c.json": croissant(f"{server.url}/x.csv", MD5)}
    failed = failure(with_files(asking, file("croissant:c.json#train"), described))
    assert (failed.reason, "32 characters" in failed.message) == (Reason.DATA_MISSING, True)
    only(with_files(asking, file("croissant:c.json#train", SHA), described))


@pytest.mark.parametrize(
    "described",
    [
        b"?",
        b"[]",
        croissant("x.csv"),
        croissant("file:///etc/passwd"),
        croissant("https://x.test/a.zip", containedIn="archive"),
        json.dumps({"distribution": 1}).encode(),
    ],
)
def test_a_description_that_cannot_be_followed_is_told(asking: Asking, described: bytes) -> None:
    failed = failure(with_files(asking, file("croissant:c.json#train"), {"c.json": described}))
    assert failed.reason is Reason.DATA_MISSING


# --- DVC ---------------------------------------------------------------------------------------------

TRACKED = f"outs:\n- md5: {MD5}\n  size: {len(DATA)}\n  hash: md5\n  path: x.csv\n".encode()


def remote(server: DataServer) -> dict[str, bytes]:
    config = f"[core]\n    remote = far\n['remote \"far\"']\n    url = {server.url}/dvc\n"
    return {".dvc/config": config.encode(), "data/x.csv.dvc": TRACKED}


@pytest.mark.parametrize(
    "wanted",
    [file("dvc:data/x.csv.dvc"), file(None, SHA), file("dvc:data/x.csv.dvc", SHA)],
    ids=["source", "beside", "both"],
)
def test_a_file_of_dvc_comes_from_its_remote(server: DataServer, asking: Asking, wanted: DataFile) -> None:
    server.routes[f"/dvc/files/md5/{MD5[:2]}/{MD5[2:]}"] = Content(DATA)
    got = only(with_files(asking, wanted, remote(server)))
    assert (got.sha256, got.revision, got.pinned) == (SHA, f"md5:{MD5}", True)


def test_the_layout_before_dvc_3_is_known(server: DataServer, asking: Asking) -> None:
    server.routes[f"/dvc/{MD5[:2]}/{MD5[2:]}"] = Content(DATA)
    files = remote(server)
    files["data/x.csv.dvc"] = TRACKED.replace(b"  hash: md5\n", b"")
    assert only(with_files(asking, file("dvc:data/x.csv.dvc"), files)).sha256 == SHA


def test_other_bytes_than_dvc_wrote_down_are_a_mismatch(server: DataServer, asking: Asking) -> None:
    server.routes[f"/dvc/files/md5/{MD5[:2]}/{MD5[2:]}"] = Content(DATA[::-1])
    failed = failure(with_files(asking, file("dvc:data/x.csv.dvc"), remote(server)))
    assert failed.reason is Reason.DATA_MISMATCH


@pytest.mark.parametrize("url", ["ssh://x.test/dvc", "/srv/dvc", "gdrive://abc"])
def test_a_remote_that_is_not_spoken_to_is_named(server: DataServer, asking: Asking, url: str) -> None:
    files = remote(server)
    files[".dvc/config"] = files[".dvc/config"].replace(f"{server.url}/dvc".encode(), url.encode())
    failed = failure(with_files(asking, file("dvc:data/x.csv.dvc"), files))
    assert (failed.reason, "https or s3" in failed.message) == (Reason.DATA_MISSING, True)


# --- S3, without a secret ----------------------------------------------------------------------------


def test_an_object_of_a_public_bucket(server: DataServer, asking: Asking) -> None:
    server.routes["/wine/a%20b/x.csv"] = Content(DATA)
    asking.rules = replace(asking.rules, s3=server.url)
    got = asking.one(file("s3://wine/a b/x.csv", SHA))
    assert got.pinned
    assert not asking.one(file("s3://wine/a b/x.csv"), run="run-2").pinned
