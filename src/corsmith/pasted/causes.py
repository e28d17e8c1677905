"""Why a browser says what it says: the likely causes, in words, as one table.

What lives here: each cause that is CORS, in two sentences, and what to ask or do first. What
does not: what only looks like CORS (``lookalikes``), which cause is likeliest (``ranking``),
and reading the text (``pasted``).

The blanks are names of ``BLANKS``; each has words for when nothing fills it.
"""

# ruff: noqa: E501  the table has one sentence a line

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from corsmith.pasted.lookalikes import LOOKALIKES

__all__ = ["BLANKS", "CAUSES", "Cause", "fill"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """One cause: what happened, why it looks as it does, and the first question or remedy.

    ``is_cors`` is false for what looks like CORS and is not.
    """

    head: str
    more: str
    ask: str
    is_cors: bool = True


BLANKS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "first": "the first address",
        "header": "this request header",
        "host": "the server",
        "method": "this method",
        "page": "this page's origin",
        "status": "an error status",
        "url": "the address",
        "value": "another value",
    }
)
"""What stands in a blank that the pasted text does not fill."""


def fill(template: str, values: Mapping[str, str]) -> str:
    """Return a sentence with its blanks filled.

    >>> fill("Nothing listens at {host}.", {"host": "127.0.0.1:8000"})
    'Nothing listens at 127.0.0.1:8000.'
    """
    told = {name: value for name, value in values.items() if value}
    return template.format_map({**BLANKS, **told})


_REFUSALS: Final[Mapping[str, tuple[str, str, str]]] = MappingProxyType({
    "error-page": (
        "The answer is an error page, made outside the CORS layer.",
        "The browser names the header that is missing and hides the status, so the reason stands in the server's log and not in its CORS settings.",
        "Which status has this request in the Network tab? If it is 4xx or 5xx, repair that first.",
    ),
    "server-error": (
        "The server fails with {status}, and its error page lacks CORS headers.",
        "The reason stands in the server's log, not in its CORS settings.",
        "What does the log of {host} say about this request? Then put the CORS layer outside the error handler.",
    ),
    "gateway-error": (
        "A gateway before the server answers {status}, without CORS headers.",
        "The server behind it is down, too slow or unreachable, so its CORS settings were never asked.",
        "Does the server behind {host} run and answer in time? Then give the gateway's own error pages the headers too.",
    ),
    "not-found": (
        "The address does not exist ({status}): its error page has no CORS headers.",
        "A wrong path, a missing slash or a wrong method ends at a router that answers before the CORS layer.",
        "Is {url} right, letter for letter? Open it in a tab.",
    ),
    "refused-before-cors": (
        "A check before the CORS layer refuses the request with {status}.",
        "Authentication, a firewall or a rate limit answers first, and its answer has no CORS headers.",
        "Is the token or cookie sent and still valid? Then put the CORS layer outside that check.",
    ),
    "no-cors-headers": (
        "The server sends no CORS headers for this address.",
        "A page may read another origin's answer only if Access-Control-Allow-Origin names {page} or is *.",
        "Is {host} yours? If so, add {page} to its CORS settings; if not, go through a server of yours.",
    ),
    "origin-refused": (
        "The server does not allow {page}.",
        "Origins are compared whole: scheme, host and port, without a slash at the end, and localhost is not 127.0.0.1.",
        "Does the server's list of origins have exactly {page}?",
    ),
    "cached-copy": (
        "A copy that was made for another page came out of a cache.",
        "An answer that depends on the page and does not say Vary: Origin is handed to every page alike.",
        "Does it work with “Disable cache” on in the Network tab? Then send Vary: Origin.",
    ),
    "redirect-hop": (
        "A redirect is on the way, and one answer of the chain lacks the headers.",
        "Every answer from {first} on is checked, the redirects too; a login page at the end has none.",
        "Where does Location lead? Let the page ask for that address at once.",
    ),
    "null-page": (
        "The page has no origin of its own: it sends null.",
        "It was opened from a file, runs in a sandboxed frame, or was redirected between two other origins.",
        "Was the page opened as file://? Serve it over http, and allow that origin.",
    ),
    "single-origin": (
        "The server allows {value}, and the page is {page}.",
        "One origin is written into its settings, or its list is compared with something else than the Origin header.",
        "Add {page} to the server's origins, and let it answer with the one that asked and Vary: Origin.",
    ),
    "slash-or-path": (
        "The server names {value}, and an origin has no slash and no path.",
        "Browsers compare the whole value byte for byte, so this one never matches any page.",
        "Write {page} in the server's settings, without what follows the port.",
    ),
    "pattern-sent": (
        "The server answers the pattern {value}.",
        "Browsers know no wildcard inside an origin: the header takes one exact origin, or * alone.",
        "Let the server compare the pattern itself and answer {page}.",
    ),
    "not-an-origin": (
        "The server answers {value}, which is no origin.",
        "The header takes one exact origin with its scheme, or * alone.",
        "Write {page} in the server's settings.",
    ),
    "two-layers": (
        "Two layers both set Access-Control-Allow-Origin.",
        "The application and the nginx, gateway or CDN before it each add a line, and the browser takes exactly one value.",
        "Which layers add it? Let one of them stop.",
    ),
    "list-sent": (
        "The server answers its whole list of origins.",
        "The header takes exactly one, so the server has to pick the page's own out of its list.",
        "Let it answer {page} and Vary: Origin in place of {value}.",
    ),
    "wildcard-and-credentials": (
        "The server answers *, and the page includes credentials.",
        "With cookies the header has to name {page}; methods, headers and exposed headers have to be named too.",
        "Does this request need cookies? If not, leave out credentials: 'include' (withCredentials); if so, let the server answer {page} and Access-Control-Allow-Credentials: true.",
    ),
    "credentials-by-default": (
        "The page's HTTP client includes credentials although nothing needs them.",
        "withCredentials = true is often set once for every request.",
        "Who sets it? Leave it out where no cookie is needed.",
    ),
    "credentials-not-allowed": (
        "The server does not say Access-Control-Allow-Credentials: true.",
        "The page includes cookies or other credentials, and without exactly this word it may not read the answer.",
        "Turn credentials on in the server's CORS settings, for a list of origins; or leave them out in the page.",
    ),
    "credentials-on-errors-only": (
        "The header is there on some answers and not on this one.",
        "A preflight, a redirect or an error page is often answered by another layer.",
        "Compare the OPTIONS and the request in the Network tab: which of them lacks it?",
    ),
    "preflight-authentication": (
        "Authentication answers the preflight before CORS does (401, 403).",
        "A preflight never carries cookies or Authorization, so every login check refuses it.",
        "Which status has the OPTIONS in the Network tab? Let OPTIONS with Access-Control-Request-Method through unasked.",
    ),
    "preflight-no-route": (
        "Nothing on the server answers OPTIONS at this address (404, 405, 501).",
        "The router knows other methods only, and no CORS layer stands before it.",
        "Put the CORS layer before the router, so that it answers OPTIONS on every path.",
    ),
    "preflight-firewall": (
        "A firewall, gateway or failing server answers the preflight.",
        "The application behind it never saw the OPTIONS.",
        "Who answered? Look at Server and Via of the OPTIONS in the Network tab.",
    ),
    "redirect-slash": (
        "The address redirects because of the slash at its end.",
        "Frameworks send /items to /items/ or back, often to http behind a proxy, and a preflight follows no redirect.",
        "What does Location of the OPTIONS say? Use that address in the page.",
    ),
    "redirect-https": (
        "The address redirects from http to https.",
        "A preflight follows no redirect, not even to the same host.",
        "Write https:// in the page's address.",
    ),
    "redirect-login": (
        "A login page or another region is where the preflight is sent to.",
        "Access proxies, code spaces and oauth2-proxy redirect whoever has no cookie, and a preflight never has one; S3's global endpoint sends to its region.",
        "What does Location of the OPTIONS say? Let OPTIONS through, or use the regional address.",
    ),
    "method-not-listed": (
        "The server's Access-Control-Allow-Methods lacks {method}.",
        "Each method but GET, HEAD and POST has to be listed, and is compared letter for letter.",
        "Add {method} to the methods of the server's CORS settings.",
    ),
    "method-lower-case": (
        "The page sends {method} in lower case.",
        "Browsers put get, post, put and delete in capitals, and leave every other method as it is written.",
        "Write the method in capitals in the page.",
    ),
    "other-layer-answers": (
        "Another layer answers the preflight with a list of its own.",
        "A gateway, bucket or CDN before the application has settings that the application does not know.",
        "Who answered the OPTIONS? Change the list there.",
    ),
    "header-not-listed": (
        "The server's Access-Control-Allow-Headers lacks {header}.",
        "The page or one of its libraries sets it, and each header beyond a few has to be listed.",
        "Add {header} to the headers of the server's CORS settings, or find who sets it.",
    ),
    "tracing-header": (
        "A tracing library adds {header} to every request of the page.",
        "Sentry, OpenTelemetry, Datadog and their like send it to third parties too unless told otherwise.",
        "Leave {host} out of the library's targets (tracePropagationTargets), or allow {header} on the server.",
    ),
    "response-header-sent": (
        "The page itself sends {header}, which is a header of answers.",
        "In a request it allows nothing, and makes the browser ask the server whether it may be sent.",
        "Remove {header} from the page's request; the server has to send it.",
    ),
    "authorization-under-star": (
        "The server relies on * for Authorization, which * does not cover.",
        "The standard wants it named; today's engines still let it pass, and Firefox announces the end of that.",
        "Write Authorization beside * in Access-Control-Allow-Headers.",
    ),
    "list-unreadable": (
        "The server's list of methods or headers cannot be read.",
        "One element that is no name, such as a quote, a colon or a blank inside, spoils the whole list.",
        "Write names with commas between them.",
    ),
    "userinfo-redirect": (
        "A redirect leads to an address with a user name and password.",
        "Browsers refuse that across origins, whatever the headers say.",
        "Let the server redirect without them.",
    ),
    "mode-same-origin": (
        "The page asked another origin with mode: 'same-origin'.",
        "In that mode the browser sends nothing across origins.",
        "Leave the mode out of the page's fetch.",
    ),
    "page-from-file": (
        "The page was opened as a file, and not over http.",
        "Pages from file:// have no origin, and browsers load modules, fonts and data only over http(s) for them.",
        "Serve the folder with a local web server, and open http://127.0.0.1:… in its place.",
    ),
    "opaque-answer": (
        "The answer is opaque: it was asked for with mode: 'no-cors'.",
        "The page gets status 0, no headers and an empty body, whatever the server sent.",
        "Leave mode: 'no-cors' out, and let the server allow {page}.",
    ),
    "tainted-canvas": (
        "The image was loaded without CORS, so the canvas may not be read.",
        "An element without the attribute crossorigin asks without Origin, and its pixels stay hidden even if the server would allow it.",
        'Set crossorigin="anonymous" before src, and let the server allow {page} with Vary: Origin.',
    ),
    "not-exposed": (
        "The answer has {header}, and the server does not expose it.",
        "Beyond seven plain ones a page reads only what Access-Control-Expose-Headers names.",
        "Add {header} to Access-Control-Expose-Headers.",
    ),
    "range-not-exposed": (
        "Content-Length or Content-Range is sent and not exposed.",
        "A page reads them across origins only if Access-Control-Expose-Headers names them.",
        "Expose Content-Length, Content-Range, Accept-Ranges and ETag.",
    ),
    "console-knows": (
        "The browser refuses the answer and does not tell the script why.",
        "The reason stands in the console, in the red line before this one.",
        "Which line begins “Access to fetch” or “Cross-Origin Request Blocked”? Paste that one.",
    ),
})  # fmt: skip


def _causes(table: Mapping[str, tuple[str, str, str]], *, is_cors: bool) -> dict[str, Cause]:
    return {
        name: Cause(head=head, more=more, ask=ask, is_cors=is_cors)
        for name, (head, more, ask) in table.items()
    }


CAUSES: Final[Mapping[str, Cause]] = MappingProxyType(
    _causes(_REFUSALS, is_cors=True) | _causes(LOOKALIKES, is_cors=False)
)
"""Every cause by its name."""
