"""The runner of the documents notices what it is there to notice."""

from __future__ import annotations

from textwrap import dedent
from typing import TYPE_CHECKING

import pytest

from tests.docs import refresh
from tests.docs.runner import matches, run_document

if TYPE_CHECKING:
    from pathlib import Path


def run(tmp_path: Path, text: str) -> None:
    document = tmp_path / "page.md"
    document.write_text(dedent(text))
    folder = tmp_path / "folder"
    folder.mkdir()
    run_document(document, folder)


FAILING = {
    "an output that is not printed": ("```python\nprint(1)\n```\n\n```text\n2\n```\n", r"-2\n\+1"),
    "an output that is not stated": ("```python\nprint(1)\n```\n", r"\+1"),
    "a message that differs": (
        "```python\nfrom corsmith import Policy\nPolicy()\n```\n\n```text\norigins-empty\n```\n",
        "-origins-empty",
    ),
    "a language that nothing runs": ("```javascript\nalert(1)\n```\n", "no test runs a block of"),
    "a fence without a language": ("```\nx\n```\n", "no test runs a block of ''"),
    "an output of nothing": ("```text\nhello\n```\n", "above this one is none"),
    "prose between a block and its output": (
        "```python\nprint(1)\n```\nprints\n```text\n1\n```\n",
        r"\+1",
    ),
    "a file that nothing uses": ("```toml\n# a.toml\n[policy]\norigins = '*'\n```\n", "a.toml"),
    "a page that is no file": ("```html\n<p>x</p>\n```\n", "a page is a file"),
    "a policy file that is wrong": ("```toml\n[policy]\norigins = []\n```\n", "origins-empty"),
    "a command that prints something else": ("```console\n$ echo a\nb\n```\n", r"-b\n\+a"),
    "a script that prints something": ("```sh\necho a\n```\n", r"\+a"),
    "a console block without a command": ("```console\necho a\n```\n", "begins with a command"),
    "an exit status that differs": ("```console\n$ false\n$ echo $?\n0\n```\n", r"-0\n\+1"),
    "a recipe that does not exist": ("```sh\nmake coffee\n```\n", "no recipe coffee"),
    "an extra that does not exist": ("```sh\npip install '.[tea]'\n```\n", "no extra tea"),
    "a server that ends at once": (
        "```console\n$ python -m http.server 8000 --directory nowhere --bad-flag\n```\n",
        "--bad-flag",
    ),
    "an answer that differs": (
        """\
        ```python
        from corsmith import Policy
        policy = Policy(origins="*")
        ```

        ```http
        GET / HTTP/1.1
        Origin: https://a.example

        HTTP/1.1 200 OK
        Content-Type: application/json
        ```
        """,
        r"\+Access-Control-Allow-Origin: \*",
    ),
}


@pytest.mark.parametrize(("text", "complaint"), list(FAILING.values()), ids=list(FAILING))
def test_it_fails_a_document_with(text: str, complaint: str, tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match=complaint):
        run(tmp_path, text)


def test_it_fails_an_example_that_is_not_the_one_of_the_repository(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="the document says"):
        run(tmp_path, "```python\n# server.py\nprint('another')\n```\n")


def test_blocks_of_a_document_share_their_names_and_its_folder(tmp_path: Path) -> None:
    text = """\
    ```toml
    # cors.toml
    [policy]
    origins = ["https://app.example"]
    ```

    ```python
    from corsmith import load

    policy = load("cors.toml")
    ```

    ```python
    print(policy.origins)
    ```

    ```text
    ('https://app.example',)
    ```

    ```console
    $ cat cors.toml && false
    [policy]
    origins = ["https://app.example"]
    $ echo $?
    1
    ```

    ```http
    GET / HTTP/1.1
    Origin: https://app.example

    HTTP/1.1 200 OK
    Content-Type: application/json
    Access-Control-Allow-Origin: https://app.example
    Vary: Origin
    ```
    """
    run(tmp_path, text)


@pytest.mark.servers
def test_a_server_runs_until_another_takes_its_port(tmp_path: Path) -> None:
    text = """\
    ```html
    <!-- page.html -->
    <p>8000</p>
    ```

    ```console
    $ python -m http.server 8000 --bind 127.0.0.1
    Serving HTTP on 127.0.0.1 port 8000 (http://127.0.0.1:8000/) ...
    $ python -c "import urllib.request as u; print(u.urlopen('http://127.0.0.1:8000/page.html').read())"
    b'<p>…</p>\\n'
    $ python -m http.server 8000 --bind 127.0.0.1 --directory .venv
    $ python -c "import urllib.request as u; print(u.urlopen('http://127.0.0.1:8000/bin/').status)"
    200
    ```
    """
    run(tmp_path, text)


def test_an_ellipsis_stands_for_text_within_a_line_or_for_whole_lines() -> None:
    assert matches("Date: …", "Date: today")
    assert not matches("Date: …", "Date: today\nServer: x")
    assert matches("a\n…\nz", "a\nb\nc\nz")
    assert matches("a\n…\nz", "a\nz")
    assert not matches("a\n…\nz", "a\nb\nc")


def test_refreshing_writes_only_outputs_that_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = tmp_path / "page.md"
    document.write_text(
        "```python\nprint(1)\n```\n\n```text\n```\n\nSo:\n\n"
        "```console\n$ echo a; echo b\na\nc\n$ echo d\n…\n```\n"
    )
    assert refresh.refresh(document) == 2
    assert document.read_text() == (
        "```python\nprint(1)\n```\n\n```text\n1\n```\n\nSo:\n\n"
        "```console\n$ echo a; echo b\na\nb\n$ echo d\n…\n```\n"
    )
