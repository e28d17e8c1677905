"""A CSRF check that is taken for CORS."""

from __future__ import annotations

from tests.broken.serving import Asked, Broken, Reply, allow

__all__ = ["BROKEN"]


def answer(asked: Asked) -> Reply:
    """Refuse an origin that is not trusted."""
    if asked.is_preflight:
        return Reply(status=204, headers=allow(asked))
    page = b"<h1>Forbidden</h1><p>CSRF verification failed. Request aborted.</p>"
    return Reply(status=403, headers=(("Server", "WSGIServer/0.2 CPython/3.11"),), body=page)


BROKEN = Broken(
    answer=answer,
    words=(
        "-X",
        "PUT",
    ),
    code="allow-origin-missing",
    says=("a CSRF check: not CORS", "Django: settings.py CSRF_TRUSTED_ORIGINS = ["),
    page='(await fetch(URL, {method: "PUT"})).status',
)
