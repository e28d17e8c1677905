"""What the gateway tells of its upstream when it has started."""

from __future__ import annotations

import socket
import ssl
from typing import TYPE_CHECKING

import pytest
import trustme

from corsmith.server.gateway.outlook import look_at
from corsmith.server.gateway.serving import Gateway
from tests.broken.serving import Asked, Fault, Reply, allow, serve
from tests.peers import OK, peer

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.servers

PAGE = "http://localhost:5173"


@pytest.mark.parametrize("value", [PAGE, "*"])
def test_an_upstream_that_is_open_already_is_told(value: str) -> None:
    def answer(asked: Asked) -> Reply:
        return Reply(status=404, headers=(("Access-Control-Allow-Origin", value),))

    with serve(answer) as server:
        url = f"{server.origin}/"
        assert list(look_at(url, PAGE, verify=True)) == [
            f"you may not need this: {url} lets pages of {PAGE} read its answers already",
            f"  what else it allows: corsmith check {url} --from {PAGE}",
        ]
        (asked,) = server.asked
    assert (asked.method, asked.get("origin")) == ("GET", PAGE)
    assert asked.get("authorization") is None
    assert asked.get("cookie") is None


@pytest.mark.parametrize(
    "headers",
    [
        (),
        (("Access-Control-Allow-Origin", "https://wrong.example"),),
        (("Access-Control-Allow-Origin", f"{PAGE}, *"),),
        (("Access-Control-Allow-Origin", PAGE), ("Access-Control-Allow-Origin", "*")),
    ],
)
def test_of_any_other_nothing_is_said(headers: tuple[tuple[str, str], ...]) -> None:
    with serve(lambda _asked: Reply(headers=headers)) as server:
        assert list(look_at(server.origin, PAGE, verify=True)) == []


def test_an_upstream_that_is_down_is_told() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        (told,) = look_at(f"http://127.0.0.1:{port}/", PAGE, verify=True)
    assert told == (
        f"unreachable now: 127.0.0.1:{port} refuses the connection; "
        "it is asked again with each request"
    )


def test_one_that_hangs_up_is_told() -> None:
    with serve(lambda _asked: Fault.RESET) as server:
        (told,) = look_at(server.origin, PAGE, verify=True)
    assert told.startswith("unreachable now: ")


@pytest.mark.parametrize("verify", [True, False])
def test_a_certificate_counts_unless_it_does_not_for_the_gateway(*, verify: bool) -> None:
    with serve(lambda asked: Reply(headers=allow(asked)), tls="self-signed") as server:
        told = list(look_at(server.origin, PAGE, verify=verify))
    assert told[0].startswith("unreachable now: " if verify else "you may not need this: ")
    assert "asked again" not in told[0]


@pytest.mark.parametrize(
    ("names", "step"),
    [
        (("localhost",), "; write https://localhost:{}/, or leave the name unchecked with -k"),
        (("*.a.example",), ""),
    ],
)
def test_a_gateway_that_trusts_an_authority_is_told_of_a_certificate_for_another_name(
    tmp_path: Path, names: tuple[str, ...], step: str
) -> None:
    authority, ca = trustme.CA(), tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(ca)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*names).configure_cert(context)
    with peer(OK, context) as server:
        url = f"https://127.0.0.1:{server.port}"
        made = Gateway.of(url, headers=(), ca=str(ca), insecure=False, seconds=1)
        told = list(made.look(PAGE))
        place = f"127.0.0.1:{server.port}"
        said = f"unreachable now: {place} is not trusted: its certificate is for {names[0]}"
        assert told == [said + step.format(server.port)]
        unchecked = Gateway.of(url, headers=(), ca=str(ca), insecure=True, seconds=1)
        assert list(unchecked.look(PAGE)) == []
