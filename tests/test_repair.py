"""What is wrong with a text that is no origin, and what was probably meant."""

import pytest

from corsmith.diagnostics import quote
from corsmith.pattern import OriginPattern, parse_pattern
from corsmith.repair import repair


def reads(text: str) -> bool:
    """Return whether a text is a pattern."""
    return isinstance(parse_pattern(text), OriginPattern)


# text → its problems, and the one fix that mends them all
REPAIRS: list[tuple[str, list[str], str | None]] = [
    ("https://app.example/", ["origin-has-path"], 'Write "https://app.example".'),
    ("https://app.example/items", ["origin-has-path"], 'Write "https://app.example".'),
    ("https://app.example?x=1", ["origin-has-query"], 'Write "https://app.example".'),
    ("https://app.example#top", ["origin-has-query"], 'Write "https://app.example".'),
    ("https://user:pw@app.example", ["origin-has-userinfo"], 'Write "https://app.example".'),
    (
        "https://user@app.example/",
        ["origin-has-path", "origin-has-userinfo"],
        'Write "https://app.example".',
    ),
    (" https://app.example", ["origin-has-white-space"], 'Write "https://app.example".'),
    ("https://app. example", ["origin-has-white-space"], 'Write "https://app.example".'),
    ("https://app.example\n", ["origin-has-white-space"], 'Write "https://app.example".'),
    ('"https://app.example"', ["origin-bad-host"], 'Write "https://app.example".'),
    ("app.example", ["origin-missing-scheme"], 'Write "https://app.example".'),
    (
        "app.example:8443/x",
        ["origin-missing-scheme", "origin-has-path"],
        'Write "https://app.example:8443".',
    ),
    ("localhost:3000", ["origin-missing-scheme"], 'Write "http://localhost:3000".'),
    ("127.0.0.1", ["origin-missing-scheme"], 'Write "http://127.0.0.1".'),
    ("[::1]:3000", ["origin-missing-scheme"], 'Write "http://[::1]:3000".'),
    ("::1", ["origin-missing-scheme", "origin-bad-address"], 'Write "http://[::1]".'),
    ("//app.example", ["origin-missing-scheme"], 'Write "https://app.example".'),
    ("://app.example", ["origin-missing-scheme"], 'Write "https://app.example".'),
    ("https:app.example", ["origin-bad-scheme"], 'Write "https://app.example".'),
    ("https:/app.example", ["origin-bad-scheme"], 'Write "https://app.example".'),
    ("tauri:localhost", ["origin-bad-scheme"], 'Write "tauri://localhost".'),
    ("https:\\\\app.example", ["origin-bad-scheme"], 'Write "https://app.example".'),
    ("", ["origin-missing-scheme"], 'Write for example "https://app.example".'),
    (
        "   ",
        ["origin-has-white-space", "origin-missing-scheme"],
        'Write for example "https://app.example".',
    ),
    (
        "Null",
        ["origin-missing-scheme"],
        'Write "null", and accept_risks=["null-origin"], if you mean it.',
    ),
    (
        "'null'",
        ["origin-bad-host", "origin-missing-scheme"],
        'Write "null", and accept_risks=["null-origin"], if you mean it.',
    ),
    (
        "https://app.example,https://b.example",
        ["origin-is-a-list"],
        'Write origins=["https://app.example", "https://b.example"].',
    ),
    ("https://app.example,", ["origin-is-a-list"], 'Write origins=["https://app.example"].'),
    (
        "https://a.example https://b.example",
        ["origin-is-a-list"],
        'Write origins=["https://a.example", "https://b.example"].',
    ),
    (
        "a.example b.example",
        ["origin-is-a-list"],
        'Write origins=["https://a.example", "https://b.example"].',
    ),
    ('["https://a.example"]', ["origin-is-a-list"], 'Write origins=["https://a.example"].'),
    (
        "https://a.example;junk://",
        ["origin-is-a-list"],
        "Write each origin as a string of its own.",
    ),
    ("https://APP.example", ["origin-upper-case"], 'Write "https://app.example".'),
    ("HTTPS://app.example", ["origin-upper-case"], 'Write "https://app.example".'),
    ("https://b\xfccher.example", ["origin-unicode"], 'Write "https://xn--bcher-kva.example".'),
    ("https://b\xfc*.example", ["origin-unicode"], None),
    ("https://xn--a.example", ["origin-bad-punycode"], None),
    (
        "https://b\xfccher.example/",
        ["origin-has-path", "origin-unicode"],
        'Write "https://xn--bcher-kva.example".',
    ),
    ("https://app.example:443", ["origin-default-port"], 'Write "https://app.example".'),
    ("http://app.example:80", ["origin-default-port"], 'Write "http://app.example".'),
    (
        "https://app.example:0443",
        ["origin-bad-port", "origin-default-port"],
        'Write "https://app.example".',
    ),
    ("https://app.example:08443", ["origin-bad-port"], 'Write "https://app.example:8443".'),
    (
        "https://app.example:0",
        ["origin-bad-port"],
        'Write a port from 1 to 65535, or "https://app.example:*" for any.',
    ),
    (
        "https://app.example:65536",
        ["origin-bad-port"],
        'Write a port from 1 to 65535, or "https://app.example:*" for any.',
    ),
    (
        "https://app.example:99999999",
        ["origin-bad-port"],
        'Write a port from 1 to 65535, or "https://app.example:*" for any.',
    ),
    (
        "https://app.example:http",
        ["origin-bad-port"],
        'Write a port from 1 to 65535, or "https://app.example:*" for any.',
    ),
    ("https://app.example:", ["origin-bad-port"], 'Write "https://app.example".'),
    ("https://app.example:80*", ["misplaced-wildcard"], 'Write "https://app.example:*".'),
    (
        "https://app.example:*:*",
        ["origin-bad-port"],
        'Write a port from 1 to 65535, or "https://app.example:*" for any.',
    ),
    (
        "*://app.example",
        ["misplaced-wildcard"],
        'Write "https://app.example" and, if you need it, "http://app.example".',
    ),
    (
        "http*://app.example",
        ["misplaced-wildcard"],
        'Write "https://app.example" and, if you need it, "http://app.example".',
    ),
    (
        "file:///home/page.html",
        ["origin-file-scheme"],
        "Serve the page over HTTP, and write the origin that it then has.",
    ),
    (
        "file://",
        ["origin-file-scheme"],
        "Serve the page over HTTP, and write the origin that it then has.",
    ),
    ("1http://app.example", ["origin-bad-scheme"], 'Write "http://app.example".'),
    ("ht tp://app.example", ["origin-has-white-space"], 'Write "http://app.example".'),
    ("my_app://x", ["origin-bad-scheme"], 'Write "app://x".'),
    ("https://https://app.example", ["origin-bad-scheme"], 'Write "https://app.example".'),
    ("https://http//app.example", ["origin-has-path"], 'Write "https://http".'),
    ("blob:https://app.example", ["origin-bad-scheme"], 'Write "https://app.example".'),
    ("data:text/html", ["origin-bad-scheme"], "Write the origin of the page that made it."),
    ("javascript:1", ["origin-missing-scheme"], 'Write "https://javascript:1".'),
    ("https:///app.example", ["origin-bad-host"], 'Write "https://app.example".'),
    ("https://", ["origin-bad-host"], 'Write for example "https://app.example".'),
    ("https://:8080", ["origin-bad-host"], 'Write for example "https://app.example".'),
    ("https://*", ["wildcard-host"], 'Write "*" for any origin, or name the host.'),
    ("https://*:8443", ["wildcard-host"], 'Write "*" for any origin, or name the host.'),
    ("https://*.", ["wildcard-host"], 'Write "*" for any origin, or name the host.'),
    ("https://**.app.example", ["misplaced-wildcard"], 'Write "https://*.app.example".'),
    ("https://a*b*.app.example", ["misplaced-wildcard"], 'Write "https://a*.app.example".'),
    (
        "https://app.*.example",
        ["misplaced-wildcard"],
        "Write each host: only its first label can be a *.",
    ),
    ("https://app.*", ["misplaced-wildcard"], "Write each host: only its first label can be a *."),
    (
        "https://*.*.example",
        ["misplaced-wildcard"],
        "Write each host: only its first label can be a *.",
    ),
    ("https://*.127.0.0.1", ["misplaced-wildcard"], 'Write "https://127.0.0.1".'),
    (
        "https://192.168.*.*",
        ["misplaced-wildcard"],
        "Write each address: no part of one can be a *.",
    ),
    ("https://*.[::1]", ["misplaced-wildcard"], "Write each address: no part of one can be a *."),
    ("https://[::1", ["origin-bad-address"], 'Write "https://[::1]".'),
    ("https://[::1]x:80", ["origin-bad-address"], 'Write "https://[::1]:80".'),
    ("https://[zz]", ["origin-bad-address"], None),
    ("https://[::1%25eth0]", ["origin-bad-address"], 'Write "https://[::1]".'),
    ("https://[0:0:0:0:0:0:0:1]", ["origin-bad-address"], 'Write "https://[::1]".'),
    ("https://::1", ["origin-bad-address"], 'Write "https://[::1]".'),
    ("https://127.1", ["origin-bad-address"], 'Write "https://127.0.0.1".'),
    ("https://0x7f.1", ["origin-bad-address"], 'Write "https://127.0.0.1".'),
    ("https://2130706433", ["origin-bad-address"], 'Write "https://127.0.0.1".'),
    ("https://1.2.3.4.5", ["origin-bad-address"], None),
    ("https://256.1.1.1", ["origin-bad-address"], None),
    ("https://1*.2.3.4", ["misplaced-wildcard"], "Write each address: no part of one can be a *."),
    ("https://a..example", ["origin-bad-host"], 'Write "https://a.example".'),
    ("https://.app.example", ["origin-bad-host"], 'Write "https://*.app.example".'),
    (
        ".app.example",
        ["origin-missing-scheme", "origin-bad-host"],
        'Write "https://*.app.example".',
    ),
    ("https://app.example..", ["origin-bad-host"], 'Write "https://app.example".'),
    ("https://a^b.example", ["origin-bad-host"], None),
    ("https://a%2eb.example", ["origin-bad-host"], None),
    (
        "^https://app\\.example$",
        ["origin-bad-host"],
        'Write "https://app.example", or origin_regex="^https://app\\\\.example$".',
    ),
    (
        "https://.*\\.app\\.example",
        ["origin-bad-host"],
        'Write "https://*.app.example", or origin_regex="https://.*\\\\.app\\\\.example".',
    ),
    (
        "https?://app.example",
        ["origin-bad-host"],
        'Write "https://app.example", or origin_regex="https?://app.example".',
    ),
    ("https://(a|b).example", ["origin-bad-host"], 'Write origin_regex="https://(a|b).example".'),
    ("(?i)x", ["origin-bad-host"], 'Write origin_regex="(?i)x".'),
    (
        "https://[a-z]+.example",
        ["origin-bad-host"],
        'Write "https://*.example", or origin_regex="https://[a-z]+.example".',
    ),
    ("https://a.example\\", ["origin-has-path"], 'Write "https://a.example".'),
    (
        "https://a.example*",
        ["misplaced-wildcard"],
        "Write each host: only its first label can be a *.",
    ),
    ("capacitor://localhost/", ["origin-has-path"], 'Write "capacitor://localhost".'),
    ("chrome-extension://ABC", ["origin-upper-case"], 'Write "chrome-extension://abc".'),
    (
        "https://*.COM:443/",
        ["origin-has-path", "origin-default-port", "origin-upper-case"],
        'Write "https://*.com".',
    ),
    ("https://\xe9", ["origin-unicode"], 'Write "https://xn--9ca".'),
    ("https://\u2603*", ["origin-unicode"], None),
    ("https://*.xn--a.example", ["origin-bad-punycode"], None),
    (
        "https://?.app.example",
        ["origin-has-query", "origin-bad-host"],
        'Write for example "https://app.example".',
    ),
    (
        "mailto:me",
        ["origin-missing-scheme", "origin-bad-port"],
        'Write a port from 1 to 65535, or "https://mailto:*" for any.',
    ),
    (
        "https://app.example:80:80",
        ["origin-bad-port"],
        'Write a port from 1 to 65535, or "https://app.example:*" for any.',
    ),
    ("https://a*.*b.app.example", ["misplaced-wildcard"], 'Write "https://*.app.example".'),
    ("HTTPS://app.example:*", ["origin-upper-case"], 'Write "https://app.example:*".'),
]

# text → what is said of it
SENTENCES = [
    ("https://app.example/", "has a trailing slash. An origin is scheme, host and port."),
    ("https://app.example/items", "has a path. An origin is scheme, host and port."),
    ("https://app.example?x=1", "has a query. An origin is scheme, host and port."),
    ("https://app.example#top", "has a fragment. An origin is scheme, host and port."),
    (
        "https://user@app.example/",
        "has a user name or a password. An origin is scheme, host and port.",
    ),
    ("app.example", "has no scheme. An origin is scheme, host and port."),
    ("https:app.example", 'has no "//" after its scheme.'),
    ("", "is empty. An origin is scheme, host and port."),
    ("Null", 'is not how browsers write the origin "null".'),
    ("https://APP.example", "has upper-case letters; browsers write lower case."),
    ("https://b\xfccher.example", "has letters outside ASCII; browsers write Punycode."),
    ("https://xn--a.example", 'has "xn--a", which is no Punycode.'),
    ("https://app.example:443", "has the default port of https, which browsers leave out."),
    ("https://app.example:0", "has a port that is not from 1 to 65535."),
    ("https://app.example:http", "has a port that is no number."),
    ("*://app.example", "has a * in its scheme."),
    ("file://", 'has the scheme file, but pages from files send "null".'),
    ("data:text/html", 'has the scheme data, whose pages send "null".'),
    ("https://*", "has a * as its whole host."),
    ("https://app.*", "has a * where none may be: one, in the first label."),
    ("https://192.168.*.*", "has a * in or before an address."),
    ("https://[zz]", "has brackets around what is no IPv6 address."),
    ("https://127.1", "has an address that browsers write otherwise."),
    ("https://256.1.1.1", "has a host that ends in a number, but is no address."),
    ("https://a..example", "has an empty label in its host."),
    ("https://a^b.example", 'has "^" in its host.'),
    ("^https://app\\.example$", "looks like a regular expression, but is read as an origin."),
]


@pytest.mark.parametrize(("text", "codes", "fix"), REPAIRS)
def test_a_text_is_told_with_its_problems_and_one_fix(
    text: str, codes: list[str], fix: str | None
) -> None:
    """Every independent problem has its code, and all share the fix."""
    found = repair(text, reads)
    assert [problem.code for problem in found.problems] == codes
    assert {problem.fix for problem in found.problems} == {fix}
    assert {problem.field for problem in found.problems} == {"origins"}
    assert {problem.value for problem in found.problems} == {text}


@pytest.mark.parametrize(("text", "sentence"), SENTENCES)
def test_a_problem_is_a_sentence_about_the_quoted_text(text: str, sentence: str) -> None:
    """What is wrong stands behind the text, and what an origin is where it helps."""
    messages = [problem.message for problem in repair(text, reads).problems]
    assert f"{quote(text)} {sentence}" in messages


@pytest.mark.parametrize("text", [text for text, _, _ in REPAIRS])
def test_what_is_mended_is_a_pattern_and_is_the_fix(text: str) -> None:
    """A fix that shows one origin can be copied: it is read without a problem."""
    found = repair(text, reads)
    if found.mended is not None:
        assert reads(found.mended)
        assert quote(found.mended) in str(found.problems[0].fix)


LONG_LABEL = "a" * 64
LONG_NAME = "a." * 130 + "example"


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        (f"https://{LONG_LABEL}.example", ["origin-bad-host"]),
        (f"https://{LONG_NAME}", ["origin-too-long"]),
        (f"https://*.{LONG_NAME}", ["origin-too-long"]),
        (f"{'x' * 100}://{'a.' * 125}b/", ["origin-has-path", "origin-too-long"]),
        ("x" * 2000, ["origin-too-long"]),
    ],
    ids=["label", "host", "pattern", "origin", "text"],
)
def test_what_is_too_long_is_told_without_a_fix_to_copy(text: str, codes: list[str]) -> None:
    """A label, a host, a whole origin, and a text that is not read part by part."""
    found = repair(text, reads)
    assert [problem.code for problem in found.problems] == codes
    assert found.mended is None
