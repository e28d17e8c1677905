"""How Sphinx builds the documentation: ``make docs``."""

import re
from pathlib import Path

_ROOT = Path(__file__).resolve().parent.parent
_PACKAGE = (_ROOT / "src" / "corsmith" / "__init__.py").read_text(encoding="utf-8")

project = "corsmith"
copyright = "the corsmith authors"  # noqa: A001  the name that Sphinx reads
version = release = re.search(r'^__version__ = "(.+)"$', _PACKAGE, re.MULTILINE).group(1)

extensions = ["myst_parser"]
source_suffix = {".md": "markdown"}
exclude_patterns = ["_build"]
# Headings are link targets, so that a page can point into another one.
myst_heading_anchors = 3

# An http block holds a request and its answer, and the page of document-not-toml a file that
# is none: the highlighter stumbles over both, and the tests run them.
suppress_warnings = ["misc.highlighting_failure"]

html_theme = "furo"
html_title = f"corsmith {version}"
