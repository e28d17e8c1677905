from __future__ import annotations

from typing import Any

import pytest
from inline_snapshot import snapshot

from corsmith.document import read_document
from corsmith.importers.draft import Draft, Imported, Row, differs, inexpressible
from corsmith.importers.page import write_page
from corsmith.importers.readings import Reading
from corsmith.policy import Policy

APP = "https://app.example"


def page(*rows: Row, **more: Any) -> str:
    imported = Imported(title="a library", found=("here",), rows=rows)
    fields = {"title": "a library", "found": ("here",), "rows": rows, **more}
    assert imported.rows == rows
    return write_page(Imported(**fields), "main.py")


def test_a_policy_for_all_is_one_table() -> None:
    draft = Draft(
        origins=(APP, "https://x.example/"),
        readings=(Reading(text=r"https://[a-z]+\.b\.example", is_open=True),),
        methods=("GET", "PUT"),
        headers=("X-Key",),
        credentials=True,
        max_age=600,
        defaults=frozenset({"max_age"}),
        said=(differs("Vary", "it is there."),),
    )
    text = page(Row(path="/", draft=draft), said=(inexpressible("code", "it runs."),))
    assert text == snapshot("""\
# The CORS settings of main.py, a library, as a policy of corsmith.
#
# holes that are closed:
# - regex-open-end: origin_regex: "https://[a-z]+\\\\.b\\\\.example" is held to the beginning of an
#   origin only, so it also admits "https://x.b.example.stranger.invalid". Here the whole origin has
#   to match. For any port write (?::[0-9]+)? at its end.
#
# what a policy file cannot say:
# - not-expressible: code: it runs.
#
# what never worked:
# - never-matched: origins: "https://x.example/" has a trailing slash. An origin is scheme, host and
#   port. No browser sends it. It is left out. Write "https://x.example".
#
# what is answered otherwise:
# - answers-differently: Vary: it is there.

[policy]
origins = ["https://app.example"]
origin_regex = 'https://[a-z]+\\.b\\.example'
methods = ["GET", "PUT"]
headers = ["X-Key"]
credentials = true
max_age = 600  # the default there
""")
    assert isinstance(read_document(text), Policy)


def test_rows_are_tables_with_what_is_theirs_alone_above_them() -> None:
    common = differs("Vary", "it is there.")
    text = page(
        Row(path="/api/", draft=Draft(origins=(APP,), said=(common, differs("x", "one.")))),
        Row(path="/public/", draft=Draft(origins=("*",), expose=("ETag",), said=(common,))),
        Row(path="/none/", draft=Draft(origins=(), said=(common,))),
        Row(path="/old/", draft=None),
        found=("here", "and there"),
    )
    assert text == snapshot("""\
# The CORS settings of main.py, a library, as a policy of corsmith.
#
# CORS is set up in 2 places:
# - here
# - and there
#
# what is answered otherwise:
# - answers-differently: Vary: it is there.

# what is answered otherwise at /api/:
# - answers-differently: x: one.
[[routes]]
path = "/api/"
origins = ["https://app.example"]
methods = []
headers = []
credentials = false

[[routes]]
path = "/public/"
origins = ["*"]
methods = []
headers = []
expose = ["ETag"]
credentials = false

# what a policy file cannot say at /none/:
# - origins-empty: origins: no origin is left that a policy can allow, so no page may read the
#   answers: here no Access-Control header and no Vary is sent, and OPTIONS has the application's
#   status. List the pages that you mean.
[[routes]]
path = "/none/"
cors = false

[[routes]]
path = "/old/"
cors = false
""")
    read_document(text)


def test_no_page_for_all_is_a_row_for_all() -> None:
    text = page(Row(path="/", draft=None))
    assert text.endswith('\n[[routes]]\npath = "/"\ncors = false\n')
    text = page(Row(path="/", draft=Draft()))
    assert text.endswith('\n[[routes]]\npath = "/"\ncors = false\n')
    read_document(text)


@pytest.mark.parametrize("value", ['https://a"b', "https://a'\\w", "x\x7f\ty", "é", "\\\t"])
def test_any_text_is_read_back_as_it_was(value: str) -> None:
    import tomllib

    from corsmith.importers.page import _text

    assert tomllib.loads(f"x = {_text(value)}") == {"x": value}


def test_a_long_list_has_a_line_for_each() -> None:
    names = tuple(f"X-Header-Number-{number}" for number in range(9))
    text = page(Row(path="/", draft=Draft(origins=(APP,), headers=names)))
    assert '    "X-Header-Number-8",\n]\n' in text
    read_document(text)
