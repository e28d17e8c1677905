r"""One serialized tuple origin: what is read, what is written, and what no browser sends."""

import pytest

from corsmith.origin import (
    MAX_ORIGIN_LENGTH,
    Origin,
    ends_in_number,
    is_loopback,
    is_port,
    parse_origin,
    read_ipv4,
    read_ipv6,
    serialize_origin,
)

ORIGINS = [
    ("https://app.example", "https", "app.example", None),
    ("http://app.example:8080", "http", "app.example", 8080),
    ("https://app.example:80", "https", "app.example", 80),
    ("http://localhost", "http", "localhost", None),
    ("https://app.example.", "https", "app.example.", None),
    ("https://_a-b_.example", "https", "_a-b_.example", None),
    ("https://3000-x.example", "https", "3000-x.example", None),
    ("https://a.1x", "https", "a.1x", None),
    ("https://xn--bcher-kva.example", "https", "xn--bcher-kva.example", None),
    ("http://127.0.0.1:1", "http", "127.0.0.1", 1),
    ("http://10.0.0.1", "http", "10.0.0.1", None),
    ("http://255.255.255.255:65535", "http", "255.255.255.255", 65535),
    ("http://[::1]:8000", "http", "[::1]", 8000),
    ("https://[2001:db8::2:1]", "https", "[2001:db8::2:1]", None),
    ("http://[::ffff:7f00:1]", "http", "[::ffff:7f00:1]", None),
    ("chrome-extension://abcdefghijklmnop", "chrome-extension", "abcdefghijklmnop", None),
    ("moz-extension://0a1b2c3d-0000", "moz-extension", "0a1b2c3d-0000", None),
    ("a+b.c-1://x", "a+b.c-1", "x", None),
    (f"https://{'a' * 63}.example", "https", f"{'a' * 63}.example", None),
    (f"https://{'a.' * 126}b", "https", f"{'a.' * 126}b", None),
    (f"https://{'a.' * 126}b.", "https", f"{'a.' * 126}b.", None),
]

NOT_ORIGINS = [
    "",
    "null",
    "*",
    "https",
    "https:",
    "https://",
    "//app.example",
    "app.example",
    "https:app.example",
    "https:/app.example",
    "https://app.example/",
    "https://app.example?",
    "https://app.example#",
    "https://app.example\\",
    "https://u@app.example",
    " https://app.example",
    "https://app.example ",
    "https://app.example\n",
    "\nhttps://app.example",
    "https://app.example\x00",
    "https://app.example\x0b",
    "https://app\t.example",
    "HTTPS://app.example",
    "https://APP.example",
    "https://\uff41pp.example",
    "https://\u212aelvin.example",
    "https://\u017fhop.example",
    "1http://app.example",
    "+http://app.example",
    "file://app.example",
    "https://app.example:",
    "https://app.example:443",
    "http://app.example:80",
    "ws://app.example:80",
    "ftp://app.example:21",
    "https://app.example:0",
    "https://app.example:01",
    "https://app.example:+80",
    "https://app.example:8_0",
    "https://app.example: 80",
    "https://app.example:80 ",
    "https://app.example:\u0663",
    "https://app.example:65536",
    "https://app.example:100000",
    f"https://app.example:{'1' * 5000}",
    "https://app.example:80.evil.test",
    "https://.app.example",
    "https://app..example",
    "https://app.example..",
    "https://.",
    "https://a%2e.example",
    "https://a!b.example",
    "https://*.app.example",
    "https://127.1",
    "https://0x7f.0.0.1",
    "https://2130706433",
    "https://127.0.0.01",
    "https://127.0.0.256",
    "https://1.2.3.4.5",
    "https://127.0.0.1.",
    "https://app.1",
    "https://app.0x1f",
    "https://[::1",
    "https://::1",
    "https://[::1].",
    "https://[::1]x",
    "https://[0:0:0:0:0:0:0:1]",
    "https://[::0001]",
    "https://[::FFFF:1]",
    "https://[::ffff:127.0.0.1]",
    "https://[::1%25eth0]",
    "https://[1:0:0:2:0:0:0:3:4]",
    "https://[:::]",
    "https://[]",
    f"https://{'a' * 64}.example",
    f"https://{'a.' * 127}b",
    f"{'x' * 100}://{'a.' * 126}b",
]


@pytest.mark.parametrize(("text", "scheme", "host", "port"), ORIGINS)
def test_an_origin_is_read_in_its_parts_and_written_back(
    text: str, scheme: str, host: str, port: int | None
) -> None:
    """Parsing and serializing are each other's inverse."""
    origin = parse_origin(text)
    assert origin == Origin(scheme=scheme, host=host, port=port)
    assert serialize_origin(Origin(scheme=scheme, host=host, port=port)) == text


@pytest.mark.parametrize("text", NOT_ORIGINS, ids=ascii)
def test_what_no_browser_sends_is_no_origin(text: str) -> None:
    """Nothing is folded, trimmed or decoded, and nothing raises."""
    assert parse_origin(text) is None


def test_the_limit_is_on_the_whole_text() -> None:
    """A longer value is not looked at."""
    scheme = "x" * (MAX_ORIGIN_LENGTH - len("://a"))
    assert parse_origin(f"{scheme}://a") is not None
    assert parse_origin(f"{scheme}x://a") is None


@pytest.mark.parametrize("host", ["localhost", "localhost.", "a.localhost", "127.9.9.9", "[::1]"])
def test_names_and_addresses_of_this_machine_are_loopback(host: str) -> None:
    """Secure Contexts, #is-origin-trustworthy."""
    assert is_loopback(host)


@pytest.mark.parametrize(
    "host",
    ["alocalhost", "localhost.evil.test", "127.0.0.1.evil.test", "127.x", "128.0.0.1", "[::2]"],
)
def test_look_alikes_of_this_machine_are_not_loopback(host: str) -> None:
    """A name that begins or ends like one is another machine."""
    assert not is_loopback(host)


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("127.1", "127.0.0.1"),
        ("127.0.1", "127.0.0.1"),
        ("2130706433", "127.0.0.1"),
        ("0x7f.1", "127.0.0.1"),
        ("0X7F.0x1", "127.0.0.1"),
        ("0177.1", "127.0.0.1"),
        ("0x", "0.0.0.0"),  # noqa: S104  an address, not a bind
        ("1.2.3.4.", "1.2.3.4"),
        ("256.1", None),
        ("1.2.3.256", None),
        ("4294967296", None),
        ("1.2.3.4.5", None),
        ("08.1", None),
        ("1..2", None),
        ("a", None),
        ("1" * 40, None),
    ],
)
def test_any_form_of_an_ipv4_address_is_read(text: str, address: str | None) -> None:
    """URL Standard, #concept-ipv4-parser."""
    assert read_ipv4(text) == address


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("::", "::"),
        ("::1", "::1"),
        ("0:0:0:0:0:0:0:1", "::1"),
        ("1::", "1::"),
        ("2001:DB8:0:0:0:0:2:1", "2001:db8::2:1"),
        ("1:0:0:2:0:0:0:3", "1:0:0:2::3"),
        ("1:0:0:2:0:0:3:4", "1::2:0:0:3:4"),
        ("1:2:3:4:5:6:0:8", "1:2:3:4:5:6:0:8"),
        ("1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"),
        ("::FFFF:127.0.0.1", "::ffff:7f00:1"),
        ("1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:102:304"),
        ("1.2.3.4::", None),
        ("1:2:3", None),
        ("1:2:3:4:5:6:7:8:9", None),
        ("1:2:3:4:5:6:7:8::", None),
        ("::1::2", None),
        ("12345::", None),
        ("::g", None),
        ("", None),
        (":", None),
    ],
)
def test_any_form_of_an_ipv6_address_is_read(text: str, address: str | None) -> None:
    """URL Standard, #concept-ipv6-parser and #concept-ipv6-serializer."""
    assert read_ipv6(text) == address


@pytest.mark.parametrize(
    ("host", "ends"),
    [
        ("a.1", True),
        ("a.1.", True),
        ("a.0x1f", True),
        ("a.0xg", False),
        ("1.a", False),
        ("1", True),
    ],
)
def test_a_host_whose_last_label_is_a_number_is_an_address_or_nothing(
    host: str, ends: bool
) -> None:
    """URL Standard, #ends-in-a-number-checker."""
    assert ends_in_number(host) is ends


@pytest.mark.parametrize(
    ("scheme", "text", "written"),
    [
        ("https", "8443", True),
        ("https", "80", True),
        ("tauri", "443", True),
        ("https", "443", False),
        ("https", "", False),
        ("https", "0", False),
        ("https", "99999", False),
        ("https", "1e3", False),
    ],
)
def test_a_port_is_one_that_a_serializer_writes(scheme: str, text: str, written: bool) -> None:
    """In decimal, from 1 to 65535, and not the default of the scheme."""
    assert is_port(scheme, text) is written
