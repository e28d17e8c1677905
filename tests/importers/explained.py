"""Whether a difference between two answers is one that the printed policy lists.

A printed page is read as a person reads it: from its text alone. A difference is explained by a
comment of the right code about the right thing, that stands at the top or at the row of the path.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from corsmith.document import read_document
from corsmith.headers import SAFELISTED_METHODS
from corsmith.origin import parse_origin
from corsmith.policy import Policy
from tests.importers.originals import PATHS, Answered

if TYPE_CHECKING:
    from collections.abc import Iterator

    from corsmith.routes import Routes
    from tests.importers.questions import Asked, Question

__all__ = ["Comment", "Page", "read_page", "unexplained"]

_OTHERWISE: Final = "answers-differently"
_OPTIONS: Final = ("not-expressible", "options")


@dataclass(frozen=True, slots=True)
class Comment:
    """One listed difference, and the path of the row that it stands at."""

    code: str
    field: str
    message: str
    path: str | None


@dataclass(frozen=True, slots=True)
class Page:
    """A printed policy: what it means, and what it lists."""

    source: Policy | Routes
    comments: tuple[Comment, ...]

    def policy(self, path: str) -> Policy | None:
        return self.source if isinstance(self.source, Policy) else self.source.policy_for(path)

    def at(self, path: str) -> list[Comment]:
        rows = [] if isinstance(self.source, Policy) else list(self.source.entries)
        covering = [row for row in rows if path.startswith(row)]
        row = max(covering, key=len, default=None)
        return [one for one in self.comments if one.path in {None, row}]

    def says(self, path: str, code: str, *fields: str) -> bool:
        return any(one.code == code and one.field in fields for one in self.at(path))


def read_page(text: str) -> Page:
    """Return a printed page; it has to be a policy file that is valid."""
    comments, path = [], None
    for line in re.sub(r"\n#   (?! )", " ", text).splitlines():
        if heading := re.fullmatch(r"# \w.*? at (/\S*):", line):
            path = heading[1]
        elif item := re.fullmatch(r"# - ([a-z]+(?:-[a-z]+)+): ([^:]+): (.*)", line):
            comments.append(Comment(item[1], item[2], item[3], path))
    return Page(read_document(text), tuple(comments))


def unexplained(question: Question, theirs: Asked, ours: Asked, page: Page) -> list[str]:
    """Return each difference of two answers that is not listed."""
    if question.is_raw:
        pair = (theirs.answers[0][1], ours.answers[0][1])
        return list(_raw(question, *pair, page))
    if theirs.readable and not ours.readable:
        return [] if _may_be_narrower(question, page) else ["a page may no longer read it"]
    if ours.readable and not theirs.readable:
        return [] if _may_be_wider(question, theirs, page) else ["a page may read it now"]
    if not ours.readable or theirs.seen == ours.seen:
        return []
    if any("unreadable there" in one.message for one in page.at(question.path)):
        return []
    if ours.seen - theirs.seen and question.path in PATHS:
        return ["a page sees more headers"]
    return [] if page.says(question.path, *_EXPOSE) or _is_mixed(question, page) else ["exposed"]


_EXPOSE: Final = ("not-expressible", "expose")


def _is_mixed(question: Question, page: Page) -> bool:
    return page.says(question.path, *_OPTIONS)


def _may_be_wider(question: Question, theirs: Asked, page: Page) -> bool:
    last_method, last = theirs.answers[-1]
    is_error = question.path not in PATHS or last.status in {404, 405}
    if is_error and page.says(question.path, _OTHERWISE, "errors"):
        return last_method != "OPTIONS" or page.says(question.path, _OTHERWISE, "preflight")
    if any("unreadable there" in one.message for one in page.at(question.path)):
        return last_method == "OPTIONS"
    return (
        question.method in SAFELISTED_METHODS
        and last_method == "OPTIONS"
        and any(
            question.method in one.message.partition("refused there")[0]
            for one in page.at(question.path)
            if (one.code, one.field) == (_OTHERWISE, "methods")
        )
    )


def _may_be_narrower(question: Question, page: Page) -> bool:
    policy = page.policy(question.path)
    is_elsewhere = question.path not in PATHS and _names_path(question.path, page)
    if policy is None or is_elsewhere:
        return (
            is_elsewhere
            or _names_path(question.path, page)
            or _is_left_out(question.origin or "", page, "/")
        )
    origin = question.origin or ""
    if not policy.answers.any_origin and policy.answers.allow(origin) is None:
        return _is_left_out(origin, page, question.path)
    if question.credentials and not policy.credentials:
        closed = page.says(question.path, "wildcard-with-credentials", "credentials")
        return closed or _is_mixed(question, page)
    comments = page.at(question.path)
    missing = [name for name in question.names if _is_missing(name, policy)]
    if missing:
        said = [one for one in comments if one.field in {"headers", "options"}]
        return all(_names(name, said) for name in missing)
    said = [one for one in comments if one.field in {"methods", "origins"}]
    in_any_case = page.says(question.path, _OTHERWISE, "Access-Control-Allow-Methods")
    return _names(question.method, said) or (question.method == "patch" and in_any_case)


def _is_missing(name: str, policy: Policy) -> bool:
    listed = {one.lower() for one in policy.headers}
    return "*" not in listed and name.lower() not in listed


def _names(word: str, said: list[Comment]) -> bool:
    """Return whether a comment is about a word: names it, or what it matches, or mixes options."""
    for one in said:
        if re.search(rf"(?<![\w-]){re.escape(word)}(?![\w-])", one.message, re.IGNORECASE):
            return True
        if one.code == "not-expressible" and one.field == "options":
            return "allow_headers" in one.message
        if one.code == "not-expressible" and any(
            re.match(expression, word, re.IGNORECASE) for expression in _quoted(one.message)
        ):
            return True
        if one.code == "not-expressible" and one.message.startswith('"*" in'):
            return True
    return False


def _names_path(path: str, page: Page) -> bool:
    return any(
        one.field == "paths" and (path in one.message or one.code == _OTHERWISE)
        for one in page.comments
        if path not in PATHS or path in one.message
    )


def _is_left_out(origin: str, page: Page, path: str) -> bool:
    """Return whether the origin, or what let it in, is among what is listed as closed."""
    for one in page.comments if path == "/" else page.at(path):
        if one.field not in {"origins", "origin_regex"}:
            continue
        if f'"{origin}"' in one.message or f"{origin} for" in one.message:
            return True
        if one.code == "two-layers" or "* for" in one.message:
            return True
        if one.field == "origin_regex" and any(
            re.match(expression, origin) for expression in _quoted(one.message)
        ):
            return True
        if one.code == "null-origin" and origin == "null":
            return True
    return False


def _quoted(message: str) -> Iterator[str]:
    for found in re.findall(r'"((?:\\.|[^"\\])*)"', message):
        try:
            expression = re.sub(r'\\(["\\])', r"\1", found)
            re.compile(expression)
        except re.error:
            continue
        yield expression


# ── single requests ──────────────────────────────────────────────────────────

_LISTS: Final = ("Access-Control-Allow-Methods", "Access-Control-Allow-Headers")
_ALL: Final = (
    "Access-Control-Allow-Origin",
    "Access-Control-Allow-Credentials",
    "Access-Control-Expose-Headers",
    "Access-Control-Max-Age",
    *_LISTS,
)


def _raw(question: Question, theirs: Answered, ours: Answered, page: Page) -> Iterator[str]:
    path = question.path
    is_preflight = question.method == "OPTIONS" and question.origin is not None
    general = _of_this_request(question, theirs, page)
    if page.says(path, "origins-empty", "origins"):
        return
    listed = page.says(path, _OTHERWISE, "preflight", "paths")
    if is_preflight and ours.status != theirs.status and not listed:
        yield f"status {theirs.status} → {ours.status}"
    if ("origin" in _words(theirs, "Vary")) != ("origin" in _words(ours, "Vary")):
        fields = ("Vary", "errors", "paths", "preflight")
        named = page.says(path, _OTHERWISE, *fields) or page.says(path, "vary-missing", "Vary")
        if not (named or general):
            yield "Vary"
    for name in _ALL:
        if _words(theirs, name) == _words(ours, name):
            continue
        if not (general or _is_listed(name, question, theirs, ours, page)):
            yield f"{name}: {theirs.get(name)} → {ours.get(name)}"


def _words(answer: Answered, name: str) -> set[str]:
    return {word.strip().lower() for line in answer.get(name) for word in line.split(",") if word}


def _of_this_request(question: Question, theirs: Answered, page: Page) -> bool:
    """Return whether all of the answer differs for one listed reason."""
    path, origin = question.path, question.origin
    if origin is not None and origin != "null" and parse_origin(origin) is None:
        return page.says(path, _OTHERWISE, "Origin")
    if theirs.status >= 400 and page.says(path, _OTHERWISE, "errors", "preflight"):
        return True
    policy = page.policy(path)
    if policy is None:
        return _names_path(path, page) or _is_left_out(origin or "", page, "/")
    if question.method == "OPTIONS" and origin is None:
        return page.says(path, _OTHERWISE, "preflight") or not policy.answers.any_origin
    if path not in PATHS and _names_path(path, page):
        return True
    refused = not policy.answers.any_origin and policy.answers.allow(origin or "") is None
    if refused and origin is not None and _is_left_out(origin, page, path):
        return True
    return refused and page.says(path, _OTHERWISE, "refused origin")


def _is_listed(name: str, question: Question, theirs: Answered, ours: Answered, page: Page) -> bool:
    path = question.path
    if _is_mixed(question, page):
        return True
    otherwise = [one for one in page.at(path) if one.code == _OTHERWISE and one.field != "lists"]
    if any(name == one.field or name in one.message for one in otherwise):
        return True
    if name == "Access-Control-Expose-Headers":
        on_preflight = question.method == "OPTIONS" and page.says(path, _OTHERWISE, "lists")
        return on_preflight or _drops(theirs, ours, name, "expose", page.at(path))
    if name == "Access-Control-Allow-Credentials":
        return page.says(path, "wildcard-with-credentials", "credentials")
    if name == "Access-Control-Max-Age":
        return page.says(path, "max-age-out-of-range", "max_age")
    field = {"Access-Control-Allow-Methods": "methods", "Access-Control-Allow-Headers": "headers"}
    return name in field and _drops(theirs, ours, name, field[name], page.at(path))


def _drops(
    theirs: Answered, ours: Answered, name: str, field: str, comments: list[Comment]
) -> bool:
    """Return whether only words are gone, and each is named."""
    gone = _words(theirs, name) - _words(ours, name)
    said = [one for one in comments if one.field == field]
    more = _words(ours, name) - _words(theirs, name)
    if any("one string" in one.message and name in one.message for one in said):
        return True
    return not more and all(_names(word, said) or (word == "*" and bool(said)) for word in gone)
