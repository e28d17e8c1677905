"""A page's question is put to a policy as a browser would put it."""

import pytest

from corsmith.policy import Policy
from corsmith.question import Question, Stage, ask

APP = "https://app.example"


@pytest.mark.parametrize(
    ("question", "has_preflight"),
    [
        (Question(origin=APP), False),
        (Question(origin=APP, method="POST", credentials=True), False),
        (Question(origin=APP, method="PUT"), True),
        (Question(origin=APP, method="patch"), True),
        (Question(origin=APP, unsafe=("x-key",)), True),
    ],
)
def test_a_preflight_is_sent_for_what_is_not_safelisted(
    question: Question, has_preflight: bool
) -> None:
    """A method or header that is not CORS-safelisted is asked for first."""
    assert question.has_preflight is has_preflight


def test_a_question_without_a_preflight_has_no_decision_on_one() -> None:
    """Only what a browser sends is decided."""
    verdict = ask(Policy(origins=[APP]), Question(origin=APP))
    assert (verdict.allowed, verdict.stops, verdict.reasons) == (True, None, ())
    assert verdict.preflight is None
    assert verdict.request.allowed


def test_a_refused_preflight_stops_the_request() -> None:
    """The browser never sends what its preflight was refused."""
    verdict = ask(Policy(origins=[APP]), Question(origin=APP, method="PUT", unsafe=("x-key",)))
    assert (verdict.allowed, verdict.stops) == (False, Stage.PREFLIGHT)
    assert [reason.code for reason in verdict.reasons] == ["method-not-allowed"]
    assert verdict.preflight is not None
    assert verdict.request.allowed


def test_a_refused_request_was_sent() -> None:
    """Without a preflight it is the answer that is hidden from the page."""
    verdict = ask(Policy(origins=[APP]), Question(origin="https://evil.example"))
    assert (verdict.allowed, verdict.stops) == (False, Stage.REQUEST)
    assert [reason.code for reason in verdict.reasons] == ["origin-not-allowed"]


@pytest.mark.parametrize(
    ("policy", "message"),
    [
        (
            Policy(origins="*"),
            'the page includes credentials, and "*" never allows them.',
        ),
        (
            Policy(origins=[APP]),
            (
                "the page includes credentials, and the answer lacks "
                "Access-Control-Allow-Credentials: true."
            ),
        ),
    ],
)
@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_credentials_are_judged_as_the_browser_judges_them(
    policy: Policy, message: str, method: str
) -> None:
    """With credentials the answer must name the origin and say so."""
    policy = Policy.from_mapping({**policy.to_mapping(), "methods": ["DELETE"]})
    verdict = ask(policy, Question(origin=APP, method=method, credentials=True))
    assert verdict.stops is (Stage.REQUEST if method == "GET" else Stage.PREFLIGHT)
    assert [(reason.code, reason.message) for reason in verdict.reasons] == [
        ("credentials-not-allowed", message)
    ]


def test_a_policy_with_credentials_allows_them() -> None:
    """The pair that was missing above is there."""
    policy = Policy(origins=[APP], methods=["PUT"], credentials=True)
    assert ask(policy, Question(origin=APP, method="PUT", credentials=True)).allowed
