"""A gateway as something to serve: its policy, its name, and what the banner says of it."""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING, Any

import pytest

from corsmith.adapters.asgi import CORSMiddleware
from corsmith.errors import UsageError
from corsmith.policy import Policy
from corsmith.profiles import PROFILES, find_profile
from corsmith.routes import Routes
from corsmith.server.gateway.forward import Forwarder
from corsmith.server.gateway.layer import EnforcingLayer, ExposingLayer
from corsmith.server.gateway.passage import Passage
from corsmith.server.gateway.serving import GATEWAY_SEED, Gateway

if TYPE_CHECKING:
    from pathlib import Path

HERE = "http://127.0.0.1:8000"
UNLESS = "no page sees the value, unless the API sends it back"


def gateway(url: str = "https://api.example", **changes: Any) -> Gateway:
    settings: dict[str, Any] = {"headers": (), "ca": None, "insecure": False, "seconds": 300.0}
    return Gateway.of(url, **{**settings, **changes})


def test_its_policy_is_for_pages_of_this_machine_and_lets_them_log_in() -> None:
    policy = Policy.from_mapping(dict(gateway().seed))
    assert policy.origins == ("@loopback",)
    assert policy.credentials
    assert policy.warnings == ()
    preflight = policy.byte_answers.preflight(
        b"http://localhost:5173", b"PATCH", [b"authorization,x-a"]
    )
    assert (b"access-control-allow-methods", b"PATCH") in preflight
    assert (b"access-control-allow-headers", b"authorization,x-a") in preflight


@pytest.mark.parametrize("name", PROFILES)
def test_a_profile_has_its_address_and_its_fields(name: str) -> None:
    profile = find_profile(name)
    made = gateway(profile.url, profile=profile)
    assert made.title == f"a gateway to {profile.title}"
    assert dict(made.notes(HERE))["gateway"] == f"{HERE} → {profile.url}"
    assert ("note", profile.note) in made.notes(HERE) or not profile.note
    assert Policy.from_mapping(dict(made.seed)).origins == ("@loopback",)
    assert made.upstream_port is not None


def test_the_banner_never_has_a_value(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TOKEN", "hunter2")
    made = gateway(headers=["Authorization: Bearer $TOKEN", "X-Key: $TOKEN"], insecure=True)
    rows = dict(made.notes(HERE))
    assert made.title == "a gateway to https://api.example"
    assert rows["gateway"] == "http://127.0.0.1:8000 → https://api.example"
    assert rows["adds"] == f"authorization, x-key ({UNLESS})"
    assert "not verified" in rows["insecure"]
    assert made.lent() == ["authorization", "x-key"]
    assert "hunter2" not in f"{made!r}{made}{made.notes(HERE)}"


IN_THE_APP = "VITE_API_URL={} (or NEXT_PUBLIC_…, REACT_APP_…)"
AT_LOCALHOST = IN_THE_APP.format("http://localhost:8000")
SEEDED = Policy.from_mapping(dict(GATEWAY_SEED))


def listed(*origins: str, credentials: bool = True) -> Policy:
    return Policy(origins=origins, credentials=credentials)


@pytest.mark.parametrize(
    ("url", "policy", "app", "cookies"),
    [
        # The host name of development servers: a cookie is not sent from a page of another.
        (HERE, SEEDED, AT_LOCALHOST, "an app at localhost, whatever its port"),
        (
            "https://127.0.0.1:8000",
            SEEDED,
            IN_THE_APP.format("https://localhost:8000"),
            "an app at https://localhost, whatever its port",
        ),
        (
            "http://[::1]:8000",
            SEEDED,
            IN_THE_APP.format("http://[::1]:8000"),
            "an app at [::1], whatever its port",
        ),
        (HERE, Policy(origins="*"), AT_LOCALHOST, None),
        (HERE, listed("@loopback", credentials=False), AT_LOCALHOST, None),
        (HERE, listed("http://localhost:5173"), AT_LOCALHOST, "http://localhost:5173"),
        (
            HERE,
            listed("https://ui.example", "http://127.0.0.1:3000", "http://127.0.0.1:4000"),
            IN_THE_APP.format("http://127.0.0.1:8000"),
            "http://127.0.0.1:3000, http://127.0.0.1:4000",
        ),
        # Another site, to which a cookie of the gateway does not belong.
        (HERE, listed("http://[::1]:3000"), IN_THE_APP.format(HERE), None),
        (HERE, listed("https://localhost:3000"), AT_LOCALHOST, None),
        (
            HERE,
            Routes({"/a": None, "/b": SEEDED}),
            AT_LOCALHOST,
            "an app at localhost, whatever its port",
        ),
        # Whatever these rows told to write, the gateway would answer 403.
        (HERE, listed("https://ui.example"), None, None),
        (HERE, listed("https://*.example.com"), None, None),
        (HERE, Routes({"/a": None}), None, None),
        (
            "http://10.0.0.5:8000",
            listed("@loopback"),
            IN_THE_APP.format("http://10.0.0.5:8000"),
            None,
        ),
    ],
)
def test_what_to_write_into_an_app_is_told_only_where_the_policy_allows_one(
    url: str, policy: Policy | Routes, app: str | None, cookies: str | None
) -> None:
    rows = {} if app is None else {"in the app": app}
    if cookies is not None:
        rows["cookies"] = f"are sent from {cookies}"
    assert dict(gateway("http://127.0.0.1:5500").guide(url, policy)) == rows


@pytest.mark.parametrize(
    ("url", "policy", "sent", "host"),
    [
        (HERE, SEEDED, "an app at localhost, whatever its port", "localhost"),
        (HERE, listed("http://127.0.0.1:3000"), "http://127.0.0.1:3000", "127.0.0.1"),
        ("http://[::1]:8000", SEEDED, "an app at [::1], whatever its port", "[::1]"),
    ],
)
def test_that_another_machine_gets_the_cookies_of_every_port_is_told(
    url: str, policy: Policy, sent: str, host: str
) -> None:
    row = dict(gateway().guide(url, policy))["cookies"]
    assert row == f"are sent from {sent}; all those of {host} go to api.example"


@pytest.mark.parametrize(
    ("url", "row"),
    [
        ("https://api.example", f"x-key ({UNLESS})"),
        ("http://127.0.0.1:8080", f"x-key ({UNLESS})"),
        (
            "http://api.example",
            f"x-key ({UNLESS}; http:// sends it in clear)",
        ),
    ],
)
def test_a_secret_that_goes_over_the_network_in_clear_is_told(url: str, row: str) -> None:
    assert dict(gateway(url, headers=["X-Key: 1"]).notes(HERE))["adds"] == row


@pytest.mark.parametrize(
    ("changes", "flag"), [({"insecure": True}, "-k"), ({"ca": "ca.pem"}, "--ca")]
)
def test_a_flag_about_certificates_is_refused_where_there_are_none(
    changes: dict[str, Any], flag: str
) -> None:
    with pytest.raises(UsageError) as raised:
        gateway("http://api.example", **changes)
    assert str(raised.value).splitlines() == [
        f"{flag} is about certificates, and http://api.example has none",
        "  leave it out, or write https://api.example",
    ]


def test_every_worker_knows_it_by_the_same_name_and_no_other_gateway_has_it() -> None:
    made = gateway()
    copy: Gateway = pickle.loads(pickle.dumps(made))  # noqa: S301  what this test has made
    assert copy == made
    assert copy.via == made.via != gateway().via


@pytest.mark.parametrize(
    ("url", "port"),
    [
        ("http://127.0.0.1:11434", 11434),
        ("http://localhost:8080/v1", 8080),
        ("https://[::1]", 443),
        ("https://api.example:8000", None),
    ],
)
def test_an_upstream_of_this_machine_keeps_its_port(url: str, port: int | None) -> None:
    assert gateway(url).upstream_port == port


@pytest.mark.parametrize(
    ("given", "layer"),
    [((), ExposingLayer), (("origins",), ExposingLayer), (("expose",), EnforcingLayer)],
)
def test_all_is_exposed_unless_somebody_decided_what(given: tuple[str, ...], layer: type) -> None:
    assert gateway().layer(given) is layer


def test_what_is_wrong_is_told_before_anything_is_served(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        gateway(ca=str(tmp_path / "gone.pem"))
    with pytest.raises(UsageError, match="has a query"):
        gateway("https://api.example/?x")
    with pytest.raises(UsageError, match="has no"):
        gateway(headers=["X-A: $CORSMITH_HAS_NO_SUCH_VARIABLE"])


def test_it_opens_as_an_application_that_streams_and_enforces() -> None:
    made = gateway()
    assert isinstance(made.open(), Forwarder)
    assert made.streams
    assert made.has_lifespan
    assert made.enforces
    assert made.seed is GATEWAY_SEED


def test_some_requests_have_a_short_way_where_the_layer_is_the_gateways() -> None:
    async def front(_scope: Any, _receive: Any, _send: Any) -> None:
        """Stand for the front."""

    given: Any = front
    app = gateway().open()
    for layer in (EnforcingLayer, ExposingLayer):
        assert isinstance(gateway().shorten(given, app, layer, None), Passage)
    assert gateway().shorten(given, app, CORSMiddleware, None) is front
    assert gateway().shorten(given, front, ExposingLayer, None) is front
