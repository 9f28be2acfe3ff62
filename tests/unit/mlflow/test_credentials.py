"""The password of a tracking server does not travel in what is said about it."""

import base64

import pytest

from reprise.adapters.mlflow.addresses import hide_credentials

URI = "http://ada:p%40ss-word@mlflow.test:5000"
HEADER = base64.b64encode(b"ada:p@ss-word").decode()


@pytest.mark.parametrize(
    ("said", "left"),
    [
        (f"{URI}/api refused", "http://mlflow.test:5000/api refused"),
        ("p%40ss-word or p@ss-word", "[hidden] or [hidden]"),
        (f"Authorization: Basic {HEADER}", "Authorization: Basic [hidden]"),
        ("nothing to hide", "nothing to hide"),
    ],
)
def test_every_form_of_it_is_hidden(said: str, left: str) -> None:
    assert hide_credentials(said, URI) == left


def test_an_address_without_a_password_hides_nothing() -> None:
    assert hide_credentials("ada at http://mlflow.test", "http://mlflow.test") == "ada at http://mlflow.test"
