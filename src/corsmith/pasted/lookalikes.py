"""What looks like CORS and is not: the network, the browser and the server's other checks.

What lives here: each such cause in two sentences, and what to ask or do first. What does not:
what is CORS, and what the blanks mean (``causes``).
"""

# ruff: noqa: E501  the table has one sentence a line

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

__all__ = ["LOOKALIKES"]

LOOKALIKES: Final[Mapping[str, tuple[str, str, str]]] = MappingProxyType({
    "payload-too-large": (
        "The body is larger than the server or its gateway takes (413).",
        "The limit answers before the CORS layer does, so a missing header is all that the browser tells.",
        "How large is the body? In nginx raise client_max_body_size, in other servers their own limit.",
    ),
    "reset-after-preflight": (
        "The server hung up on the request itself, after a good preflight.",
        "Firefox blames two header lines then, although there was no answer at all.",
        "What does the server's log say about the request after the OPTIONS?",
    ),
    "redirect-loop": (
        "The server redirects in a circle.",
        "More than 20 redirects end in a network error, before any header counts.",
        "Where does Location lead each time? A missing cookie or a proxy that ends TLS is the usual reason.",
    ),
    "redirect-scheme": (
        "A redirect leads to an address that is not http(s).",
        "Browsers follow none to data:, file: or an app's own scheme.",
        "Where does Location lead?",
    ),
    "address-not-http": (
        "The address is not http(s): {url}.",
        "Across origins browsers fetch over http and https only.",
        "Does the address begin with https://? A missing // or scheme is the usual slip.",
    ),
    "resource-policy": (
        "Cross-Origin-Resource-Policy forbids other sites to embed the answer.",
        "The page loads it without CORS, or is cross-origin isolated, and this header decides then.",
        "Send Cross-Origin-Resource-Policy: cross-origin, or load it with the attribute crossorigin.",
    ),
    "not-the-type": (
        "A no-cors request or an element got what is no image, script or style.",
        "Browsers hide such answers from the page altogether (ORB, formerly CORB).",
        "Use fetch without mode: 'no-cors', and let the server allow {page}; or is the answer an error page?",
    ),
    "forbidden-header": (
        "The page sets {header}, which only the browser may set.",
        "Browsers drop such a header and go on, so this line is not why the request fails.",
        "Remove it from the page, and look for the next red line.",
    ),
    "local-network": (
        "The browser may not reach this machine or network for the page.",
        "Chromium asks the user once for each site (Local Network Access); without a yes nothing is sent, so no header can help.",
        "Allow “local network access” in the site settings beside the address, and reload.",
    ),
    "local-network-no-prompt": (
        "The browser could not ask: the page is not https, or is in a frame.",
        'Only a secure page may ask for the local network, a frame only with allow="local-network-access".',
        "Is the page https? Is it in a frame? An administrator's policy can answer for all as well.",
    ),
    "local-network-same-machine": (
        "A page from the internet reaches for a server on this machine.",
        "A page served from this machine itself needs no permission.",
        "Is there a version of the page to run locally?",
    ),
    "private-network": (
        "This Chrome is from the years of Private Network Access.",
        "It wanted Access-Control-Allow-Private-Network: true on the preflight; today's asks the user.",
        "Which version is it? Update it; for old ones let the preflight's answer carry that header.",
    ),
    "mixed-content": (
        "A page loaded over https asks an http address.",
        "Browsers block that before anything is sent; only loopback (localhost, 127.0.0.1) is exempt.",
        "Serve {host} over https, or let the page ask https:// if it already is.",
    ),
    "server-down": (
        "Nothing listens at {host}.",
        "The connection was refused, so there was no answer and no header to check.",
        "Does the server run, on this port, and on this address (127.0.0.1 is not ::1)?",
    ),
    "hung-up": (
        "The server hung up without an answer.",
        "It crashed, or it speaks TLS on this port where the page asks http, or a firewall cut the line.",
        "What does the server's log say? Is it http:// or https:// on this port?",
    ),
    "name-unknown": (
        "The host name of {host} does not resolve.",
        "There is no such name in DNS, or this network does not know it, so nothing was sent.",
        "Is it spelled right? Is a VPN needed?",
    ),
    "certificate": (
        "The browser does not trust the certificate of {host}.",
        "A page's request gets no warning to click away: it just fails, and the console may blame CORS.",
        "Open https://{host}/ in a tab: does it warn? A self-signed one has to be accepted there or trusted.",
    ),
    "too-slow": (
        "The server did not answer in time.",
        "It hangs, or a firewall drops the packets, so there was no header to check.",
        "Does the address answer in a tab, from this network?",
    ),
    "broken-answer": (
        "The answer breaks the rules of HTTP.",
        "It stopped early, its length is wrong, or the port speaks another protocol.",
        "What answers on this port? Look at the server's and the proxy's logs.",
    ),
    "ad-blocker": (
        "An extension or the browser's own shield blocked the request.",
        "Words such as ads, analytics or track in an address are enough; the server was never asked.",
        "Does it work in a private window with extensions off?",
    ),
    "offline": (
        "The connection of this machine went away.",
        "Without a network nothing was sent.",
        "Is the machine online, and did Wi-Fi or a VPN just change?",
    ),
    "page-left": (
        "The page gave the request up: it was reloaded, left or aborted.",
        "A form that submits itself does that to a fetch in its click handler.",
        "Does a form's submit run too? Call event.preventDefault().",
    ),
    "page-policy": (
        "The page's own Content-Security-Policy forbids the address.",
        "The page's server sends it, so nothing on {host} can change it.",
        "Add {host} to connect-src (or default-src) of the page's policy.",
    ),
    "cors-off": (
        "CORS is turned off in this Firefox.",
        "With content.cors.disable every request across origins fails.",
        "Set content.cors.disable to false in about:config.",
    ),
    "csrf": (
        "The server's CSRF check refused the request; CORS has no part in it.",
        "Django compares Origin with CSRF_TRUSTED_ORIGINS, which is another list than CORS_ALLOWED_ORIGINS; other frameworks have their own.",
        "Add {page} to CSRF_TRUSTED_ORIGINS, with its scheme; behind a proxy check that the server knows it is https.",
    ),
    "csrf-token": (
        "The request lacks the CSRF token.",
        "A page on another origin cannot read the cookie that holds it.",
        "Send the token as the header X-CSRFToken, or use a login that needs no cookies.",
    ),
    "host-check": (
        "The server does not know the host name it is asked by.",
        "A check of Host stands before everything else, against DNS rebinding.",
        "Allow the name: server.allowedHosts in Vite, allowedHosts in webpack, ALLOWED_HOSTS in Django.",
    ),
    "no-ranges": (
        "The server ignores Range and answers the whole file.",
        "Viewers read a few bytes of a large file, and this server has no byte serving or compresses it.",
        "Does curl -r 0-9 -i answer 206? If not, serve the files with something that does, such as corsmith serve.",
    ),
    "cookie-same-site": (
        "The cookie's own SameSite keeps it away; CORS has no part in it.",
        "Page and server are different sites, and Lax (the default) or Strict does not go along.",
        "Set it with SameSite=None; Secure, and include credentials; or serve both from one site.",
    ),
    "third-party-cookies": (
        "The browser blocks third-party cookies.",
        "Safari, Firefox and private windows do so whatever SameSite says.",
        "Serve page and API from one site, or use a token.",
    ),
    "frame": (
        "This is about frames and windows, not about requests.",
        "X-Frame-Options and frame-ancestors decide who may frame a page, and no page may reach into another origin's frame.",
        "Talk to the frame with postMessage; let the framed site allow {page} in frame-ancestors.",
    ),
    "websocket": (
        "The server refused the WebSocket handshake itself.",
        "CORS does not apply to WebSockets: the server has its own check of Origin, or its proxy does not pass Upgrade on.",
        "Which status had the handshake? 403: allow {page} in the server's Origin check.",
    ),
    "not-reached": (
        "The server was not reached at all.",
        "It is down, its name or certificate is wrong, or the page is https and the address http.",
        "Does {url} open in a tab, without a warning?",
    ),
    "blocked-in-browser": (
        "Something in the browser stopped the request.",
        "An extension, the page's Content-Security-Policy or the local-network permission leaves no answer either.",
        "Does the Network tab say “blocked”?",
    ),
})  # fmt: skip
"""Head, more and first question of each cause, by its name."""
