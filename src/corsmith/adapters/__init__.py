"""The adapters: each translates between one host and the policy, and decides nothing.

``asgi``, ``wsgi`` and ``http_server`` are the protocols; every other module here is one
framework, built on a protocol and on documented hooks of its host.
"""
