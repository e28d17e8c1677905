"""``corsmith check URL`` over TLS: which authorities are trusted, and on whose word."""

from __future__ import annotations

import contextlib
import ssl
from typing import TYPE_CHECKING

import pytest
import trustme

from corsmith.cli.status import Status
from tests.broken.serving import Asked, Reply, Server, allow, serve
from tests.cli.asking import check

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.servers


def open_to_all(asked: Asked) -> Reply:
    return Reply(headers=allow(asked), body=b"hello")


@pytest.fixture
def authority(tmp_path: Path) -> tuple[trustme.CA, str]:
    """Return an authority that nobody here trusts, and its file."""
    made = trustme.CA()
    made.cert_pem.write_to_path(tmp_path / "ca.pem")
    return made, str(tmp_path / "ca.pem")


@contextlib.contextmanager
def serve_tls(authority: trustme.CA) -> Iterator[Server]:
    with serve(open_to_all, tls="self-signed") as server:
        server.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("127.0.0.1").configure_cert(server.tls)
        yield server


def test_an_authority_is_trusted_as_curl_trusts_it(authority: tuple[trustme.CA, str]) -> None:
    made, file = authority
    with serve_tls(made) as server:
        done = check(server.origin)
        assert done.exit_code == Status.NO
        assert "with --cacert FILE; -k checks the rest." in " ".join(done.stdout.split())
        for words in (
            (server.origin, "--cacert", file),
            ("curl", server.origin, "--cacert", file),
            ("--cacert", file, "curl", server.origin, "--cacert", "none.pem"),
            (server.origin, server.origin, "--cacert", file),
        ):
            assert check(*words).exit_code == Status.OK, words


def test_what_was_taken_on_a_persons_word_is_not_taken_by_a_browser(
    authority: tuple[trustme.CA, str],
) -> None:
    made, file = authority
    with serve_tls(made) as server:
        said = " ".join(check(server.origin, "--cacert", file).stdout.split())
        assert f"note A browser has to trust the authority of {file}, too." in said
        said = " ".join(check(server.origin, "-k").stdout.split())
        assert "note A browser checks the certificate; -k has left it unchecked here." in said
    with serve(open_to_all) as server:
        assert "A browser" not in check(server.origin, "-k", "--cacert", file).stdout


def test_what_the_system_trusts_needs_no_word(
    authority: tuple[trustme.CA, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    made, file = authority
    monkeypatch.setenv("SSL_CERT_FILE", file)
    with serve_tls(made) as server:
        done = check(server.origin)
    assert done.exit_code == Status.OK, done.output
    assert "A browser" not in done.stdout


def test_no_authority_is_read_on_the_word_of_a_text(authority: tuple[trustme.CA, str]) -> None:
    made, file = authority
    with serve_tls(made) as server:
        text = f"curl {server.origin}/ --cacert {file}"
        done = check("--send", text=text)
        assert done.exit_code == Status.NO
        said = " ".join(done.stdout.split())
        assert f"note The authority in the file {file} is not read. next corsmith check" in said
        assert f"next corsmith check {server.origin}/ --cacert {file}" in said
        assert check("--send", "--cacert", file, text=text).exit_code == Status.OK
