"""TOML text and environment variables, to policies.

What lives here: the two forms that a policy has outside Python. What does not: files
(``gate`` reads them) and the meaning of a field (``fields``, ``lint``).
"""

from collections.abc import Callable, Mapping

from corsmith.diagnostics import Diagnostic, diagnose, quote
from corsmith.errors import PolicyError
from corsmith.misnomers import nearest_word, right_field
from corsmith.policy import Policy
from corsmith.routes import Routes

__all__ = ["read_document", "read_environment"]


def read_document(text: str) -> Policy | Routes:
    """Return the policy of a ``[policy]`` table, or the routes of ``[[routes]]`` tables.

    Raises ``PolicyError``, with the line where the text is no TOML.

    >>> read_document('[policy]\\norigins = ["https://app.example"]').origins
    ('https://app.example',)
    """
    import tomllib  # loaded only for a policy that is a file

    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        fix = 'A policy begins with [policy], then origins = ["https://app.example"].'
        message = f"the text is no TOML: {error}."
        raise PolicyError([diagnose("document-not-toml", None, None, message, fix)]) from None
    strange = [_unknown_table(key) for key in document if key not in {"policy", "routes"}]
    if strange:
        raise PolicyError(strange)
    if "policy" in document and "routes" in document:
        message = "a document has [policy] or [[routes]], not both."
        fix = 'Make the policy the route with path = "/".'
        raise PolicyError([diagnose("document-mixed", None, None, message, fix)])
    if "routes" in document:
        return Routes.from_mapping(document)
    if "policy" in document:
        return Policy.from_mapping(document["policy"])
    message = "the document holds neither [policy] nor [[routes]]."
    fix = 'Begin with [policy], then origins = ["https://app.example"].'
    raise PolicyError([diagnose("document-without-policy", None, None, message, fix)])


def _unknown_table(key: str) -> Diagnostic:
    table = nearest_word(key, ("policy", "routes"))
    if table is None and right_field(key) is not None:
        fix = f"Write [policy] on a line above {key}."
    else:
        fix = f"Write [{table or 'policy'}]."
    message = f"{quote(key)} is no table of a policy document."
    return diagnose("unknown-field", None, key, message, fix)


def read_environment(environ: Mapping[str, str], prefix: str) -> Policy:
    """Return the policy of variables such as ``CORS_ORIGINS=https://a.example,http://b.example``.

    Lists are separated by commas. Raises ``PolicyError``: for a variable that is no
    field, and for a value that looks like JSON, with the comma form.

    >>> read_environment({"CORS_ORIGINS": "https://app.example"}, "CORS_").origins
    ('https://app.example',)
    """
    fields: dict[str, object] = {}
    problems: list[Diagnostic] = []
    for variable, value in environ.items():
        if not variable.startswith(prefix):
            continue
        name = variable.removeprefix(prefix).lower()
        if name not in _READERS:
            problems.append(_unknown_variable(variable, name, prefix))
        elif value.lstrip().startswith(("[", "{", '"')):
            parts = [part.strip(" \t\r\n\"'") for part in value.strip(" []{}").split(",")]
            message = f"{variable} looks like JSON: {quote(value)}."
            fix = f"Write {variable}={','.join(part for part in parts if part)}"
            problems.append(diagnose("environment-json", name, value, message, fix))
        else:
            fields[name] = _READERS[name](value)
    try:
        policy = Policy.from_mapping(fields)
    except PolicyError as error:
        # A field that could not be read is missing: that follows, and is not said again.
        consequences = {"origins-empty"} if problems else set()
        problems.extend(item for item in error.problems if item.code not in consequences)
        raise PolicyError(problems) from None
    if problems:
        raise PolicyError(problems)
    return policy


def _unknown_variable(variable: str, name: str, prefix: str) -> Diagnostic:
    right = right_field(name)
    names = ", ".join(prefix + field.upper() for field in sorted(_READERS))
    fix = f"The variables are {names}." if right is None else f"Write {prefix}{right.upper()}."
    message = f"{quote(variable)} is no variable of a policy."
    return diagnose("unknown-field", None, variable, message, fix)


def _read_list(value: str) -> object:
    parts = [part.strip(" \t") for part in value.split(",")]
    return [part for part in parts if part]


def _read_bool(value: str) -> object:
    words = {"true": True, "1": True, "yes": True, "on": True}
    words |= {"false": False, "0": False, "no": False, "off": False, "": False}
    return words.get(value.strip().lower(), value)


def _read_int(value: str) -> object:
    text = value.strip()
    # Not int(text) alone: it takes "+7", "7_0" and other scripts' digits.
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else value


def _read_text(value: str) -> object:
    return value


_READERS: Mapping[str, Callable[[str], object]] = {
    "origins": _read_list,
    "methods": _read_list,
    "headers": _read_list,
    "expose": _read_list,
    "credentials": _read_bool,
    "max_age": _read_int,
    "origin_regex": _read_text,
    "preflight_status": _read_int,
    "accept_risks": _read_list,
}
