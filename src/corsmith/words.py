"""A policy in words, for a banner and for ``corsmith check``.

What lives here: short phrases. What does not: colour, columns and line breaks
(``corsmith.cli.render``).
"""

from corsmith.policy import Policy
from corsmith.prose import join_words
from corsmith.routes import Routes

__all__ = ["describe", "join_words"]


def describe(policy: Policy | Routes) -> list[str]:
    """Return what a policy says, one phrase a thing: origins, methods, headers, the rest.

    >>> describe(Policy(origins=["https://app.example"], credentials=True, max_age=600))
    ['https://app.example', 'GET, HEAD, POST', 'Content-Type', 'with credentials', \
'kept 600 s']
    """
    if isinstance(policy, Routes):
        if not any(policy.policies()):
            return ["what each answer says by itself"]
        count = len(policy.entries)
        shown = join_words([f"{path}" for path in policy.entries])
        return [f"{count} routes: {shown}" if count != 1 else f"1 route: {shown}"]
    origins = list(policy.origins)
    if policy.origin_regex is not None:
        origins.append(f"origins matching {policy.origin_regex}")
    phrases = [
        "any origin" if policy.answers.any_origin else join_words(origins),
        "any method" if "*" in policy.methods else join_words(policy.methods) or "no method listed",
        _header_words(policy.headers),
    ]
    if policy.expose:
        exposed = "every response header" if "*" in policy.expose else join_words(policy.expose)
        phrases.append(f"exposes {exposed}")
    phrases.append("with credentials" if policy.credentials else "without credentials")
    if policy.max_age is not None:
        phrases.append(f"kept {policy.max_age} s" if policy.max_age else "not kept")
    return phrases


def _header_words(headers: tuple[str, ...]) -> str:
    if not headers:
        return "no request header listed"
    if "*" in headers:
        # A star never stands for Authorization (Fetch, CORS-preflight fetch, step 7).
        named = join_words([name for name in headers if name != "*"])
        return f"any request header ({named} too)" if named else "any request header"
    return join_words(headers)
