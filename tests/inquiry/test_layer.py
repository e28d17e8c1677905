"""Which layer answered: fingerprints, and who gave one answer."""

from __future__ import annotations

import pytest

from corsmith.adapters import asgi, native, wsgi
from corsmith.browser import Failure, Sent
from corsmith.exchange import Answer, Leg, NoAnswer
from corsmith.inquiry.layer import Kind, Place, read_layers, redirect_address, witness

URL = "https://api.example/items"


def leg(answer: Answer, kind: str = "actual", url: str = URL) -> Leg:
    sent = Sent(
        kind="preflight" if kind == "preflight" else "actual",
        method="OPTIONS" if kind == "preflight" else "GET",
        url=url,
        headers=(),
        credentials=False,
        hop=0,
    )
    return Leg(sent=sent, result=answer)


def test_layers_are_told_from_the_edge_to_the_framework_each_once() -> None:
    answers = [
        Answer(status=200, headers=(("X-Powered-By", "Express"), ("CF-Ray", "8f-CDG"))),
        Answer(status=404, headers=(("Server", "cloudflare"), ("Via", "1.1 Caddy"))),
        Answer(status=404, body=b'{"detail":"Not Found"}', headers=(("server", "uvicorn"),)),
    ]
    found = read_layers(answers)
    assert [layer.title for layer in found] == [
        *("Cloudflare", "Caddy", "uvicorn", "Express", "FastAPI")
    ]
    assert [layer.place for layer in found] == sorted(layer.place for layer in found)
    assert found[0].evidence == "CF-Ray: 8f-CDG"
    assert found[-1].evidence == 'its body says \'{"detail":"\''
    assert (found[-1].stack, found[-1].place) == ("fastapi", Place.FRAMEWORK)


@pytest.mark.parametrize(
    ("header", "value", "stack"),
    [
        ("Server", "nginx/1.27.1", "nginx"),
        ("Server", "Apache/2.4", "apache"),
        ("Server", "Apache-Coyote/1.1", "spring"),
        ("Server", "istio-envoy", "envoy"),
        ("Server", "AmazonS3", "s3"),
        ("Server", "Werkzeug/3.1 Python/3.12", "flask"),
        ("Server", "WSGIServer/0.2 CPython/3.12", "django"),
        ("Server", "SimpleHTTP/0.6 Python/3.12", "http.server"),
        ("X-Runtime", "0.012", "rails"),
        ("Server", "Kestrel", "aspnet"),
        ("Proxy-Status", "corsmith; error=connection_refused", "corsmith"),
        ("Proxy-Status", "proxy.example; error=connection_refused", None),
        ("Server", "something", None),
    ],
)
def test_a_stack_is_known_by_what_it_leaves(header: str, value: str, stack: str | None) -> None:
    found = read_layers([Answer(status=200, headers=((header, value),))])
    assert [layer.stack for layer in found] == ([] if stack is None else [stack])


@pytest.mark.parametrize(
    "body",
    [asgi._REFUSED, wsgi._REFUSED, native._REFUSED.encode()],
    ids=["asgi", "wsgi", "native"],
)
def test_corsmith_is_known_by_what_it_refuses_an_origin_with(body: bytes) -> None:
    found = read_layers([Answer(status=403, headers=(("Server", "granian"),), body=body)])
    assert [(layer.title, layer.stack) for layer in found] == [
        ("corsmith", "corsmith"),
        ("granian", None),
    ]


@pytest.mark.parametrize(
    ("answer", "kind", "who"),
    [
        (Answer(status=401), "preflight", Kind.AUTHENTICATION),
        (Answer(status=400, headers=(("WWW-Authenticate", "B"),)), "actual", Kind.AUTHENTICATION),
        (Answer(status=403), "preflight", Kind.AUTHENTICATION),
        (Answer(status=403), "actual", Kind.APPLICATION),
        (Answer(status=403, body=b"Invalid CORS request"), "preflight", Kind.CORS),
        (Answer(status=403, body=b"CSRF verification failed"), "actual", Kind.CSRF),
        (Answer(status=403, body=b"Please solve the CAPTCHA"), "actual", Kind.FIREWALL),
        (Answer(status=400, body=b"Invalid host header"), "actual", Kind.HOST),
        (Answer(status=404), "preflight", Kind.ROUTER),
        (Answer(status=405, headers=(("Allow", "GET"),)), "preflight", Kind.ROUTER),
        (Answer(status=429), "actual", Kind.LIMIT),
        (Answer(status=500), "actual", Kind.CRASH),
        (Answer(status=503), "actual", Kind.UPSTREAM),
        (
            Answer(status=200, headers=(("access-control-allow-origin", "x"),)),
            "actual",
            Kind.CORS,
        ),
        (Answer(status=200), "actual", Kind.APPLICATION),
        (Answer(status=302), "actual", Kind.APPLICATION),
    ],
)
def test_the_kind_of_layer_is_known_by_its_answer(answer: Answer, kind: str, who: Kind) -> None:
    found = witness(leg(answer, kind))
    assert found.kind is who
    assert found.evidence[0] == f"status {answer.status}"
    assert found.says


@pytest.mark.parametrize(
    ("location", "who"),
    [
        ("/items/", Kind.SLASH),
        ("http://api.example/items/", Kind.SLASH),
        ("http://api.example/items", Kind.SCHEME),
        ("https://api.example/items", Kind.ELSEWHERE),
        ("/login?next=/items", Kind.LOGIN),
        ("https://idp.example/oauth2/authorize", Kind.LOGIN),
        ("https://cdn.example/items", Kind.ELSEWHERE),
        ("http://[x/login", Kind.LOGIN),
        ("mailto:a@b", Kind.ELSEWHERE),
    ],
)
def test_a_redirect_is_known_by_where_it_leads(location: str, who: Kind) -> None:
    found = witness(leg(Answer(status=307, headers=(("Location", location),))))
    assert found.kind is who
    assert found.evidence == ("status 307", f"Location: {location}")


def test_nobody_answered_where_nothing_came_back() -> None:
    silent = NoAnswer(failure=Failure.REFUSED, step="connect", problem="refused")
    found = witness(Leg(sent=leg(Answer(status=200)).sent, result=silent))
    assert (found.kind, found.evidence) == (Kind.NOBODY, ("refused",))


def test_what_leads_nowhere_is_no_redirect() -> None:
    assert redirect_address(leg(Answer(status=200))) is None
    silent = NoAnswer(failure=Failure.REFUSED, step="connect", problem="refused")
    assert redirect_address(Leg(sent=leg(Answer(status=200)).sent, result=silent)) is None
