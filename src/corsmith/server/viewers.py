"""The viewers that ``--viewer`` knows: pages on the web that read files of this machine.

What lives here: one table, and the link that opens a file in one of them. What does not:
the policy that lets it read (``files``).
"""

from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final
from urllib.parse import quote

from corsmith.errors import UsageError

__all__ = ["VIEWERS", "Viewer", "find_viewer"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewer:
    """A page that shows files: its origin, its link, and the endings of what it reads."""

    name: str
    origin: str
    pattern: str
    endings: tuple[str, ...]

    def link(self, url: str) -> str:
        """Return the address that opens ``url`` in it."""
        return self.origin + self.pattern.format(quote(url, safe=""))

    def reads(self, name: str) -> bool:
        """Return whether a file or a folder of this name is one of its own."""
        return name.lower().endswith(self.endings)


_ROWS: Final = (
    (
        "avivator",
        "https://avivator.gehlenborglab.org",
        "/?image_url={}",
        (".tif", ".tiff", ".zarr"),
    ),
    ("geojson.io", "https://geojson.io", "/#data=data:text/x-url,{}", (".geojson",)),
    ("gltf", "https://gltf-viewer.donmccurdy.com", "/#model={}", (".glb", ".gltf")),
    ("kepler", "https://kepler.gl", "/demo?mapUrl={}", (".geojson", ".csv", ".json")),
    ("netron", "https://netron.app", "/?url={}", (".onnx", ".gguf", ".tflite", ".safetensors")),
    ("ngff", "https://ome.github.io", "/ome-ngff-validator/?source={}", (".zarr",)),
    ("playwright", "https://trace.playwright.dev", "/?trace={}", (".zip",)),
    ("pmtiles", "https://pmtiles.io", "/#url={}", (".pmtiles",)),
    ("speedscope", "https://www.speedscope.app", "/#profileURL={}", (".json", ".cpuprofile")),
    ("sqlite", "https://lite.datasette.io", "/?url={}", (".sqlite", ".sqlite3", ".db")),
    ("swagger", "https://editor.swagger.io", "/?url={}", (".yaml", ".yml", ".json")),
    ("vizarr", "https://hms-dbmi.github.io", "/vizarr/?source={}", (".zarr",)),
)

VIEWERS: Final = {
    name: Viewer(name=name, origin=origin, pattern=pattern, endings=endings)
    for name, origin, pattern, endings in _ROWS
}
"""Each viewer by its name."""


def find_viewer(name: str) -> Viewer:
    """Return the viewer of a name; ``UsageError`` with those that are known.

    >>> find_viewer("PMTiles").link("http://127.0.0.1:8000/a.pmtiles")
    'https://pmtiles.io/#url=http%3A%2F%2F127.0.0.1%3A8000%2Fa.pmtiles'
    """
    found = VIEWERS.get(name.lower())
    if found is None:
        near = get_close_matches(name.lower(), VIEWERS, n=1)
        meant = f"; did you mean {near[0]}?" if near else ""
        raise UsageError(
            f"--viewer {name} is not known{meant}\n"
            f"  write one of {', '.join(VIEWERS)}\n"
            "  any other is allowed with --origin and the page's own origin"
        )
    return found
