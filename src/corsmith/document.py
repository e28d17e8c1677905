"""TOML text and environment variables, to policies.

What lives here: the two forms that a policy has outside Python. What does not: files
(``gate`` reads them) and the meaning of a field (``fields``, ``lint``).
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Final

from corsmith.diagnostics import Diagnostic, diagnose, quote
from corsmith.errors import PolicyError
from corsmith.misnomers import nearest_word, right_field
from corsmith.policy import Policy
from corsmith.routes import Routes

__all__ = ["read_document", "read_environment"]


def read_document(text: str) -> Policy | Routes:
    r"""Return the policy of a ``[policy]`` table, or the routes of ``[[routes]]`` tables.

    Raises ``PolicyError``, with the line where the text is no TOML.

    >>> read_document('[policy]\norigins = ["https://app.example"]').origins
    ('https://app.example',)
    """
    import tomllib  # loaded only for a policy that is a file

    try:
        document = tomllib.loads(text)
    # Beside its own error, a ValueError, it lets out those of a number of more digits
    # than `int` reads and of brackets nested deeper than the stack.
    except (ValueError, RecursionError) as error:
        fix = 'A policy begins with [policy], then origins = ["https://app.example"].'
        message = f"the text is no TOML: {error}."
        raise PolicyError([diagnose("document-not-toml", None, None, message, fix)]) from None
    problems = [_unknown_table(key) for key in document if key not in {"policy", "routes"}]
    read: Policy | Routes | None = None
    try:
        read = _read_tables(document, complete=not problems)
    except PolicyError as error:
        problems.extend(error.problems)
    if problems or read is None:
        raise PolicyError(map(_in_toml, problems))
    return read


# A field as Python gives it to a function, with the beginning of its value.
_KEYWORD = re.compile(r"\b([a-z_]+)=(?:(True|False)|(?=[\[\"0-9]))")


def _in_toml(problem: Diagnostic) -> Diagnostic:
    """Return the problem with its fix as the file writes it: spaces, lower-case truth."""
    if problem.fix is None:
        return problem

    def spell(match: re.Match[str]) -> str:
        return f"{match[1]} = {(match[2] or '').lower()}"

    fix = _KEYWORD.sub(spell, problem.fix).replace("Here it is ", "Write ").replace("=.", ".")
    return replace(problem, fix=fix)


def _read_tables(document: Mapping[str, object], *, complete: bool) -> Policy | Routes | None:
    """Return what the tables say, or ``None`` where a misspelt one explains that none do."""
    if "policy" in document and "routes" in document:
        message = "a document has [policy] or [[routes]], not both."
        fix = 'Make the policy the route with path = "/".'
        raise PolicyError([diagnose("document-mixed", None, None, message, fix)])
    if "routes" in document:
        return Routes.from_mapping({"routes": document["routes"]})
    if isinstance(policy := document.get("policy"), Mapping):
        return Policy.from_mapping(policy)
    if policy is not None:
        message = "policy is no table."
        fix = "Write [policy] on a line of its own."
        raise PolicyError([diagnose("wrong-type", "policy", quote(policy), message, fix)])
    if not complete:
        return None
    message = "the document holds neither [policy] nor [[routes]]."
    fix = 'Begin with [policy], then origins = ["https://app.example"].'
    raise PolicyError([diagnose("document-without-policy", None, None, message, fix)])


def _unknown_table(key: str) -> Diagnostic:
    table = nearest_word(key, ("policy", "routes"))
    fix = "The tables are [policy] and [[routes]]."
    if table is not None:
        fix = "Write [policy]." if table == "policy" else "Write [[routes]]."
    elif right_field(key) is not None:
        fix = f"Write [policy] on a line above {key}."
    message = f"{quote(key)} is no table of a policy document."
    return diagnose("unknown-field", None, key, message, fix)


def read_environment(environ: Mapping[str, str], prefix: str) -> Policy:
    """Return the policy of variables such as ``CORS_ORIGINS=https://a.example,http://b.example``.

    Lists are separated by commas; an empty number or ``ORIGIN_REGEX`` counts as not set.
    Raises ``PolicyError``: for a variable that is no field, and for a value that looks
    like JSON, with the comma form.

    >>> read_environment({"CORS_ORIGINS": "https://app.example"}, "CORS_").origins
    ('https://app.example',)
    """
    fields: dict[str, object] = {}
    problems: list[Diagnostic] = []
    for variable, value in environ.items():
        if not variable.startswith(prefix):
            continue
        name = _NAMES.get(variable.removeprefix(prefix))
        if name is None:
            problems.append(_unknown_variable(variable, prefix))
        elif value.lstrip().startswith(_JSON_LIKE[_READERS[name]]):
            problems.append(_like_json(variable, name, value))
        elif value.strip() or name in _MAY_BE_EMPTY:
            fields[name] = _READERS[name](value)
            if fields[name] is None:
                del fields[name]
                problems.append(_unreadable(variable, name, value))
    try:
        policy = Policy.from_mapping(fields)
    except PolicyError as error:
        problems.extend(_in_environment(error.problems, prefix, complete=not problems))
        raise PolicyError(problems) from None
    if problems:
        raise PolicyError(problems)
    return policy


def _in_environment(
    problems: Iterable[Diagnostic], prefix: str, *, complete: bool
) -> Iterator[Diagnostic]:
    for item in problems:
        if item.code != "origins-empty":
            yield item
        # A variable that could not be read explains that there is no origin.
        elif complete:
            fix = f"Write {prefix}ORIGINS=https://app.example, or {prefix}ORIGINS=* for everyone."
            yield replace(item, fix=fix)


def _unknown_variable(variable: str, prefix: str) -> Diagnostic:
    right = right_field(variable.removeprefix(prefix))
    names = ", ".join(prefix + name for name in _NAMES)
    fix = f"The variables are {names}." if right is None else f"Write {prefix}{right.upper()}."
    message = f"{quote(variable)} is no variable of a policy."
    return diagnose("unknown-field", None, variable, message, fix)


def _like_json(variable: str, name: str, value: str) -> Diagnostic:
    message = f"{variable} looks like JSON: {quote(value)}."
    parts = [part.strip(" \t\r\n\"'") for part in value.strip(" \t\r\n[]").split(",")]
    listed = ",".join(part for part in parts if part)
    fix = f"Write {variable}={listed}"
    if value.lstrip().startswith("{") or not listed.isprintable():
        fix = "Write one variable for each field, lists separated by commas."
    return diagnose("environment-json", name, value, message, fix)


def _unreadable(variable: str, name: str, value: str) -> Diagnostic:
    wanted, examples = _WANTED[name]
    message = f"{variable} is {quote(value)}, which is {wanted}."
    fix = f"Write {' or '.join(f'{variable}={example}' for example in examples)}."
    return diagnose("wrong-type", name, value, message, fix)


def _read_list(value: str) -> list[str]:
    return [part for part in (part.strip(" \t") for part in value.split(",")) if part]


def _read_bool(value: str) -> bool | None:
    return _BOOLS.get(value.strip().lower())


def _read_int(value: str) -> int | None:
    # Not int() alone: it takes "+7", "7_0" and other scripts' digits.
    return int(value) if _INTEGER.fullmatch(value.strip()) else None


def _read_text(value: str) -> str:
    return value


_BOOLS: Final = {"true": True, "1": True, "yes": True, "on": True} | {
    "false": False,
    "0": False,
    "no": False,
    "off": False,
}
_INTEGER = re.compile(r"-?[0-9]{1,4000}")

_READERS: Final[Mapping[str, Callable[[str], object]]] = {
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
_NAMES: Final = {name.upper(): name for name in _READERS}
_MAY_BE_EMPTY: Final = {name for name, reader in _READERS.items() if reader is _read_list}
# How a value begins that was written as JSON; a regular expression may begin with `[`.
_JSON_LIKE: Final[Mapping[Callable[[str], object], tuple[str, ...]]] = {
    _read_list: ("[", "{", '"', "'"),
    _read_text: ('"', "'"),
    _read_bool: (),
    _read_int: (),
}
_WANTED: Final = {
    "credentials": ("neither true nor false", ("true", "false")),
    "max_age": ("no whole number of seconds", ("600",)),
    "preflight_status": ("no whole number", ("204",)),
}
