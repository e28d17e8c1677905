"""CORS-preflight fetch (#cors-preflight-fetch), and what is kept of its answer.

What lives here: asking, judging the answer, the cache of answers. What does not: when a
request needs it (``fetch``), and the checks themselves (``checks``).
"""

from collections.abc import Generator
from typing import Final

from corsmith.browser.checks import REDIRECTS, Problem, cors_check, max_age, preflight_lists
from corsmith.browser.progress import Progress
from corsmith.browser.verdict import Failure, Received, Sent
from corsmith.headers import SAFELISTED_METHODS

__all__ = ["forget", "is_covered", "preflight_fetch"]

_SPEC: Final = "cors-preflight-fetch"
_OK: Final = range(200, 300)


def preflight_fetch(run: Progress) -> Generator[Sent, Received | Failure, bool]:
    """Ask whether the request may be sent, and return the answer to that."""
    names = run.asked_names()
    origin = _origin(run)
    headers = (
        ("Accept", "*/*"),  # step 2
        ("Access-Control-Request-Method", run.prepared.method),  # step 3
        *([("Access-Control-Request-Headers", ",".join(names))] if names else []),  # step 5
        ("Origin", origin),
        *run.referer_header("preflight"),
    )
    answer = yield from run.ask("preflight", "OPTIONS", headers)
    problem = _problem(run, origin, answer)
    if problem is not None:
        run.fail(problem.code, "preflight", problem.evidence, _SPEC, **problem.values)
        forget(run)
        return False
    assert isinstance(answer, Received)  # noqa: S101  a failure is a problem
    return _keep(run, answer, names)


def _problem(run: Progress, origin: str, answer: Received | Failure) -> Problem | None:
    if isinstance(answer, Failure):
        return Problem(f"preflight-{answer}", "no answer came back")
    # Step 7: the CORS check comes before the status.
    problem = cors_check(origin, _credentials(run), answer)
    if problem is not None and not _is_unchecked(run):
        values = {"origin": origin, **problem.values}
        return Problem(f"preflight-{problem.code}", problem.evidence, values)
    status = {"status": str(answer.status)}
    if answer.status in REDIRECTS and answer.get("location") is not None:
        return Problem("preflight-redirect", f"status {answer.status}: a redirect", status)
    if answer.status not in _OK:
        return Problem("preflight-status", f"status {answer.status} is not ok", status)
    return None


def _keep(run: Progress, answer: Received, names: tuple[str, ...]) -> bool:
    prepared, engine = run.prepared, run.engine
    lists = preflight_lists(
        prepared.method,
        names,
        _credentials(run),
        answer,
        engine,
        forced=prepared.force_preflight,
    )
    if isinstance(lists, Problem):
        run.fail(lists.code, "preflight", lists.evidence, _SPEC, **lists.values)
        if engine.refused_lists_clear_cache:
            forget(run)
        return False
    seconds = max_age(answer, engine)
    run.note("preflight", f"status {answer.status}, kept {seconds} s", _SPEC)
    if run.request.cache not in engine.cache_modes_that_keep_nothing and _may_keep(run):
        until = run.profile.now + seconds
        run.profile.preflights.store(_key(run), lists[0], lists[1], until, run.profile.now, engine)
    return True


def is_covered(run: Progress) -> bool:
    """Return whether a kept answer says all that a preflight would ask.

    Fetch, #concept-http-fetch, step 4.2.1.
    """
    prepared, engine = run.prepared, run.engine
    if run.request.cache in engine.cache_modes_that_ask_again or not _may_keep(run):
        return False
    needs_entry = prepared.method not in SAFELISTED_METHODS or run.asks_again
    if prepared.force_preflight and engine.forced_preflight_needs_entry:
        needs_entry = True
    names = run.asked_names()
    cache, key, now = run.profile.preflights, _key(run), run.profile.now
    method = prepared.method if needs_entry else None
    if method is None and not names:
        covered = cache.has_any(key, now, engine)
    else:
        covered = cache.covers(key, method, names, now, engine)
    if covered:
        run.note("preflight", "a kept answer covers it", "concept-cache")
    return covered


def forget(run: Progress) -> None:
    """Drop what is kept for this origin and URL (Fetch, #concept-cache-clear)."""
    run.profile.preflights.clear(run.origin, _key(run)[1])


def _may_keep(run: Progress) -> bool:
    engine = run.engine
    if run.request.page == "null":
        return engine.opaque_origins_keep_preflights
    return engine.tainted_origins_keep_preflights or not run.is_tainted


def _key(run: Progress) -> tuple[str, str, bool]:
    # The URL with its fragment, which divides entries in the standard and in each engine.
    return (run.origin, run.url.sent + run.url.fragment, run.prepared.credentials == "include")


def _origin(run: Progress) -> str:
    return run.request.page if run.engine.tainted_preflight_names_page else run.origin


def _credentials(run: Progress) -> str:
    # One engine judges what follows a second redirect by what the first request included.
    judged = run.was_sent_on_by_another
    return run.credentials_after_redirect if judged else run.prepared.credentials


def _is_unchecked(run: Progress) -> bool:
    """Whether this is the preflight to the page's own origin that one engine does not check."""
    home = run.url.origin == run.request.page
    return home and run.engine.preflight_at_home_is_unchecked
