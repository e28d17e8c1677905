"""Cookies through a gateway: a login works although the browser talks to this machine.

What lives here: one Set-Cookie line rewritten for our side, and the way back. What does not:
a store of cookies. The browser keeps them, as it does without a gateway.

RFC 6265bis, section 5.6: a line is parted at each ``;``, quotes or not; attributes have names
without case; of several the last counts. Only what must change is changed, byte for byte:

* ``Domain`` names the upstream, so a browser would refuse the cookie: it goes, and the cookie
  belongs to the host that the page wrote;
* ``Path`` loses the path that our ``/`` stands for;
* over plain HTTP ``Secure`` goes, and ``SameSite=None`` and ``Partitioned`` with it, because
  browsers refuse both without ``Secure``. ``SameSite=Lax`` is what remains of ``None``: it
  is sent from pages of the same host, whatever their port, and from no other site;
* for a page of another site (`localhost` and `127.0.0.1` are two) ``SameSite=None``, ``Secure``
  and ``Partitioned`` are what is sent at all, where a browser sends any: who may ask is then
  the policy's affair alone, which was asked before;
* over plain HTTP a name that begins with ``__Host-`` or ``__Secure-`` is refused as well
  (section 5.4), so it is stored under another and given back to the upstream under its own.

No bytes make anything here raise.
"""

import re
from typing import Final

__all__ = ["restore_cookie", "rewrite_set_cookie"]

_MARK: Final = b"corsmith"
"""Stands before a name that a browser would refuse, and before one that stands so already."""

# RFC 6265bis, section 4.1.3, without case as section 5.4 has it: __Secure-, __Host-, and the
# two for cookies that no script may set.
_PREFIXED: Final = re.compile(rb"(?:corsmith)*__(?:Secure|Host|Http|Host-Http)-", re.IGNORECASE)
_BLANKS: Final = b" \t"

# The attributes that go: in any case, over plain HTTP, and where others take their place.
_HOME_TLS: Final = frozenset({b"domain"})
_HOME: Final = frozenset({b"domain", b"secure", b"partitioned"})
_ABROAD: Final = frozenset({b"domain", b"secure", b"partitioned", b"samesite"})


def rewrite_set_cookie(
    value: bytes, *, tls: bool, base: bytes = b"", abroad: bool = False
) -> bytes:
    """Return a Set-Cookie line as this machine may set it.

    ``tls`` says whether the page speaks HTTPS with us, ``base`` is the path of the upstream
    that our ``/`` stands for, and ``abroad`` says that the page is of another site.

    >>> rewrite_set_cookie(b"__Host-id=1; Secure; Path=/; SameSite=None; HttpOnly", tls=False)
    b'corsmith__Host-id=1; Path=/; SameSite=Lax; HttpOnly'
    >>> rewrite_set_cookie(b"id=1; Domain=api.example; Path=/v1/me", tls=True, base=b"/v1")
    b'id=1; Path=/me'
    >>> rewrite_set_cookie(b"id=1; Path=/", tls=False, abroad=True)
    b'id=1; Path=/; Secure; SameSite=None; Partitioned'
    """
    pair, *attributes = value.split(b";")
    kept = [pair if tls else _stored(pair)]
    dropped = _ABROAD if abroad else _HOME_TLS if tls else _HOME
    for attribute in attributes:
        name, equals, text = attribute.partition(b"=")
        lower = name.strip(_BLANKS).lower()
        if lower in dropped:
            continue
        if lower == b"path" and base:
            kept.append(name + equals + _path(text.strip(_BLANKS), base))
        elif lower == b"samesite" and not tls and text.strip(_BLANKS).lower() == b"none":
            kept.append(name + b"=Lax")
        else:
            kept.append(attribute)
    if abroad:
        kept.append(b" Secure; SameSite=None; Partitioned")
    return b";".join(kept)


def restore_cookie(value: bytes, *, tls: bool) -> bytes:
    """Return a Cookie line with the names that the upstream gave.

    >>> restore_cookie(b"corsmith__Host-id=1; a=b", tls=False)
    b'__Host-id=1; a=b'
    """
    if tls or _MARK not in value:
        return value
    return b";".join(_restored(pair) for pair in value.split(b";"))


def _stored(pair: bytes) -> bytes:
    """Return a pair under a name that a browser stores without ``Secure``."""
    blank, name = _after_blanks(pair)
    return blank + _MARK + name if _PREFIXED.match(name) else pair


def _restored(pair: bytes) -> bytes:
    """Return a pair under the name that it was given."""
    blank, name = _after_blanks(pair)
    marked = name.startswith(_MARK) and _PREFIXED.match(name)
    return blank + name.removeprefix(_MARK) if marked else pair


def _after_blanks(pair: bytes) -> tuple[bytes, bytes]:
    name = pair.lstrip(_BLANKS)
    return pair[: len(pair) - len(name)], name


def _path(path: bytes, base: bytes) -> bytes:
    """Return the path of ours that stands for one of the upstream's.

    A path above ``base`` covers all of it. One beside it is left as it is: no address of
    ours leads there.
    """
    if (base + b"/").startswith(path.rstrip(b"/") + b"/") and path.startswith(b"/"):
        return b"/"
    if path.startswith(base + b"/"):
        return path[len(base) :]
    return path
