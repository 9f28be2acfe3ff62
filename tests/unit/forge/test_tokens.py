"""Whatever somebody shows instead of a token, the answer is a refusal in GitHub's form."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jwt
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from reprise.forge.access import sender
from reprise.forge.problems import Problem
from reprise.forge.records import App
from reprise.forge.registering import NewApp, Wanted, register
from reprise.forge.store import Store
from reprise.forge.tokens import new_installation_token

ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=8),
    st.sampled_from(["1", "9" * 40, 1, "1e400", 10**400]),
    st.lists(st.integers(), max_size=2),
    st.dictionaries(st.text(max_size=2), st.integers(), max_size=1),
)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    made = Store(Path(tmp_path_factory.mktemp("tokens")))
    yield made
    made.close()


@pytest.fixture(scope="module")
def app(store: Store) -> NewApp:
    owner = store.add_user("ada", name="Ada", email="ada@example.org")
    return register(store, owner, Wanted("Reprise", "http://127.0.0.1", {}))


def refused(store: Store, authorization: str) -> int:
    with pytest.raises(Problem) as problem:
        sender(store, authorization)
    return problem.value.status


@given(header=st.text(alphabet=st.characters(codec="utf-8"), max_size=40))
def test_any_header_is_refused_in_words(store: Store, header: str) -> None:
    assert refused(store, header) == 401
    assert refused(store, f"Bearer ey{header}.a.b") in (401, 404)


@settings(max_examples=25)
@given(
    claims=st.fixed_dictionaries({}, optional={"iss": ODD, "exp": ODD, "iat": ODD, "sub": ODD, "nbf": ODD})
)
@example(claims={"iat": 1, "exp": "9" * 40})
@example(claims={"iat": 1, "exp": 1e308})
@example(claims={"iat": 1, "exp": float("inf")})
@example(claims={"iat": float("nan"), "exp": 10**400})
@example(claims={"iat": "1", "exp": True})
@example(claims={"iat": 1, "exp": 10**400})
def test_any_claims_under_a_good_signature_are_refused_in_words(
    store: Store, app: NewApp, claims: dict[str, Any]
) -> None:
    said = {"iss": str(app.app.id), **claims}
    token = jwt.api_jws.encode(json.dumps(said).encode(), app.pem, algorithm="RS256")
    assert refused(store, f"Bearer {token}") in (401, 404)


def test_a_good_one_is_the_apps(store: Store, app: NewApp) -> None:
    now = int(time.time())
    token = jwt.encode({"iss": str(app.app.id), "iat": now, "exp": now + 600}, app.pem, algorithm="RS256")
    found = sender(store, f"Bearer {token}")
    assert isinstance(found, App)
    assert found.id == app.app.id


def test_no_two_installation_tokens_are_alike(app: NewApp) -> None:
    made = {new_installation_token(app.app) for _ in range(5)}
    assert len(made) == 5
    assert {len(each) // 10 for each in made} <= {50, 51, 52, 53}
