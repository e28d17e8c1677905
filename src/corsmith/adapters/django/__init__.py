"""CORS for Django: a middleware, its settings, and its checks for ``manage.py check``.

What lives here: the names that a project uses. What does not: everything behind them.

Two lines of the settings are all::

    MIDDLEWARE = ["corsmith.adapters.django.CORSMiddleware", ...]
    CORS_POLICY = {"origins": ["https://app.example"]}

``INSTALLED_APPS`` with ``"corsmith.adapters.django"`` adds the checks.
"""

from corsmith.adapters.django.in_force import active
from corsmith.adapters.django.middleware import CORSMiddleware
from corsmith.adapters.django.wrapping import install
from corsmith.marks import cors

__all__ = ["CORSMiddleware", "active", "cors", "install"]
