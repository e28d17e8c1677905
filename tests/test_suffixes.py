"""Facts about names that need a table: public suffixes and Punycode."""

import pytest

from corsmith.suffixes import (
    find_registrable,
    is_public_suffix,
    is_valid_punycode,
    to_punycode,
)


@pytest.mark.parametrize(
    ("name", "is_one"),
    [
        ("com", True),
        ("com.", True),
        ("co.uk", True),
        ("github.io", True),
        ("vercel.app", True),
        ("unlistedtop", True),
        ("", True),
        ("example.com", False),
        ("foo.github.io", False),
        ("localhost", False),
        ("app.localhost", False),
        ("127.0.0.1", False),
        ("[::1]", False),
    ],
)
def test_a_public_suffix_is_what_anyone_may_register_below(name: str, is_one: bool) -> None:
    """The private section counts, an unlisted top label too, and loopback never."""
    assert is_public_suffix(name) is is_one


@pytest.mark.parametrize(
    ("name", "registrable"),
    [
        ("a.shop.co.uk", "shop.co.uk"),
        ("shop.example", "shop.example"),
        ("x.y.github.io", "y.github.io"),
        ("co.uk", None),
        ("example", None),
    ],
)
def test_the_registrable_name_is_one_label_below_a_suffix(
    name: str, registrable: str | None
) -> None:
    """Whoever owns it owns what is below."""
    assert find_registrable(name) == registrable


@pytest.mark.parametrize(
    ("host", "ascii_form"),
    [
        ("Bücher.example", "xn--bcher-kva.example"),
        ("straße.example", "xn--strae-oqa.example"),
        ("\uff21\uff30\uff30.example", "app.example"),
        ("例え.jp", "xn--r8jz45g.jp"),
        ("☃.net", "xn--n3h.net"),
        ("*.bücher.example", "*.xn--bcher-kva.example"),
        ("xn--bcher-kva.example", "xn--bcher-kva.example"),
        ("xn--a.example", None),
        ("\u0301a.example", None),
        ("a\u200cb.example", None),
        ("\u06271a.example", None),
        ("\ud800.example", None),
    ],
)
def test_a_host_is_written_as_browsers_write_it(host: str, ascii_form: str | None) -> None:
    """UTS 46, non-transitional; ``None`` where browsers refuse the name."""
    assert to_punycode(host) == ascii_form


@pytest.mark.parametrize(
    ("label", "valid"),
    [
        ("xn--bcher-kva", True),
        ("xn--n3h", True),
        ("xn--a", False),
        ("xn--", False),
        ("xn--abc-", False),
        ("xn--Bcher-kva", False),
        ("xn--bcher-KVA", False),
        ("xn--\xe9", False),
        (f"xn--{'a' * 60}", False),
        ("xn--99999999", False),
    ],
)
def test_a_label_in_punycode_stands_for_a_unicode_label(label: str, valid: bool) -> None:
    """And is the form in which that label is written."""
    assert is_valid_punycode(label) is valid
