"""PDF: pages with a line of text each, and something beside it that makes the file long."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_FIRST_PAGE = 4
_FILLING = b"%" + b"x" * 4000


def write_pdf(lines: Sequence[str]) -> bytes:
    """Return a document (PDF 1.4, section 3.4): its objects, and where each of them begins."""
    pages = range(_FIRST_PAGE, _FIRST_PAGE + 2 * len(lines), 2)
    kids = " ".join(f"{number} 0 R" for number in pages)
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(lines)} >>".encode(),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    for number, line in zip(pages, lines, strict=True):
        text = f"BT /F 24 Tf 50 150 Td ({line}) Tj ET\n".encode() + _FILLING
        objects += [
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 300 300] /Contents {number + 1} 0 R "
            "/Resources << /Font << /F 3 0 R >> >> >>".encode(),
            b"<< /Length %d >>\nstream\n" % len(text) + text + b"\nendstream",
        ]
    found, places = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, 1):
        places.append(len(found))
        found += b"%d 0 obj\n" % number + body + b"\nendobj\n"
    table = b"0000000000 65535 f \n" + b"".join(b"%010d 00000 n \n" % place for place in places)
    size = len(objects) + 1
    return (
        found + b"xref\n0 %d\n" % size + table + b"trailer << /Size %d /Root 1 0 R >>\n" % size
        + b"startxref\n%d\n%%%%EOF\n" % len(found)
    )  # fmt: skip
