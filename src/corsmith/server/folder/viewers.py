"""The viewers that ``--viewer`` knows: pages on the web that read files of this machine.

What lives here: one table, and the link that opens a file in one of them. What does not:
the policy that lets it read (``serving``).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Final
from urllib.parse import quote, urlsplit

from corsmith.errors import UsageError

__all__ = ["VIEWERS", "Viewer", "find_viewer", "is_near", "suggest"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewer:
    """A page that shows files: its origin, its link, and the endings of what it reads.

    ``source`` is where its makers say that the link has this form.
    """

    name: str
    origin: str
    pattern: str
    endings: tuple[str, ...]
    source: str

    def link(self, url: str) -> str:
        """Return the address that opens ``url`` in it."""
        return self.origin + self.pattern.format(quote(url, safe=""))

    def reads(self, name: str) -> bool:
        """Return whether a file or a folder of this name is one of its own."""
        return name.lower().endswith(self.endings)

    def first(self, names: Iterable[str]) -> str | None:
        """Return the first of the names that is one of its own."""
        return min(filter(self.reads, names), default=None)


def is_near(url: str) -> bool:
    """Return whether a URL is of this machine or its network.

    A browser may ask whether a page of the internet is to reach it (Local Network Access).

    >>> is_near("http://127.0.0.1:8000/a"), is_near("https://8.8.8.8/a")
    (True, False)
    """
    host = urlsplit(url).hostname or ""
    try:
        return not ip_address(host).is_global
    except ValueError:
        return True


_ROWS: Final = (
    (
        "avivator",
        "https://avivator.gehlenborglab.org",
        "/?image_url={}",
        (".tif", ".tiff", ".zarr"),
        "hms-dbmi/viv, README",
    ),
    (
        "geojson.io",
        "https://geojson.io",
        "/#data=data:text/x-url,{}",
        (".geojson",),
        "mapbox/geojson.io, API.md",
    ),
    (
        "gltf",
        "https://gltf-viewer.donmccurdy.com",
        "/#model={}",
        (".glb", ".gltf"),
        "donmccurdy/three-gltf-viewer, src/app.js",
    ),
    (
        "kepler",
        "https://kepler.gl",
        "/demo?mapUrl={}",
        (".geojson", ".csv", ".json"),
        "keplergl/kepler.gl, examples/demo-app/src/app.tsx",
    ),
    (
        "netron",
        "https://netron.app",
        "/?url={}",
        (".onnx", ".gguf", ".tflite", ".safetensors"),
        "lutzroeder/netron, source/browser.js",
    ),
    (
        "ngff",
        "https://ome.github.io",
        "/ome-ngff-validator/?source={}",
        (".zarr",),
        "ome/ome-ngff-validator, src/App.svelte",
    ),
    (
        "parquet",
        "https://source-cooperative.github.io",
        "/parquet-table/?url={}",
        (".parquet", ".geoparquet"),
        "source-cooperative/parquet-table, src/App.tsx",
    ),
    (
        "playwright",
        "https://trace.playwright.dev",
        "/?trace={}",
        (".zip",),
        "playwright.dev, Trace viewer",
    ),
    (
        "pmtiles",
        "https://pmtiles.io",
        "/#url={}",
        (".pmtiles",),
        "protomaps/go-pmtiles, what its show command prints",
    ),
    (
        "speedscope",
        "https://www.speedscope.app",
        "/#profileURL={}",
        (".json", ".cpuprofile"),
        "jlfwong/speedscope, src/lib/hash-params.ts",
    ),
    (
        "sqlite",
        "https://lite.datasette.io",
        # Its makers would otherwise be told the address of the file.
        "/?analytics=off&url={}",
        (".sqlite", ".sqlite3", ".db"),
        "simonw/datasette-lite, README",
    ),
    (
        "swagger",
        "https://editor.swagger.io",
        "/?url={}",
        (".yaml", ".yml", ".json"),
        "swagger-api/swagger-editor, issue 4806",
    ),
    (
        "vizarr",
        "https://hms-dbmi.github.io",
        "/vizarr/?source={}",
        (".zarr",),
        "hms-dbmi/vizarr, README",
    ),
)

VIEWERS: Final = {
    name: Viewer(name=name, origin=origin, pattern=pattern, endings=endings, source=source)
    for name, origin, pattern, endings, source in _ROWS
}
"""Each viewer by its name."""


_SUGGESTED: Final = {
    ".cpuprofile": "speedscope",
    ".geojson": "geojson.io",
    ".geoparquet": "parquet",
    ".glb": "gltf",
    ".gltf": "gltf",
    ".gguf": "netron",
    ".onnx": "netron",
    ".parquet": "parquet",
    ".pmtiles": "pmtiles",
    ".safetensors": "netron",
    ".sqlite": "sqlite",
    ".sqlite3": "sqlite",
    ".tflite": "netron",
    ".zarr": "vizarr",
}
"""What is suggested for an ending: none for those of many things, as ``.json`` and ``.tif``."""


def suggest(names: Iterable[str]) -> tuple[str, Viewer] | None:
    """Return the first of the names that a viewer is suggested for, and the viewer.

    >>> name, viewer = suggest(["b.json", "a.PMTiles"])
    >>> name, viewer.name
    ('a.PMTiles', 'pmtiles')
    """
    name = min((name for name in names if _ending(name) in _SUGGESTED), default=None)
    return None if name is None else (name, VIEWERS[_SUGGESTED[_ending(name)]])


def _ending(name: str) -> str:
    """Return the end of a name with its dot; the whole name where there is none."""
    return "".join(name.lower().rpartition(".")[1:])


def find_viewer(name: str) -> Viewer:
    """Return the viewer of a name; ``UsageError`` with those that are known.

    >>> find_viewer("PMTiles").link("http://127.0.0.1:8000/a.pmtiles")
    'https://pmtiles.io/#url=http%3A%2F%2F127.0.0.1%3A8000%2Fa.pmtiles'
    """
    found = VIEWERS.get(name.lower())
    if found is None:
        from difflib import get_close_matches  # only for a slip

        near = get_close_matches(name.lower(), VIEWERS, n=1)
        meant = f"; did you mean {near[0]}?" if near else ""
        raise UsageError(
            f"--viewer {name} is not known{meant}\n"
            f"  write one of {', '.join(VIEWERS)}\n"
            "  any other is allowed with --origin and the page's own origin"
        )
    return found
