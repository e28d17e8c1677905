"""What pages of another origin do with files in real browsers, and what a person sees of a folder.

The page is `http://localhost` of one port, the files are `http://127.0.0.1` of another.
"""

from __future__ import annotations

import json
import struct
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest

from tests.browsers.browser import ScriptError
from tests.clients.writers.png import fill_png
from tests.server.served import Served

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.browsers.browser import Browser

pytestmark = [pytest.mark.servers, pytest.mark.slow]

# WebKitGTK 2.50 isolates the page, but was built without it.
SHARED_MEMORY = {"chromium": "function", "firefox": "function", "webkit": "undefined"}
SIZE = 100_000
RATE, SECONDS = 8000, 60
READS = (
    "fetch(`${DATA}/a.bin`, INIT).then(async (r) => [r.status, (await r.arrayBuffer()).byteLength])"
)
CANVAS = """new Promise((resolve, reject) => {
  const image = new Image();
  image.crossOrigin = "anonymous";
  image.onerror = () => reject("not loaded");
  image.onload = () => {
    const context = document.createElement("canvas").getContext("2d");
    context.drawImage(image, 0, 0);
    resolve([...context.getImageData(1, 1, 1, 1).data]);
  };
  image.src = `${DATA}/red.png`;
})"""
LOADS = """new Promise((resolve) => {
  const element = Object.assign(document.createElement("TAG"), ATTRIBUTES);
  element.onload = () => resolve("loaded");
  element.onerror = () => resolve("refused");
  document.body.append(element);
})"""
SEEKS = """new Promise((resolve, reject) => {
  const sound = new Audio();
  sound.crossOrigin = "anonymous";
  sound.preload = "metadata";
  sound.onerror = () => reject(sound.error.message);
  sound.onloadedmetadata = () => { sound.currentTime = 45; };
  sound.onseeked = () => resolve([Math.round(sound.duration), Math.round(sound.currentTime)]);
  sound.src = `${DATA}/sound.wav`;
})"""
COMPILES = "WebAssembly.compileStreaming(fetch(`${DATA}/empty.wasm`)).then(() => 'compiled')"
LOADS_A_FONT = "new FontFace('Icons', `url(${DATA}/font.woff2)`).load().then((font) => font.status)"
FOLLOWS = "fetch(`${DATA}/sub`).then(async (r) => [r.redirected, await r.text()])"
LISTS = (
    "fetch(`${DATA}/`, {headers: {Accept: 'application/json'}}).then((r) => r.json())"
    ".then((listing) => listing.entries.map((entry) => entry.url).slice(0, 2))"
)
IN_A_WORKER = """new Promise((resolve, reject) => {
  const code = `importScripts("${DATA}/classic.js"); postMessage(VALUE)`;
  const worker = new Worker(URL.createObjectURL(new Blob([code])));
  worker.onerror = (event) => reject(event.message);
  worker.onmessage = (event) => resolve(event.data);
})"""
IN_A_SERVICE_WORKER = """(async () => {
  const registered = await navigator.serviceWorker.register(`/worker.js?${DATA}`);
  const worker = registered.installing || registered.waiting || registered.active;
  const { port1, port2 } = new MessageChannel();
  const answer = new Promise((resolve) => { port1.onmessage = (event) => resolve(event.data); });
  worker.postMessage("ask", [port2]);
  const found = await answer;
  await registered.unregister();
  return found;
})()"""
SERVICE_WORKER = """
const data = location.search.slice(1);
importScripts(`${data}/classic.js`);
onmessage = async (event) => {
  const part = await fetch(`${data}/a.bin`, { headers: { Range: "bytes=-8" } });
  event.ports[0].postMessage([VALUE, part.status, (await part.arrayBuffer()).byteLength]);
};
"""
IN_A_SANDBOX = """new Promise((resolve) => {
  addEventListener("message", (event) => resolve(event.data), { once: true });
  const frame = document.createElement("iframe");
  frame.sandbox = "allow-scripts";
  frame.srcdoc = `<script>fetch("${DATA}/a.bin").then(() => "read", () => "refused")
    .then((word) => parent.postMessage(self.origin + " " + word, "*"))<\\/script>`;
  document.body.append(frame);
})"""


def sound() -> bytes:
    """Return a minute of silence, as a WAV file."""
    samples = b"\x80" * (RATE * SECONDS)
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, RATE, RATE, 1, 8)
    body = b"WAVE" + form + struct.pack("<4sI", b"data", len(samples)) + samples
    return struct.pack("<4sI", b"RIFF", len(body)) + body


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("data")
    (folder / "a.bin").write_bytes(bytes(SIZE))
    (folder / "red.png").write_bytes(fill_png(4, 4, (255, 0, 0)))
    (folder / "module.mjs").write_text("export const value = 7;")
    (folder / "classic.js").write_text("var VALUE = 8;")
    (folder / "style.css").write_text("body { color: rgb(1, 2, 3) }")
    (folder / "empty.wasm").write_bytes(b"\0asm\1\0\0\0")
    (folder / "sound.wav").write_bytes(sound())
    (folder / "sub").mkdir()
    (folder / "sub" / "index.html").write_text("inside")
    spec = find_spec("rest_framework")
    assert spec is not None
    assert spec.origin is not None
    fonts = Path(spec.origin).parent / "static" / "rest_framework" / "fonts"
    (folder / "font.woff2").write_bytes(next(fonts.glob("*.woff2")).read_bytes())
    with Served(str(folder), "--no-try") as served:
        yield served


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("home")
    (folder / "index.html").write_text("<!doctype html><title>page</title><body>page")
    (folder / "worker.js").write_text(SERVICE_WORKER)
    return folder


@pytest.fixture(scope="module")
def pages(home: Path) -> Iterator[Served]:
    with Served(str(home), "--no-try") as served:
        yield served


@pytest.fixture
def page(browser: Browser, pages: Served, data: Served) -> Browser:
    """A browser that shows a page, which knows where the files are."""
    return show(browser, pages, data)


def show(browser: Browser, pages: Served, data: Served) -> Browser:
    browser.open(f"http://localhost:{pages.port}/")
    browser.evaluate(f"void (window.DATA = 'http://127.0.0.1:{data.port}')")
    return browser


READ = {
    "{}": [200, SIZE],
    "{method: 'HEAD'}": [200, 0],
    "{headers: {Range: 'bytes=0-'}}": [206, SIZE],
    "{headers: {Range: 'bytes=10-19'}}": [206, 10],
    "{headers: {Range: 'bytes=-8'}}": [206, 8],
    "{headers: {Range: 'bytes=100000-'}}": [416, 22],
    "{headers: {'If-Match': '\"x\"'}}": [412, 20],
    "{headers: {'If-None-Match': '*'}}": [304, 0],
    "{headers: {'Content-Type': 'application/json'}}": [200, SIZE],
    "{headers: {'Cache-Control': 'no-cache'}}": [200, SIZE],
}


def test_a_page_reads_files_and_the_status_of_each_answer(page: Browser) -> None:
    # Each of another URL: a browser that has kept the whole file answers with it.
    found = {
        init: page.evaluate(READS.replace("a.bin", f"a.bin?{number}").replace("INIT", init))
        for number, init in enumerate(READ)
    }
    assert found == READ


def test_a_page_reads_several_ranges_and_every_header_that_tells_of_them(page: Browser) -> None:
    found = page.evaluate(
        "fetch(`${DATA}/a.bin`, {headers: {Range: 'bytes=0-1,5-6'}}).then(async (r) => "
        "[r.status, r.headers.get('content-type'), (await r.text()).split('\\r\\n').length])"
    )
    assert found[0] == 206
    assert found[1].startswith("multipart/byteranges; boundary=")
    assert found[2] == 12
    names = ["accept-ranges", "content-length", "content-range", "etag", "last-modified"]
    read = page.evaluate(
        "fetch(`${DATA}/a.bin`, {headers: {Range: 'bytes=0-1'}}).then((r) => [...r.headers.keys()])"
    )
    assert set(names) <= set(read)


def loads(tag: str, attributes: str) -> str:
    return LOADS.replace("TAG", tag).replace("ATTRIBUTES", attributes)


STYLE = "{rel: 'stylesheet', crossOrigin: 'anonymous', href: `${DATA}/style.css`}"
LOADED = {
    "module": ("import(`${DATA}/module.mjs`).then((module) => module.value)", 7),
    "script in a worker": (IN_A_WORKER, 8),
    "script and part in a service worker": (IN_A_SERVICE_WORKER, [8, 206, 8]),
    "WebAssembly": (COMPILES, "compiled"),
    "canvas": (CANVAS, [255, 0, 0, 255]),
    "font": (LOADS_A_FONT, "loaded"),
    "redirect": (FOLLOWS, [True, "inside"]),
    "listing": (LISTS, ["./sub/", "./a.bin"]),
    "image": (loads("img", "{src: `${DATA}/red.png`}"), "loaded"),
    "script": (loads("script", "{src: `${DATA}/classic.js`}"), "loaded"),
    "style sheet": (loads("link", STYLE), "loaded"),
    "a page of no origin": (IN_A_SANDBOX, "null refused"),
}


def test_a_page_loads_what_it_may(page: Browser) -> None:
    found = {name: page.evaluate(script) for name, (script, _) in LOADED.items()}
    assert found == {name: expected for name, (_, expected) in LOADED.items()}


def test_a_sound_is_played_from_its_middle(page: Browser) -> None:
    if not page.evaluate("new Audio().canPlayType('audio/wav')"):
        pytest.skip(f"{page.engine} plays no WAV here")
    assert page.evaluate(SEEKS) == [SECONDS, 45]


def test_an_isolated_page_has_shared_memory_and_loads_files_of_others(
    browser: Browser, home: Path, data: Served
) -> None:
    with Served(str(home), "--no-try", "--isolated") as pages:
        page = show(browser, pages, data)
        assert page.evaluate("crossOriginIsolated") is True
        assert page.evaluate("typeof SharedArrayBuffer") == SHARED_MEMORY[page.engine]
        assert page.evaluate(READS.replace("INIT", "{}")) == [200, SIZE]
        assert page.evaluate(loads("img", "{src: `${DATA}/red.png`}")) == "loaded"


def test_without_it_a_page_has_no_shared_memory(page: Browser) -> None:
    assert page.evaluate("crossOriginIsolated") is False
    with pytest.raises(ScriptError):
        page.evaluate("new SharedArrayBuffer(8).byteLength")


# ── the listing, without a script ──────────────────────────────────────────────

LONG = f"sentinel-2_{'L2A_T32TQM_' * 14}B04.tif"
ABOVE = ", ".join(["tiles of the year before the last one"] * 5)
HERE = "z" * 200
MARKUP = "<script>document.title='run'<"
MANY = 5000
NAMES = "[...document.querySelectorAll('tbody a')].map((link) => link.textContent)"
FITS = "document.documentElement.scrollWidth <= innerWidth"
CRUMBS = "[...document.querySelectorAll('nav a')]"
TOPS = """[...document.querySelectorAll('tbody td:first-child a')].map(
  (link) => link.getClientRects()[0].top - link.parentElement.getBoundingClientRect().top)"""
SEEN = "[...document.querySelectorAll('time')].every((time) => time.offsetHeight > 0)"
PAPER = "getComputedStyle(document.body).backgroundColor"


@pytest.fixture(scope="module")
def listed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("listed")
    (folder / "sub").mkdir()
    (folder / LONG).write_bytes(bytes(10))
    (folder / MARKUP).write_bytes(bytes(30))
    (folder / "10").write_bytes(bytes(20))
    (folder / "9").write_bytes(bytes(5))
    many = folder / "many"
    many.mkdir()
    for number in range(MANY):
        (many / str(number)).touch()
    (folder / "sub" / ABOVE / "x" / HERE).mkdir(parents=True)
    with Served(str(folder), "--no-try") as running:
        yield running


@pytest.mark.parametrize("width", [320, 390, 1280])
def test_it_fits_the_window_and_shows_every_date(
    browser: Browser, listed: Served, width: int
) -> None:
    browser.resize(width, 800)
    browser.open(f"http://localhost:{listed.port}/")
    assert browser.evaluate("innerWidth") == width
    assert browser.evaluate(FITS)
    assert browser.evaluate(SEEN)


@pytest.mark.parametrize("width", [320, 1280])
def test_the_folders_above_fit_the_window_and_are_named_in_full(
    browser: Browser, listed: Served, width: int
) -> None:
    browser.resize(width, 800)
    browser.open(f"http://localhost:{listed.port}/sub/{quote(ABOVE)}/x/{HERE}/")
    assert browser.evaluate(FITS)
    assert browser.evaluate(f"{CRUMBS}.map((link) => link.textContent)") == [
        *("/", "sub", ABOVE, "x", HERE)
    ]
    assert browser.evaluate(f"{CRUMBS}.map((link) => link.title)") == ["/", "sub", ABOVE, "x", ""]
    # One line for each folder above, and the window is not left.
    assert browser.evaluate(f"{CRUMBS}.slice(0, -1).every((link) => link.offsetHeight < 40)")
    assert browser.evaluate(f"{CRUMBS}.every((link) => link.offsetWidth < innerWidth)")
    browser.press("nav a:nth-of-type(3)")
    assert browser.wait_for(f"document.title.endsWith({json.dumps(ABOVE)}) && {NAMES}") == [
        "../",
        "x/",
    ]


def test_a_name_of_several_lines_begins_beside_its_drawing(
    browser: Browser, listed: Served
) -> None:
    browser.resize(320, 800)
    browser.open(f"http://localhost:{listed.port}/sub/{quote(ABOVE)}/x/")
    above, here = browser.evaluate(TOPS)
    assert abs(above - here) < 1


def test_it_is_dark_for_who_prefers_that(browser: Browser, listed: Served) -> None:
    browser.open(f"http://localhost:{listed.port}/")
    light = browser.evaluate(PAPER)
    browser.set_dark(dark=True)
    assert browser.evaluate(PAPER) != light


def test_it_is_sorted_and_walked_through_by_links_alone(browser: Browser, listed: Served) -> None:
    browser.open(f"http://localhost:{listed.port}/")
    assert browser.evaluate(NAMES) == ["many/", "sub/", "9", "10", MARKUP, LONG]
    assert browser.evaluate("document.title") == "/"
    browser.press("th.size a")
    assert browser.wait_for(f"location.search && {NAMES}") == [
        "many/", "sub/", "9", LONG, "10", MARKUP
    ]  # fmt: skip
    browser.press("th.size a")
    assert browser.wait_for(f"location.search.endsWith('desc') && {NAMES}")[2] == MARKUP
    browser.press("input[type=search]")
    browser.press_key("S", "C", "R", "I", "Enter")
    assert browser.wait_for(f"location.search.includes('filter=SCRI') && {NAMES}") == [MARKUP]
    assert browser.text(".count").endswith("with “SCRI” in the name; show all")
    browser.press(".count a")
    browser.wait_for(f"!location.search && {NAMES}.length === 6")
    browser.open(f"http://localhost:{listed.port}/many/")
    rows = browser.evaluate(NAMES)
    assert rows == ["../", *map(str, range(MANY))]
    browser.press("nav a")
    browser.wait_for("location.pathname === '/'")
    # What the page's own policy would have kept from running or loading is told here.
    assert browser.console() == []
