r"""``origin_regex``: what compiles, what it meets, and everything that is said about it."""

import pytest

from corsmith.diagnostics import Diagnostic, Severity
from corsmith.regex import check_regex, compile_regex, matches_regex

FINE = [
    r"https://[a-z0-9-]+\.shop\.example",
    r"https://shop\.example|https://bank\.example",
    r"^https://(?:www|admin)\.shop\.example(?::\d+)?$",
    r"https?://(.+\.)?example\.com",
    r"^https://\w+\.example\.(?:org|com)$",
    r"https://([a-z0-9-]+\.)*shop\.example",
    r"https?://(localhost|127\.0\.0\.1)(:\d+)?",
    r"https://(foo|bar)+\.example\.com",
    r"https://example[12]\.com",
    r"(?i)https://app\.example",
    r"https://[a-z]++\.app\.example",
    r"https://(?=[a-z])[a-z]+\.app\.example",
    r"(?x) https://app\.example  # the app",
    "https://app[.]example",
]

UNBOUNDED = [
    r"https://([a-z0-9-]+)+\.app\.example",
    r"(.+\.)*app\.example",
    r"https://(a*)*\.app\.example",
    r"https://(?:[a-z]+){2,}x",
    r"https://((a+)b?)+\.example",
    r"https://(a|a)*\.example",
    r"https://(\w+\.\w+)+\.example",
    r"https://(a|ab|b)*\.example",
    "(" * 41 + "a" + ")" * 41,
]

WIDE = [
    (r".*", "https://stranger.invalid"),
    (r"http://.*", "http://stranger.invalid"),
    (r"https://[a-z]+\.com", "https://stranger.com"),
    (r"https://.*shop\.example", "https://strangershop.example"),
    (r"https://shop\.example.*", "https://shop.examplestranger"),
    (r"https://shop.example", "https://shopxexample"),
    (r"https://[^.]+\.vercel\.app", "https://stranger.vercel.app"),
    (r"https://(?:[a-z]+-)*shop\.example", "https://stranger-shop.example"),
    (r"chrome-extension://[a-p]{32}", f"chrome-extension://{'a' * 32}"),
    (r"https://(?:shop\.example|[a-z]+\.net)", "https://stranger.net"),
]


@pytest.mark.parametrize("pattern", FINE)
@pytest.mark.parametrize("credentials", [True, False])
def test_an_expression_that_names_its_site_is_fine(pattern: str, credentials: bool) -> None:
    """Nothing is said about it."""
    assert check_regex(pattern, credentials=credentials, accepted=False) == ()


@pytest.mark.parametrize("pattern", UNBOUNDED)
def test_an_expression_that_backtracks_without_bound_is_refused(pattern: str) -> None:
    """With or without credentials, and whatever risk is taken."""
    for accepted in (True, False):
        (problem,) = check_regex(pattern, credentials=False, accepted=accepted)
        assert (problem.code, problem.severity) == ("regex-unbounded", Severity.ERROR)


@pytest.mark.parametrize(("pattern", "stranger"), WIDE)
def test_an_expression_that_admits_a_stranger_is_told_with_the_stranger(
    pattern: str, stranger: str
) -> None:
    """A problem with credentials, a warning without, and nothing once the risk is taken."""
    for credentials, severity in ((True, Severity.ERROR), (False, Severity.WARNING)):
        found = check_regex(pattern, credentials=credentials, accepted=False)
        wide = [item for item in found if item.code == "wide-regex"]
        assert [item.severity for item in wide] == [severity]
        assert f'also matches "{stranger}"' in wide[0].message
        assert ("accept_risks" in (wide[0].fix or "")) is credentials
    taken = check_regex(pattern, credentials=True, accepted=True)
    assert all(item.code == "regex-unescaped-dot" for item in taken)
    compiled = compile_regex(pattern)
    assert not isinstance(compiled, Diagnostic)
    assert matches_regex(compiled, stranger)


def test_an_unescaped_dot_is_a_warning_that_shows_the_escaped_one() -> None:
    """The first one is told; a repeated dot is meant to match anything."""
    first, second = check_regex("https://app.shop.example", credentials=False, accepted=False)
    assert (first.code, first.severity) == ("regex-unescaped-dot", Severity.WARNING)
    assert first.fix == 'Write "https://app\\\\.shop.example".'
    assert second.code == "wide-regex"
    dots = check_regex(r"https://(.+\.)?shop\.example", credentials=False, accepted=False)
    assert dots == ()


@pytest.mark.parametrize("pattern", ["(", "[", "*", "(?P<x", "a{2,1}", r"\x", "(?z)"])
def test_what_does_not_compile_is_a_problem(pattern: str) -> None:
    """The message is that of ``re``, and no exception leaves."""
    problem = compile_regex(pattern)
    assert isinstance(problem, Diagnostic)
    assert problem.code == "regex-invalid"
    assert "does not compile" in problem.message
    assert check_regex(pattern, credentials=True, accepted=True) == (problem,)


def test_what_a_later_python_may_read_differently_still_compiles() -> None:
    """A warning of ``re`` is no error of the policy."""
    assert not isinstance(compile_regex("[[a]"), Diagnostic)


@pytest.mark.parametrize(
    ("text", "matches"),
    [
        ("https://a.shop.example", True),
        ("https://a.shop.example.", False),
        ("https://a.shop.example\n", False),
        ("https://a.shop.example.evil.test", False),
        ("https://A.shop.example", False),
        ("null", False),
        ("", False),
    ],
)
def test_the_whole_of_one_origin_must_match(text: str, matches: bool) -> None:
    """Never a part, never ``null``, never what is no origin."""
    compiled = compile_regex(r".*\.shop\.example\.?\n?|null|")
    assert not isinstance(compiled, Diagnostic)
    assert matches_regex(compiled, text) is matches


def test_digits_are_ascii_digits() -> None:
    """``re.ASCII``: another script's digits are no part of an origin."""
    compiled = compile_regex(r"https://\d")
    assert not isinstance(compiled, Diagnostic)
    assert compiled.fullmatch("https://٣") is None
