"""What each button of the try page sends, and what the policy in force makes of it.

What lives here: the buttons as data, and ``predict``, which says before anything is sent
what will come of it, why, and which line would change it. What does not: the judgement
(``question``), the line (``advice``) and the page.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Final
from urllib.parse import unquote

from corsmith.advice import Advice, advise, write_field, write_value
from corsmith.headers import SAFELISTED_METHODS
from corsmith.policy import Policy
from corsmith.question import Question, Stage, ask
from corsmith.routes import Routes
from corsmith.safelists import unsafe_request_header_names
from corsmith.server.in_force import InForce
from corsmith.server.tried import Tried

__all__ = ["BUTTONS", "Button", "Prediction", "describe", "predict", "predict_all"]

_TUTORIAL: Final = Tried()

_MOST_ROUTES: Final = 40
"""The most routes that the page offers: each one has a prediction for each button."""

_MOST_VALUES: Final = 12
"""The most values of a list that the page shows; a policy may have 10,000 origins."""

_LONGEST_LINE: Final = 2000
"""The longest line to copy; what is longer is told as the value to add."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Button:
    """One request that the page sends.

    ``path`` is ``None`` where the page chooses it. ``status`` is what the echo API answers
    there, ``None`` where something else answers. From a sandboxed frame the origin is ``null``.
    """

    method: str = "GET"
    path: str | None = None
    headers: tuple[tuple[str, str], ...] = ()
    body: str | None = None
    credentials: bool = False
    sandboxed: bool = False
    status: int | None = 200

    def question(self, origin: str) -> Question:
        """Return what a page of ``origin`` asks of a policy when it sends this."""
        return Question(
            origin="null" if self.sandboxed else origin,
            method=self.method,
            unsafe=tuple(unsafe_request_header_names(self.headers)),
            credentials=self.credentials,
        )


BUTTONS: Final[dict[str, Button]] = {
    "get": Button(),
    "post": Button(
        method="POST",
        headers=(("Content-Type", "application/json"), ("x-api-key", "try")),
        body='{"hello": "corsmith"}',
    ),
    "put": Button(method="PUT", status=405),
    "header": Button(headers=(("X-Unlisted", "1"),)),
    "credentials": Button(credentials=True),
    "s404": Button(path="/status/404", status=404),
    "s500": Button(path="/status/500", status=500),
    "null": Button(sandboxed=True),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction:
    """What will come of a press, told before anything is sent.

    ``stops`` is where the browser will stop: at the ``preflight``, at the ``request``
    (sent and answered, but hidden from the script), or ``None``: the script can read it.
    ``status`` is ``None`` where only the server knows it.
    """

    preflight: bool
    stops: str | None
    status: int | None
    code: str | None
    why: str
    line: str | None
    added: tuple[str, ...]
    note: str


def predict(policy: Policy | None, button: Button, origin: str) -> Prediction:
    """Return what the browser will make of a press; a ``policy`` of ``None``: none covers it."""
    question = button.question(origin)
    if policy is None:
        stops = Stage.PREFLIGHT if question.has_preflight else Stage.REQUEST
        return _blocked(button, question, stops, None, *_UNCOVERED)
    verdict = ask(policy, question)
    if verdict.stops is None:
        return Prediction(
            preflight=question.has_preflight,
            stops=None,
            status=button.status,
            code=None,
            why=_success(policy, question),
            line=None,
            added=(),
            note=_ANSWERED.get(button.status or 0, "Nothing needs changing."),
        )
    asked, decision = question.request, verdict.request
    if verdict.preflight is not None and verdict.stops is Stage.PREFLIGHT:
        asked, decision = question.preflight, verdict.preflight
    advice = advise(policy, asked, decision, credentials=question.credentials)
    reason = verdict.reasons[0]
    message = reason.message
    if reason.code == "method-not-allowed" and not {*policy.methods} >= SAFELISTED_METHODS:
        message += " GET, HEAD and POST need not be listed."
    return _blocked(button, question, verdict.stops, reason.code, message, advice)


def _blocked(  # the parts of a prediction
    button: Button,
    question: Question,
    stops: Stage,
    code: str | None,
    message: str,
    advice: Advice,
) -> Prediction:
    line, note = advice.line, advice.note
    if line is not None and len(line) > _LONGEST_LINE:
        fields = " and ".join(_fields(line))
        line, note = None, f"Add {', '.join(advice.added)} to {fields}. {note}"
    return Prediction(
        preflight=question.has_preflight,
        stops=str(stops),
        status=button.status,
        code=code,
        why=message[0].upper() + message[1:],
        line=line,
        added=advice.added,
        note=note.strip(),
    )


_UNCOVERED: Final = (
    "no policy covers this path, so its answers carry no CORS headers.",
    Advice(line=None, note="Give the path a [[routes]] table with origins of its own."),
)

_ANSWERED: Final = {
    404: "Nothing needs changing: a 404 that a page can read is no CORS error.",
    405: "Nothing needs changing for CORS: 405 is the server's own answer to this method.",
    500: "Nothing needs changing: a 500 that a page can read is no CORS error.",
}


def _success(policy: Policy, question: Question) -> str:
    origin = question.origin
    if policy.answers.any_origin:
        origin = "any origin, even null" if origin == "null" else "any origin"
    if not question.has_preflight:
        return f"The policy allows {origin}, and {question.method} needs no preflight."
    method = [question.method] if question.method not in SAFELISTED_METHODS else []
    return f"The policy allows {origin} and {', '.join([*method, *question.unsafe])}."


def describe(
    in_force: InForce, target: str, origin: str, tried: Tried = _TUTORIAL
) -> dict[str, object]:
    """Return all that a page of ``origin`` shows of the policy, in plain JSON types.

    For each path that it may send to there is a prediction for each button, so that the
    page compares and never judges.
    """
    policy = in_force.policy
    entries = {"/": policy} if isinstance(policy, Policy) else dict(policy.entries)
    shown = dict(list(entries.items())[:_MOST_ROUTES])
    return {
        "target": target,
        "origin": origin,
        "source": in_force.source,
        "from": _origin_of(in_force),
        "command": None if in_force.source or in_force.is_brought else tried.command,
        "problems": list(in_force.problems),
        "text": _write_document(policy, shown, more=len(entries) - len(shown)),
        "routed": isinstance(policy, Routes),
        "sentence": tried.sentence,
        "writing": tried.writing,
        "buttons": {
            name: {
                "method": button.method,
                "path": button.path,
                "headers": dict(button.headers),
                "body": button.body,
                "credentials": button.credentials,
                "sandboxed": button.sandboxed,
            }
            for name, button in BUTTONS.items()
            if tried.offers(name)
        },
        "predictions": {path: predict_all(in_force, path, origin, tried) for path in shown},
    }


def _origin_of(in_force: InForce) -> str:
    """Return where the policy is from."""
    if in_force.source is not None:
        return in_force.source
    if in_force.is_brought:
        return "The app's own, which it has brought: change it there."
    known = "From the command line." if in_force.flags else "No policy was given."
    return f"{known} To change it while you watch, put it into a file:"


def predict_all(
    in_force: InForce, path: str, origin: str, tried: Tried = _TUTORIAL
) -> dict[str, dict[str, object]]:
    """Return the prediction for each button at a path, percent-encoded as it is sent."""
    found = {}
    for name, button in BUTTONS.items():
        if not tried.offers(name):
            continue
        known = button if tried.tells_status else replace(button, status=None)
        found[name] = _predict_at(in_force, known, button.path or path, origin)
    return found


def _predict_at(in_force: InForce, button: Button, path: str, origin: str) -> dict[str, object]:
    """Return the prediction for one path, and where its line would stand."""
    policy = in_force.policy
    file = in_force.source or "a policy file"
    if isinstance(policy, Policy):
        prediction = predict(policy, button, origin)
        held = [field for field in _fields(prediction.line) if field in in_force.flags]
        if in_force.source is not None and held:
            note = f"The command line sets {' and '.join(held)}: leave that flag out."
            prediction = replace(prediction, note=f"{note} {prediction.note}".strip())
        where = "the app's own policy" if in_force.is_brought else f"{file}, under [policy]"
        return {**asdict(prediction), "where": where}
    covering = policy.policy_for(unquote(path), path)
    key = next((key for key, value in policy.entries.items() if value is covering), path)
    where = file if covering is None else f"{file}, in the [[routes]] of {key}"
    return {**asdict(predict(covering, button, origin)), "where": where}


def _fields(lines: str | None) -> list[str]:
    """Return the names of the fields that lines of TOML set."""
    return [line.partition(" = ")[0] for line in (lines or "").splitlines()]


def _write_document(
    policy: Policy | Routes, shown: Mapping[str, Policy | None], *, more: int
) -> str:
    """Return the policy as its file could read, long lists cut."""
    if isinstance(policy, Policy):
        return "\n".join(["[policy]", *_write_policy(policy)])
    tables = [
        "\n".join(["[[routes]]", write_field("path", path), *_write_route(value)])
        for path, value in shown.items()
    ]
    return "\n\n".join([*tables, *([f"# and {more} more"] if more else [])])


def _write_route(policy: Policy | None) -> list[str]:
    return ["cors = false"] if policy is None else _write_policy(policy)


_ALWAYS_SHOWN: Final = ("origins", "methods", "headers", "credentials")


def _write_policy(policy: Policy) -> list[str]:
    default = Policy(origins="*").to_mapping()
    return [
        _write_short(name, value)
        for name, value in policy.to_mapping().items()
        if name in _ALWAYS_SHOWN or value != default.get(name)
    ]


def _write_short(name: str, value: object) -> str:
    if isinstance(value, list) and len(value) > _MOST_VALUES:
        kept = "".join(f"  {write_value(item)},\n" for item in value[:_MOST_VALUES])
        return f"{name} = [\n{kept}  # and {len(value) - _MOST_VALUES} more\n]"
    return write_field(name, value)
