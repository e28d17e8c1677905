"""The browser half: what a browser does with an answer, and why.

A pure model of the client side of the CORS protocol in the Fetch Standard. ``fetch`` is a
generator: it yields what a browser would send and is given what came back, so one piece of
code serves a network, a policy in memory, an application, and a recording.

What lives here: the browser's judgement. What does not: a server's (``decision``), which
this half never imports, so that a test that wires both together means something.
"""

from corsmith.browser.engines import CHROMIUM, ENGINES, FIREFOX, STANDARD, WEBKIT, Engine
from corsmith.browser.fetch import fetch
from corsmith.browser.progress import Profile
from corsmith.browser.request import Body, FetchRequest
from corsmith.browser.verdict import Failure, Outcome, Received, Sent, Step, Verdict

__all__ = [
    "CHROMIUM",
    "ENGINES",
    "FIREFOX",
    "STANDARD",
    "WEBKIT",
    "Body",
    "Engine",
    "Failure",
    "FetchRequest",
    "Outcome",
    "Profile",
    "Received",
    "Sent",
    "Step",
    "Verdict",
    "fetch",
]
