# ruff: noqa: E501 - a row of a table is a line
"""What readers of data in a page ask of a folder, and what they must get: one row for each.

A header that a row expects is `None` where it must be absent, and `ANY` where it must be there.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

BYTES: Final = bytes(range(250)) * 4
SIZE: Final = len(BYTES)
MODIFIED: Final = 784_111_777
WHEN: Final = "Sun, 06 Nov 1994 08:49:37 GMT"
LATER: Final = "Mon, 07 Nov 1994 08:49:37 GMT"
EARLIER: Final = "Sat, 05 Nov 1994 08:49:37 GMT"
BEYOND: Final = 5_000_000_000
PAGE: Final = "http://localhost:5173"
STRANGER: Final = "https://app.example"
ANY: Final = ""
TAG: Final = "{tag}"
EXPOSED: Final = "Accept-Ranges,Content-Encoding,Content-Length,Content-Range,ETag,Last-Modified"
NAMES: Final = (
    "a b.bin",
    "a#b.bin",
    "a?b.bin",
    "100%.bin",
    "a+b.bin",
    "é.bin",
    "e\u0301.bin",
    "日本.bin",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One request, and what is said of its answer."""

    says: str
    method: str = "GET"
    path: str = "/a.bin"
    headers: Mapping[str, str] = field(default_factory=dict)
    origin: str | None = PAGE
    status: int = 200
    expected: Mapping[str, str | None] = field(default_factory=dict)
    body: bytes | None = None


def ranged(value: str, **more: str) -> dict[str, str]:
    return {"range": value, **{name.replace("_", "-"): text for name, text in more.items()}}


def part(start: int, stop: int) -> dict[str, str | None]:
    """Return what a single part is told with."""
    return {
        "content-range": f"bytes {start}-{stop - 1}/{SIZE}",
        "content-length": str(stop - start),
        "content-type": "application/octet-stream",
    }


WHOLE: Final[dict[str, str | None]] = {"content-range": None, "content-length": str(SIZE)}
NOWHERE: Final = {"content-range": f"bytes */{SIZE}"}
READABLE: Final[dict[str, str | None]] = {
    "access-control-allow-origin": PAGE,
    "access-control-expose-headers": EXPOSED,
    "access-control-allow-credentials": None,
    "cross-origin-resource-policy": "cross-origin",
    "vary": "Origin",
}

RANGES = [
    Case(says="no range is all", body=BYTES, expected={**WHOLE, "accept-ranges": "bytes"}),
    Case(says="both ends", headers=ranged("bytes=10-19"), status=206, expected=part(10, 20), body=BYTES[10:20]),
    Case(says="the first byte", headers=ranged("bytes=0-0"), status=206, expected=part(0, 1), body=BYTES[:1]),
    Case(says="the last byte", headers=ranged("bytes=999-999"), status=206, expected=part(999, 1000)),
    Case(says="open", headers=ranged("bytes=990-"), status=206, expected=part(990, 1000), body=BYTES[990:]),
    Case(says="open from the beginning", headers=ranged("bytes=0-"), status=206, expected=part(0, 1000), body=BYTES),
    Case(says="the last bytes", headers=ranged("bytes=-8"), status=206, expected=part(992, 1000), body=BYTES[-8:]),
    Case(says="more last bytes than there are", headers=ranged("bytes=-5000"), status=206, expected=part(0, 1000)),
    Case(says="an end beyond the file", headers=ranged("bytes=990-5000"), status=206, expected=part(990, 1000)),
    Case(says="a unit in capitals", headers=ranged("BYTES=0-9"), status=206, expected=part(0, 10)),
    Case(says="blanks around a range", headers=ranged("bytes= 0-9 "), status=206, expected=part(0, 10)),
    Case(says="a beginning at the end", headers=ranged("bytes=1000-"), status=416, expected=NOWHERE),
    Case(says="a beginning far beyond", headers=ranged(f"bytes={'9' * 40}-"), status=416, expected=NOWHERE),
    Case(says="none of the last bytes", headers=ranged("bytes=-0"), status=416, expected=NOWHERE),
    Case(says="several, none of which is there", headers=ranged("bytes=1000-,2000-2001"), status=416, expected=NOWHERE),
    Case(says="several, one of which is there", headers=ranged("bytes=2000-,0-9"), status=206, expected=part(0, 10)),
    Case(says="an unknown unit", headers=ranged("items=0-9"), expected=WHOLE),
    Case(says="no unit", headers=ranged("0-9"), expected=WHOLE),
    Case(says="ends the wrong way round", headers=ranged("bytes=9-0"), expected=WHOLE),
    Case(says="no number", headers=ranged("bytes=a-b"), expected=WHOLE),
    Case(says="a minus", headers=ranged("bytes=-"), expected=WHOLE),
    Case(says="nothing", headers=ranged("bytes="), expected=WHOLE),
    Case(says="a negative end", headers=ranged("bytes=16378--2"), expected=WHOLE),
    Case(says="a fraction", headers=ranged("bytes=0-9.5"), expected=WHOLE),
    Case(says="one of several malformed", headers=ranged("bytes=0-9,x"), expected=WHOLE),
    Case(says="more than the file together", headers=ranged("bytes=0-,0-"), expected=WHOLE),
    Case(says="very many", headers=ranged("bytes=" + ",".join(f"{n}-{n}" for n in range(201))), expected=WHOLE),
    Case(says="of an empty file", path="/empty", headers=ranged("bytes=0-"), status=416,
         expected={"content-range": "bytes */0"}),
    Case(says="the last bytes of an empty file", path="/empty", headers=ranged("bytes=-5"),
         expected={"content-length": "0", "content-range": None}, body=b""),
    Case(says="an empty file", path="/empty", expected={"content-length": "0"}, body=b""),
    Case(says="far into a large file", path="/large", headers=ranged(f"bytes={BEYOND}-{BEYOND + 3}"), status=206,
         expected={"content-range": f"bytes {BEYOND}-{BEYOND + 3}/{BEYOND + 4}"}, body=b"last"),
    Case(says="the last bytes of a large file", path="/large", headers=ranged("bytes=-2"), status=206, body=b"st"),
    Case(says="HEAD of a part", method="HEAD", headers=ranged("bytes=0-9"), expected=WHOLE, body=b""),
    Case(says="HEAD of everything", method="HEAD", headers=ranged("bytes=0-"), status=206, expected=part(0, 1000)),
    Case(says="HEAD beyond the end", method="HEAD", headers=ranged("bytes=1000-"), expected=WHOLE),
    Case(says="HEAD of several", method="HEAD", headers=ranged("bytes=0-1,5-6"), expected=WHOLE),
]  # fmt: skip

CONDITIONS = [
    Case(says="If-Range, the tag", headers=ranged("bytes=0-9", if_range=TAG), status=206, expected=part(0, 10)),
    Case(says="If-Range, another tag", headers=ranged("bytes=0-9", if_range='"x"'), expected=WHOLE),
    Case(says="If-Range, the tag as a weak one", headers=ranged("bytes=0-9", if_range=f"W/{TAG}"), expected=WHOLE),
    Case(says="If-Range, the date", headers=ranged("bytes=0-9", if_range=WHEN), status=206, expected=part(0, 10)),
    Case(says="If-Range, a later date", headers=ranged("bytes=0-9", if_range=LATER), expected=WHOLE),
    Case(says="If-Range, an earlier date", headers=ranged("bytes=0-9", if_range=EARLIER), expected=WHOLE),
    Case(says="If-Range, no date", headers=ranged("bytes=0-9", if_range="yesterday"), expected=WHOLE),
    Case(says="If-Range without a range", headers={"if-range": TAG}, expected=WHOLE),
    Case(says="If-Range, another tag, beyond the end", headers=ranged("bytes=1000-", if_range='"x"'), expected=WHOLE),
    Case(says="If-None-Match, the tag", headers={"if-none-match": TAG}, status=304, body=b"",
         expected={"etag": TAG, "last-modified": WHEN, "content-length": None, "content-type": None}),
    Case(says="If-None-Match, the tag as a weak one", headers={"if-none-match": f"W/{TAG}"}, status=304),
    Case(says="If-None-Match, a list", headers={"if-none-match": f'"x", W/"y" ,{TAG}'}, status=304),
    Case(says="If-None-Match, any", headers={"if-none-match": "*"}, status=304),
    Case(says="If-None-Match, another tag", headers={"if-none-match": '"x"'}, expected=WHOLE),
    Case(says="If-None-Match comes before a range", headers=ranged("bytes=0-9", if_none_match=TAG), status=304),
    Case(says="If-None-Match of HEAD", method="HEAD", headers={"if-none-match": TAG}, status=304),
    Case(says="If-None-Match comes before a date", headers={"if-none-match": '"x"', "if-modified-since": LATER},
         expected=WHOLE),
    Case(says="If-Match, the tag", headers={"if-match": TAG}, expected=WHOLE),
    Case(says="If-Match, a list", headers={"if-match": f'"x",{TAG}'}, expected=WHOLE),
    Case(says="If-Match, any", headers={"if-match": "*"}, expected=WHOLE),
    Case(says="If-Match, another tag", headers={"if-match": '"x"'}, status=412),
    Case(says="If-Match, the tag as a weak one", headers={"if-match": f"W/{TAG}"}, status=412),
    Case(says="If-Match comes before a range", headers=ranged("bytes=0-9", if_match='"x"'), status=412),
    Case(says="If-Match with a range", headers=ranged("bytes=0-9", if_match=TAG), status=206, expected=part(0, 10)),
    Case(says="If-Match of HEAD", method="HEAD", headers={"if-match": '"x"'}, status=412, body=b""),
    Case(says="If-Modified-Since, the date", headers={"if-modified-since": WHEN}, status=304),
    Case(says="If-Modified-Since, a later date", headers={"if-modified-since": LATER}, status=304),
    Case(says="If-Modified-Since, an earlier date", headers={"if-modified-since": EARLIER}, expected=WHOLE),
    Case(says="If-Modified-Since, as RFC 850", headers={"if-modified-since": "Sunday, 06-Nov-94 08:49:37 GMT"}, status=304),
    Case(says="If-Modified-Since, as asctime", headers={"if-modified-since": "Sun Nov  6 08:49:37 1994"}, status=304),
    Case(says="If-Modified-Since, no date", headers={"if-modified-since": "yesterday"}, expected=WHOLE),
    Case(says="If-Unmodified-Since, the date", headers={"if-unmodified-since": WHEN}, expected=WHOLE),
    Case(says="If-Unmodified-Since, an earlier date", headers={"if-unmodified-since": EARLIER}, status=412),
]  # fmt: skip


def preflight(headers: str, method: str = "GET") -> dict[str, str]:
    return {"access-control-request-method": method, "access-control-request-headers": headers}


ALLOWED: Final[dict[str, str | None]] = {
    "access-control-allow-origin": PAGE, "access-control-allow-methods": "GET,HEAD",
    "access-control-max-age": "7200", "access-control-allow-credentials": None, "vary": "Origin",
}  # fmt: skip
REFUSED: Final[dict[str, str | None]] = {
    "access-control-allow-origin": None, "access-control-allow-headers": None,
    "access-control-expose-headers": None, "vary": "Origin",
}  # fmt: skip

CORS = [
    Case(says="a whole file is readable", expected=READABLE),
    Case(says="a part is readable", headers=ranged("bytes=0-1"), status=206, expected=READABLE),
    Case(says="several parts are readable", headers=ranged("bytes=0-1,5-6"), status=206, expected=READABLE),
    Case(says="not modified is readable", headers={"if-none-match": "*"}, status=304, expected=READABLE),
    Case(says="a failed condition is readable", headers={"if-match": '"x"'}, status=412, expected=READABLE),
    Case(says="a range beyond is readable", headers=ranged("bytes=1000-"), status=416, expected=READABLE),
    Case(says="what is not there is readable", path="/gone.parquet", status=404, expected=READABLE),
    Case(says="another method is readable", method="PUT", status=405,
         expected={**READABLE, "allow": "GET, HEAD, OPTIONS"}),
    Case(says="POST is not served", method="POST", status=405, expected={"allow": "GET, HEAD, OPTIONS"}),
    Case(says="DELETE is not served", method="DELETE", status=405, expected={"allow": "GET, HEAD, OPTIONS"}),
    Case(says="HEAD is readable", method="HEAD", expected={**READABLE, "content-length": str(SIZE)}, body=b""),
    Case(says="without an Origin the answer still varies", origin=None,
         expected={"vary": "Origin", "access-control-allow-origin": None}),
    Case(says="another port of this machine", origin="http://localhost:3000",
         expected={"access-control-allow-origin": "http://localhost:3000"}),
    Case(says="this machine by IPv6", origin="http://[::1]:5173",
         expected={"access-control-allow-origin": "http://[::1]:5173"}),
    Case(says="this machine by TLS", origin="https://localhost:8443",
         expected={"access-control-allow-origin": "https://localhost:8443"}),
    Case(says="a name below localhost", origin="http://app.localhost:9000",
         expected={"access-control-allow-origin": "http://app.localhost:9000"}),
    Case(says="a page from a file", origin="null", expected=REFUSED),
    Case(says="a stranger", origin=STRANGER, expected=REFUSED),
    Case(says="a stranger's name that begins as ours", origin="http://localhost.evil.example", expected=REFUSED),
    Case(says="a preflight for the last bytes", method="OPTIONS", headers=preflight("range"), expected=ALLOWED, body=b""),
    Case(says="a preflight for conditions", method="OPTIONS",
         headers=preflight("if-match,if-none-match,if-range,range"), expected=ALLOWED),
    Case(says="a preflight for what is not there", method="OPTIONS", path="/gone", headers=preflight("range"),
         expected=ALLOWED),
    Case(says="a preflight for HEAD", method="OPTIONS", headers=preflight("range", "HEAD"), expected=ALLOWED),
    Case(says="a stranger's preflight", method="OPTIONS", origin=STRANGER, headers=preflight("range"), expected=REFUSED),
    Case(says="OPTIONS that is no preflight", method="OPTIONS", expected={"allow": "GET, HEAD, OPTIONS"}, body=b""),
]  # fmt: skip

PATHS = [
    Case(says="a query changes nothing", path="/a.bin?v=1&x=%2F", body=BYTES),
    Case(says="a file is no folder", path="/a.bin/", status=404),
    Case(says="a folder is sent to its slash", path="/sub?x=1", status=308, expected={"location": "/sub/?x=1"}),
    Case(says="a folder's redirect is readable", path="/sub", status=308, expected=READABLE),
    Case(says="an index is its folder", path="/sub/", expected={"content-type": "text/html; charset=utf-8"}),
    Case(says="an index has ranges", path="/sub/", headers=ranged("bytes=0-3"), status=206, body=b"<h1>"),
    Case(says="a folder without one is listed", path="/", expected={"content-type": "text/html; charset=utf-8"}),
    Case(says="an empty folder is listed", path="/nothing/", headers={"accept": "application/json"},
         body=b'{"path":"/nothing/","complete":true,"unshown":{},"entries":[]}'),
    Case(says="a listing as JSON", path="/", headers={"accept": "application/json"},
         expected={"content-type": "application/json", "vary": "Accept, Origin"}),
    Case(says="a listing as JSON for who rather has it", path="/", headers={"accept": "text/html;q=0.5,application/json"},
         expected={"content-type": "application/json"}),
    Case(says="a listing as a page for who rather has that", path="/",
         headers={"accept": "text/html,application/json;q=0.9"}, expected={"content-type": "text/html; charset=utf-8"}),
    Case(says="a listing as a page for who takes anything", path="/", headers={"accept": "*/*"},
         expected={"content-type": "text/html; charset=utf-8"}),
    Case(says="HEAD of a listing", method="HEAD", path="/", expected={"content-length": ANY}, body=b""),
    Case(says="Zarr's files are served", path="/.zarray", expected={"content-type": "application/json"}),
    Case(says="Zarr's other files too", path="/z/.zmetadata", expected={"content-type": "application/json"}),
    Case(says="other dot files are not", path="/.env", status=404),
    Case(says="nor what is below a hidden folder", path="/.git/config", status=404),
    Case(says="a link inside", path="/link.bin", body=BYTES),
    Case(says="a link to the outside", path="/out", status=404),
    Case(says="a link to nothing", path="/dangling", status=404),
    Case(says="no path leads out", path="/../secret", status=404),
    Case(says="no encoded path leads out", path="/%2e%2e/secret", status=404),
    Case(says="no encoded slash is one", path="/sub%2Findex.html", status=404),
    Case(says="nothing is compressed", path="/words.csv", headers={"accept-encoding": "gzip, br, zstd"},
         expected={"content-encoding": None, "content-length": "6"}, body=b"a,b\n1\n"),
    Case(says="what is compressed stays so", path="/words.csv.gz", headers={"accept-encoding": "gzip"},
         expected={"content-encoding": None, "content-type": "application/gzip"}, body=b"\x1f\x8b"),
    *(Case(says=f"the name {name}", path=f"/{name}", body=name.encode()) for name in NAMES),
]  # fmt: skip
