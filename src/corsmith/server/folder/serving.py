"""``Files``: a folder, or one file, as something to serve.

What lives here: what the command line says of it: policy, viewer, rows of the banner. What
does not: the answers (``files``), and which pages on the web show what (``viewers``).
"""

import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

from corsmith.adapters.asgi import App, CORSMiddleware
from corsmith.diagnostics import quote
from corsmith.errors import UsageError
from corsmith.server.folder.files import FileServer, OneFile
from corsmith.server.folder.listing import MOST_ENTRIES, quote_name
from corsmith.server.folder.shortcut import Shortcut
from corsmith.server.folder.viewers import Viewer, is_near, suggest
from corsmith.server.log import Log
from corsmith.server.shortened import Welcoming
from corsmith.server.source import LOOPBACK

__all__ = ["FOLDER_SEED", "Files"]

FOLDER_SEED: Final[Mapping[str, object]] = {
    "origins": [LOOPBACK],
    "methods": ["GET", "HEAD"],
    "headers": ["@range", "Content-Type"],
    "expose": ["@range"],
    "max_age": 7200,
}
"""The policy of files: pages of this machine's own servers, and all that their readers use."""

_ANYWHERE: Final = (
    (b"cache-control", b"no-cache"),  # kept, but asked about each time: an edit is seen at once
    (b"cross-origin-resource-policy", b"cross-origin"),
)
_ISOLATED: Final = (
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-embedder-policy", b"require-corp"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Files:
    """A folder, or one file, as something to serve; ``name`` is the file's in its URL."""

    title: str
    path: str
    name: str | None
    isolated: bool = False
    viewer: Viewer | None = None
    streams: bool = False
    has_lifespan: bool = False
    enforces: bool = False

    @classmethod
    def of(cls, path: str, *, isolated: bool = False, viewer: Viewer | None = None) -> "Files":
        """Return what to serve at ``path``; ``UsageError`` where it cannot be read."""
        whole = os.path.abspath(path)  # noqa: PTH100  a link stays one, and may be replaced
        try:
            mode = Path(path).stat().st_mode
            if stat.S_ISDIR(mode):
                os.scandir(path).close()
            elif stat.S_ISREG(mode):
                os.close(os.open(path, os.O_RDONLY))
            else:
                raise UsageError(f"{quote(path)} is neither a folder nor a regular file")
        except OSError as error:
            raise UsageError(f"{quote(path)} cannot be read: {error.strerror}") from None
        is_folder = stat.S_ISDIR(mode)
        return cls(
            title=f"the {'folder' if is_folder else 'file'} {path}",
            path=whole,
            name=None if is_folder else os.path.basename(whole),  # noqa: PTH119  as bytes above
            isolated=isolated,
            viewer=viewer,
        )

    @property
    def seed(self) -> Mapping[str, object]:
        """The policy where none is given; the viewer may read too."""
        if self.viewer is None:
            return FOLDER_SEED
        return {**FOLDER_SEED, "origins": [LOOPBACK, self.viewer.origin]}

    def address(self, url: str) -> str:
        """Return what is to be looked at: the viewer's link, the file, or the listing."""
        example = self.example()
        whole = f"{url}/{'FILE' if example is None else quote_name(example)}"
        return whole if self.viewer is None else self.viewer.link(whole)

    def notes(self, url: str) -> list[tuple[str, str]]:
        """Return where the one file is, and the link to the viewer."""
        rows = [] if self.name is None else [("file", f"{url}/{quote_name(self.name)}")]
        if self.viewer is None:
            rows += self._suggestion()
        else:
            hints = ["write a name for FILE"] if self.example() is None else []
            hints += ["the browser may ask for the local network"] if is_near(url) else []
            end = f"   ({'; '.join(hints)})" if hints else ""
            rows.append(("viewer", f"{self.address(url)}{end}"))
        if self.isolated:
            rows.append(("isolated", "pages may use SharedArrayBuffer"))
        return rows

    def example(self) -> str | None:
        """Return the name of something that is there, and that the viewer reads.

        It is empty for the folder itself, and ``None`` where there is nothing.
        """
        if self.name is not None:
            return self.name
        if self.viewer is None or self.viewer.reads(self.path):
            return ""
        return self.viewer.first(self._names())

    def _suggestion(self) -> list[tuple[str, str]]:
        """Return what would open something of it: a flag, for no link would work without."""
        found = suggest(self._names() if self.name is None else [self.name])
        if found is None:
            return []
        name, viewer = found
        return [("view it", f"--viewer {viewer.name} opens {quote(name)} on the web")]

    def _names(self) -> list[str]:
        """Return the names in the folder; of very many, some."""
        try:
            with os.scandir(self.path) as entries:
                return [entry.name for entry in islice(entries, MOST_ENTRIES)]
        except OSError:
            return []

    def open(self) -> App:
        """Return the application."""
        lines = [*_ANYWHERE, *(_ISOLATED if self.isolated else ())]
        if self.name is None:
            return FileServer(self.path, lines)
        return OneFile(self.path, self.name, lines)

    def shorten(
        self,
        front: Welcoming,
        app: App,
        layer: type[CORSMiddleware],  # noqa: ARG002  no other has a short way
        log: Log | None,
    ) -> App:
        """Return the application behind ``front``, with a short way for what is small."""
        return Shortcut(front, app, log) if isinstance(app, FileServer) else front
