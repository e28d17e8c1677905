"""The groups: one word for a list that people otherwise copy from a forum.

What lives here: one table a field. What does not: where a group may stand and what an
unknown one is answered with (``policy``).
"""

from collections.abc import Mapping
from types import MappingProxyType

__all__ = ["EXPOSE_GROUPS", "HEADER_GROUPS", "ORIGIN_GROUPS"]

# Loopback by name and by address, as pages of development servers and notebooks send it.
ORIGIN_GROUPS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "@loopback": (
            "http://localhost:*",
            "https://localhost:*",
            "http://*.localhost:*",
            "https://*.localhost:*",
            "http://127.0.0.1:*",
            "https://127.0.0.1:*",
            "http://[::1]:*",
            "https://[::1]:*",
        ),
    }
)

HEADER_GROUPS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        # Readers of large files by range: PMTiles, Zarr, Parquet, GeoTIFF, video.
        "@range": (
            "Range",
            "If-Range",
            "If-Match",
            "If-None-Match",
            "If-Modified-Since",
            "Cache-Control",
        ),
        # The streamable HTTP transport of the Model Context Protocol.
        "@mcp": (
            "Content-Type",
            "Authorization",
            "Mcp-Session-Id",
            "Mcp-Protocol-Version",
            "Last-Event-ID",
        ),
        # What tracing agents in pages add by themselves: W3C Trace Context, Sentry, Zipkin.
        "@tracing": ("traceparent", "tracestate", "baggage", "sentry-trace", "b3"),
        "@download": (),
        "@pagination": (),
    }
)

EXPOSE_GROUPS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "@range": (
            "Accept-Ranges",
            "Content-Encoding",
            "Content-Length",
            "Content-Range",
            "ETag",
            "Last-Modified",
        ),
        "@mcp": ("Mcp-Session-Id", "WWW-Authenticate"),
        "@tracing": (),
        "@download": ("Content-Disposition", "Content-Length"),
        "@pagination": ("Link", "X-Total-Count", "Location"),
    }
)
