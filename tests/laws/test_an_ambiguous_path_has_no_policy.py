"""Law: the policy of a path is the one of its normalised reading, or there is none."""

from __future__ import annotations

import posixpath
from urllib.parse import quote, unquote

from hypothesis import given
from hypothesis import strategies as st

from corsmith.policy import Policy
from corsmith.routes import Routes

ONE = Policy(origins=["https://one.example"])
TWO = Policy(origins=["https://two.example"])
THREE = Policy(origins="*")
TABLE = {"/": ONE, "/a/": TWO, "/a/b": THREE, "/a/b/c/": None, "/d": TWO}
ROUTES = Routes(TABLE)


segments = st.lists(
    st.sampled_from(("a", "b", "c", "d", "x", "", ".", "..", "%2e", "%2e%2e", "a%2fb", "..%5ca")),
    max_size=6,
)


@given(segments, st.sampled_from(("", "/")))
def test_a_path_never_has_the_policy_of_another_reading(parts: list[str], end: str) -> None:
    path = "/" + "/".join(parts) + end
    twice = unquote(path).replace("\\", "/")
    chosen = ROUTES.policy_for(path)
    for reading in (path, twice):
        plain = posixpath.normpath("/" + reading.lstrip("/"))
        plain += "/" if reading.endswith(("/", "/.", "/..")) and plain != "/" else ""
        assert chosen in (None, ROUTES._lookup(plain))


with_parameters = st.lists(
    st.sampled_from(
        ("a", "b", "c", "d", "x", "", ";", ".;", "..;v=1", "..%3b", "a;v=1", "b;", "..")
    ),
    max_size=6,
)


@given(with_parameters, st.sampled_from(("", "/")))
def test_a_path_never_has_the_policy_of_its_reading_without_parameters(
    parts: list[str], end: str
) -> None:
    bare = "/" + "/".join(unquote(part).partition(";")[0] for part in parts) + end
    plain = posixpath.normpath("/" + bare.lstrip("/"))
    plain += "/" if bare.endswith(("/", "/.", "/..")) and plain != "/" else ""
    assert ROUTES.policy_for("/" + "/".join(parts) + end) in (None, ROUTES._lookup(plain))


@given(segments)
def test_an_encoded_slash_is_a_slash_for_one_and_a_letter_for_another(parts: list[str]) -> None:
    raw = "/" + "%2F".join(quote(part, safe="") for part in parts)
    path = unquote(raw)
    kept = ROUTES.policy_for(raw.replace("%2F", "\0").replace("%", ""))
    chosen = ROUTES.policy_for(path, raw)
    assert chosen in (None, ROUTES.policy_for(path))
    if "%" not in raw.replace("%2F", ""):
        assert chosen in (None, kept)


@given(st.lists(st.sampled_from(("a", "b", "c", "d", "dx"))).map("/".join))
def test_a_plain_path_is_never_ambiguous(text: str) -> None:
    path = posixpath.normpath("/" + text.lstrip("/"))
    assert not ROUTES.is_ambiguous(path)
    assert ROUTES.policy_for(path, path) == ROUTES.policy_for(path)
    # Said slowly: of the keys that cover the path, the longest.
    covering = [key for key in TABLE if path == key or path.startswith(key.rstrip("/") + "/")]
    assert ROUTES.policy_for(path) == TABLE[max(covering, key=len)]
