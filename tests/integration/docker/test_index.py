"""What of this machine's index settings a build inside a container is given."""

from pathlib import Path

from tests.box.index import index_of


def test_settings_come_from_variables_first_and_then_from_files(tmp_path: Path) -> None:
    folder = tmp_path / ".config"
    (folder / "pip").mkdir(parents=True)
    (folder / "pip" / "pip.conf").write_text(
        "[global]\nindex-url = https://index.example/simple\nproxy = http://proxy.example\n"
    )
    (folder / "uv").mkdir()
    (folder / "uv" / "uv.toml").write_text('[[index]]\nurl = "https://uv.example/simple"\ndefault = true\n')
    index = index_of({"PIP_INDEX_URL": "https://mine.example/simple", "PATH": "/bin"}, home=tmp_path)
    assert index.environment["PIP_INDEX_URL"] == "https://mine.example/simple"
    assert index.environment["PIP_PROXY"] == "http://proxy.example"
    assert index.environment["UV_DEFAULT_INDEX"] == "https://uv.example/simple"
    assert "PATH" not in index.environment
    assert folder / "pip" / "pip.conf" in index.files


def test_what_names_a_file_of_this_machine_is_not_passed_on(tmp_path: Path) -> None:
    bundle = tmp_path / "ca.pem"
    bundle.write_text("")
    index = index_of({"SSL_CERT_FILE": str(bundle), "PIP_FIND_LINKS": "/opt/wheels"}, home=tmp_path)
    assert index.ca == bundle
    assert not {"SSL_CERT_FILE", "PIP_FIND_LINKS"} & set(index.environment)
