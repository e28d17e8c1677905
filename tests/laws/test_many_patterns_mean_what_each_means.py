"""Law: the tables of many patterns mean exactly what each pattern means by itself."""

from __future__ import annotations

import re

from hypothesis import example, given
from hypothesis import strategies as st

from corsmith.origin import split_origin
from corsmith.pattern import OriginPattern, PatternSet, parse_pattern
from tests.laws.strategies import ODD, examples

_NAMES = ("example", "shop.example", "b.shop.example", "localhost", "shop.example.", "7.example")
_HEADS = ("", "*.", "pr-*.", "pr-*-x.", "*-x.", "a.")
_SCHEMES = ("https", "http", "tauri", "web+my.app")
_PORTS = ("", ":*", ":8443", ":1")


def written(head: str, name: str, scheme: str, port: str) -> str:
    """Return the text of a pattern."""
    return f"{scheme}://{head}{name}{port}"


PATTERNS = st.lists(
    st.builds(
        written,
        st.sampled_from(_HEADS),
        st.sampled_from(_NAMES),
        st.sampled_from(_SCHEMES),
        st.sampled_from(_PORTS),
    )
    | st.sampled_from(("http://[::1]:*", "http://127.0.0.1:*", "https://[::1]:8443")),
    min_size=1,
    max_size=6,
)
LABEL = st.sampled_from(
    ("a.", "pr-1.", "pr-.", "pr-x.", "pr-1-x.", "1-x.", "-x.", "", ".", "A.", "x" * 63 + ".")
)
ORIGIN = st.builds(
    "{}://{}{}{}{}".format,
    st.sampled_from((*_SCHEMES, "HTTPS", "")),
    LABEL,
    LABEL,
    st.sampled_from((*_NAMES, "[::1]", "[::1", "127.0.0.1", "x" * 250 + ".example")),
    st.sampled_from(("", ":", ":8443", ":1", ":080", ":443", ":80", ":99999", ":65535", ":x", "]")),
)


@st.composite
def meetings(draw: st.DrawFn) -> tuple[list[str], str]:
    """Return patterns, and an origin that one of them may mean, or nearly."""
    patterns = draw(PATTERNS)
    text = draw(ORIGIN)
    if draw(st.booleans()):
        scheme, _, rest = draw(st.sampled_from(patterns)).partition("://")
        host, port = re.split(r"(?=:[^:\]]*$)|$", rest, maxsplit=1)
        filled = draw(
            st.sampled_from(("a", "a.b", "pr-1", "1", "", "-")).map(
                lambda word: host.replace("*", word)
            )
            | st.just(host.replace("*.", ""))
        )
        port = draw(st.sampled_from((port.replace("*", "3000"), "", ":8443")))
        text = f"{scheme}://{filled}{port}"
    if draw(st.integers(0, 3)) == 0:
        place = draw(st.integers(0, len(text)))
        text = text[:place] + draw(ODD | st.just("")) + text[place + draw(st.integers(0, 1)) :]
    return patterns, text


def means(pattern: OriginPattern, text: str) -> bool:
    """Return whether a pattern means an origin: read strictly, then compared part by part."""
    parts = split_origin(text)
    if parts is None:
        return False
    scheme, host, port = parts
    written_port = "" if pattern.port is None else str(pattern.port)
    if scheme != pattern.scheme or not (pattern.any_port or port == written_port):
        return False
    if pattern.subdomains:
        return host.endswith("." + pattern.host)
    if pattern.part is None:
        return host == pattern.host
    label, _, parent = host.partition(".")
    middle = len(label) - len(pattern.prefix) - len(pattern.suffix)
    around = label.startswith(pattern.prefix) and label.endswith(pattern.suffix)
    return parent == pattern.host and around and middle > 0


@examples(1500)
@given(meetings())
@example((["web+my.app://pr-*.example"], "web+my.app://pr-1.example"))
@example((["https://*.shop.example"], "https://shop.example"))
@example((["https://*.example"], "https://" + "a." * 122 + "example"))
@example((["https://*.example."], "https://" + "a." * 122 + "example."))
@example((["https://*.example:8443"], "https://" + "a." * 122 + "example:8443"))
@example((["https://*.example:*"], "https://" + "a." * 123 + "example:8443"))
@example((["https://pr-*.example"], "https://pr-" + "x" * 60 + ".example"))
@example((["https://pr-*.example"], "https://pr-" + "x" * 61 + ".example"))
@example((["http://[::1]:*"], "http://[::1]:3000"))
@example((["http://localhost:*"], "http://localhost:"))
def test_a_text_matches_the_set_exactly_if_it_matches_one_of_them(
    meeting: tuple[list[str], str],
) -> None:
    texts, text = meeting
    read = [parse_pattern(each) for each in texts]
    patterns = [pattern for pattern in read if isinstance(pattern, OriginPattern)]
    assert PatternSet(patterns).matches(text) is any(means(each, text) for each in patterns)
