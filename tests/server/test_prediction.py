"""What the try page says before anything is sent, for each button and each kind of policy."""

from __future__ import annotations

import json
import tomllib
from dataclasses import replace
from typing import Any

import pytest

from corsmith.policy import Policy
from corsmith.routes import Routes
from corsmith.server.in_force import InForce
from corsmith.server.prediction import (
    BUTTONS,
    Prediction,
    describe,
    predict,
    predict_all,
)
from corsmith.server.tried import Tried, TriedKind

PAGE = "http://127.0.0.1:54321"
TARGET = "http://127.0.0.1:8000"
SEED = Policy(
    origins="*", methods=["GET", "POST", "OPTIONS"], headers=["x-api-key", "Content-Type"]
)
LISTED = Policy(origins=[PAGE], methods=["GET", "PUT"], headers=["*"], credentials=True)
CLOSED = Policy(origins=["https://app.example"])


@pytest.mark.parametrize(
    ("policy", "stops"),
    [
        (SEED, {"put": "preflight", "header": "preflight", "credentials": "request"}),
        (LISTED, {"null": "request"}),
        (
            CLOSED,
            dict.fromkeys(["post", "put", "header"], "preflight")
            | dict.fromkeys(["get", "credentials", "s404", "s500", "null"], "request"),
        ),
        (
            None,
            dict.fromkeys(["post", "put", "header"], "preflight")
            | dict.fromkeys(["get", "credentials", "s404", "s500", "null"], "request"),
        ),
    ],
)
def test_each_button_stops_where_the_policy_says(
    policy: Policy | None, stops: dict[str, str]
) -> None:
    found = {name: predict(policy, button, PAGE).stops for name, button in BUTTONS.items()}
    assert {name: stop for name, stop in found.items() if stop is not None} == stops


def test_only_what_a_form_could_not_send_is_asked_about_first() -> None:
    found = {name for name, button in BUTTONS.items() if predict(SEED, button, PAGE).preflight}
    assert found == {"post", "put", "header"}


def test_a_prediction_says_why_and_what_to_write() -> None:
    assert predict(SEED, BUTTONS["put"], PAGE) == Prediction(
        preflight=True,
        stops="preflight",
        status=405,
        code="method-not-allowed",
        why="The policy allows GET, HEAD, POST, OPTIONS, not PUT. "
        "GET, HEAD and POST need not be listed.",
        line='methods = ["GET", "POST", "OPTIONS", "PUT"]',
        added=('"PUT"',),
        note="",
    )


@pytest.mark.parametrize(
    ("policy", "name", "why", "note"),
    [
        (SEED, "get", "any origin, and GET needs no preflight.", "Nothing needs changing."),
        (
            SEED,
            "null",
            "any origin, even null, and GET needs no preflight.",
            "Nothing needs changing.",
        ),
        (SEED, "post", "any origin and content-type, x-api-key.", "Nothing needs changing."),
        (
            LISTED,
            "put",
            f"{PAGE} and PUT.",
            "Nothing needs changing for CORS: 405 is the server's own answer to this method.",
        ),
        (
            LISTED,
            "s404",
            f"{PAGE}, and GET needs no preflight.",
            "Nothing needs changing: a 404 that a page can read is no CORS error.",
        ),
    ],
)
def test_where_nothing_needs_changing_it_says_so(
    policy: Policy, name: str, why: str, note: str
) -> None:
    prediction = predict(policy, BUTTONS[name], PAGE)
    assert (prediction.why, prediction.note) == (f"The policy allows {why}", note)
    assert (prediction.stops, prediction.line, prediction.added) == (None, None, ())


def test_credentials_with_any_origin_name_the_risk_and_the_origin() -> None:
    prediction = predict(SEED, BUTTONS["credentials"], PAGE)
    assert prediction.line == f'origins = ["{PAGE}"]\ncredentials = true'
    assert "wildcard-with-credentials" in prediction.note


def test_null_is_refused_without_a_line_to_write() -> None:
    prediction = predict(CLOSED, BUTTONS["null"], PAGE)
    assert prediction.line is None
    assert "null-origin" in prediction.note


def test_a_line_too_long_to_read_is_told_as_what_to_add() -> None:
    many = Policy(origins=[f"https://app-{number}.example" for number in range(1000)])
    prediction = predict(many, BUTTONS["get"], PAGE)
    assert prediction.line is None
    assert prediction.note.startswith(f'Add "{PAGE}" to origins. Every page of')


def described(policy: Policy | Routes, source: str | None = None, *problems: str) -> dict[str, Any]:
    in_force = InForce(policy=policy, source=source, problems=problems)
    # As the browser gets it: plain JSON.
    return dict(json.loads(json.dumps(describe(in_force, TARGET, PAGE))))


def test_a_page_learns_the_policy_as_text_that_is_a_policy_file() -> None:
    policy = Policy(
        origins=[PAGE], expose=["X-Total"], max_age=600, origin_regex=r"https://[a-z]+\.example"
    )
    text = described(policy)["text"]
    assert text.startswith("[policy]\norigins = ")
    assert Policy.from_mapping(tomllib.loads(text)["policy"]) == policy
    assert "preflight_status" not in text  # a default that nobody asks about


def test_a_page_learns_of_routes_with_a_prediction_for_each_path() -> None:
    routes = Routes({"/api/": LISTED, "/public": SEED, "/health": None, "/status/": CLOSED})
    told = described(routes, "cors.toml")
    assert Routes.from_mapping(tomllib.loads(told["text"])) == routes
    assert list(told["predictions"]) == ["/api/", "/public", "/health", "/status/"]
    put = {path: found["put"] for path, found in told["predictions"].items()}
    assert {path: found["stops"] for path, found in put.items()} == {
        "/api/": None,
        "/public": "preflight",
        "/health": "preflight",
        "/status/": "preflight",
    }
    assert put["/public"]["where"] == "cors.toml, in the [[routes]] of /public"
    assert put["/health"]["where"] == "cors.toml"
    assert put["/health"]["why"].startswith("No policy covers this path")
    # These two buttons have a path of their own, wherever the others go.
    assert {found["s404"]["where"] for found in told["predictions"].values()} == {
        "cors.toml, in the [[routes]] of /status/"
    }


def test_where_a_line_belongs_is_told() -> None:
    from_file = described(SEED, "cors.toml")["predictions"]["/"]["put"]["where"]
    from_flags = described(SEED)["predictions"]["/"]["put"]["where"]
    assert (from_file, from_flags) == ("cors.toml, under [policy]", "a policy file, under [policy]")


def test_a_line_that_a_flag_would_overrule_says_so() -> None:
    in_force = InForce(policy=SEED, source="cors.toml", flags=("methods", "max_age"))
    told: Any = describe(in_force, TARGET, PAGE)
    put = told["predictions"]["/"]["put"]
    assert put["note"] == "The command line sets methods: leave that flag out."
    assert told["predictions"]["/"]["header"]["note"] == ""
    without: Any = describe(replace(in_force, source=None), TARGET, PAGE)
    assert without["predictions"]["/"]["put"]["note"] == ""


@pytest.mark.parametrize("kind", [TriedKind.FILES, TriedKind.APP, TriedKind.GATEWAY])
def test_of_anything_but_the_tutorials_api_no_status_is_predicted(kind: TriedKind) -> None:
    told: Any = describe(InForce(policy=SEED), TARGET, PAGE, Tried(kind=kind))
    found = told["predictions"]["/"]
    assert list(found) == list(told["buttons"])
    assert {one["status"] for one in found.values()} == {None}
    assert found["get"]["note"] == "Nothing needs changing."
    assert not {"s404", "s500"} & found.keys()
    assert ("put" in found) is (kind is not TriedKind.FILES)


def test_a_path_that_is_typed_is_judged_as_it_is_sent() -> None:
    routes = Routes({"/api/": LISTED, "/": CLOSED})
    in_force = InForce(policy=routes)
    stops = {
        path: predict_all(in_force, path, PAGE)["put"]["stops"]
        for path in ["/api/items", "/%61pi/items", "/other", "/api%2Fitems"]
    }
    assert stops == {
        "/api/items": None,
        "/%61pi/items": None,
        "/other": "preflight",
        "/api%2Fitems": "preflight",  # which other readers might split elsewhere
    }


@pytest.mark.parametrize(
    ("in_force", "said", "has_command"),
    [
        (InForce(policy=SEED), "No policy was given. To change it", True),
        (InForce(policy=SEED, flags=("methods",)), "From the command line. To change it", True),
        (InForce(policy=SEED, is_brought=True), "The app's own, which it has brought", False),
        (InForce(policy=SEED, source="cors.toml"), "cors.toml", False),
    ],
)
def test_a_page_learns_where_the_policy_is_from_and_what_to_type(
    in_force: InForce, said: str, has_command: bool
) -> None:
    tried = Tried(kind=TriedKind.FILES, word="./data")
    told: Any = describe(in_force, TARGET, PAGE, tried)
    assert told["from"].startswith(said)
    assert told["command"] == ("corsmith serve ./data --policy cors.toml" if has_command else None)


def test_the_line_for_a_policy_of_the_app_belongs_to_the_app() -> None:
    told: Any = describe(InForce(policy=SEED, is_brought=True), TARGET, PAGE)
    assert told["predictions"]["/"]["put"]["where"] == "the app's own policy"


def test_a_page_learns_what_to_ask_a_person_first() -> None:
    tried = Tried(kind=TriedKind.GATEWAY, receiver="https://api.example")
    told: Any = describe(InForce(policy=SEED), TARGET, PAGE, tried)
    assert told["writing"] == ["post", "put"]
    assert "https://api.example" in told["sentence"]


def test_the_method_list_that_leaves_out_safelisted_ones_is_explained() -> None:
    short = Policy(origins="*", methods=["GET", "HEAD"])
    listed = Policy(origins="*", methods=["GET", "HEAD", "POST"])
    told = {policy: predict(policy, BUTTONS["put"], PAGE).why for policy in (short, listed)}
    assert told == {
        listed: "The policy allows GET, HEAD, POST, not PUT.",
        short: "The policy allows GET, HEAD, POST, not PUT. GET, HEAD and POST need not be listed.",
    }


def test_a_page_learns_what_is_wrong_with_the_last_edit() -> None:
    told = described(SEED, "cors.toml", "unknown-field: …")
    assert (told["source"], told["problems"]) == ("cors.toml", ["unknown-field: …"])


def test_a_page_learns_what_each_button_sends() -> None:
    told = described(SEED)
    assert (told["target"], told["origin"]) == (TARGET, PAGE)
    assert told["buttons"]["post"] == {
        "method": "POST",
        "path": None,
        "headers": {"Content-Type": "application/json", "x-api-key": "try"},
        "body": '{"hello": "corsmith"}',
        "credentials": False,
        "sandboxed": False,
    }


def test_a_huge_policy_is_shown_in_part() -> None:
    many = Policy(origins=[f"https://app-{number}.example" for number in range(10_000)])
    text = described(many)["text"]
    assert "# and 9988 more" in text
    assert len(text) < 1000
    routes = Routes({f"/{number}": SEED for number in range(100)})
    told = described(routes)
    assert len(told["predictions"]) == 40
    assert told["text"].endswith("# and 60 more")
