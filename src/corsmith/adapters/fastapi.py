"""CORS for FastAPI: the names of ``corsmith.adapters.starlette``, under the name to look for.

What lives here: nothing of its own. FastAPI is a Starlette application, and so is its layer.
"""

from corsmith.adapters.starlette import CORSMiddleware, cors, install

__all__ = ["CORSMiddleware", "cors", "install"]
