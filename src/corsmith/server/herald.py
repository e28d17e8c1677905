"""What the person who started a server is told while it runs.

What lives here: ``Herald``: the banner once the server answers, the edits of its policy, the
page to try it from, and the origins that a key allows. What does not: the processes (``run``)
and the words (``banner``).

None of it is needed before the first answer, so this module and what it needs are loaded once
the workers have been started.
"""

import threading
from dataclasses import replace
from typing import TYPE_CHECKING

from corsmith.errors import CorsmithError
from corsmith.policy import Policy
from corsmith.routes import Routes
from corsmith.server.admitted import allow_besides, may_be_admitted
from corsmith.server.asking import question
from corsmith.server.banner import (
    Started,
    at_now,
    banner,
    edited,
    failed,
    not_started,
    problems,
    reloaded,
    some_origin,
    warnings,
)
from corsmith.server.events import Receiver
from corsmith.server.in_force import InForce
from corsmith.server.plan import Plan, Say
from corsmith.server.ports import reached_at, wait_for_answer
from corsmith.server.serving import Looking, Told

if TYPE_CHECKING:
    from corsmith.server.page import TryPage

__all__ = ["Herald"]


class Herald:
    """Tells the person who started a server what becomes of it."""

    def __init__(self, plan: Plan, say: Say, where: tuple[str, int]) -> None:
        """Take what is served, what writes for the person, and the address and the port.

        They are not asked of the socket: the end may have closed it.
        """
        self._plan = plan
        self._say = say
        self._address, self._port = where
        self._in_force = InForce(
            policy=plan.policy, source=plan.source.file, flags=tuple(plan.source.fields)
        )
        self._own = plan.policy
        self._admitted: list[str] = []
        self._watcher = plan.source.watcher(self._take, self._complain)
        self._notes: tuple[tuple[str, str], ...] = ()
        self._page: TryPage | None = None
        self._page_url: str | None = None

    def open_page(self, events: Receiver) -> None:
        """Start the try page, which hears of requests by ``events``."""
        from corsmith.server.page import TryPage  # many do without it

        page = TryPage(
            self._describe(None).url, lambda: self._in_force, self._plan.tried, events=events
        )
        try:
            self._page_url = page.start()
        except OSError as error:
            self._say([f"there is no try page: {error.strerror or error}"])
        else:
            self._page = page

    def stop(self) -> None:
        """End the try page, if there is one."""
        if self._page is not None:
            self._page.stop()

    # ── the workers ────────────────────────────────────────────────────────────

    def fail(self, error: CorsmithError, *, is_first: bool) -> None:
        """Tell that a start has failed, the first one or one after an edit."""
        stays = [] if is_first else ["  until then the app from before this edit answers"]
        self._say([*not_started(error), *stays])

    def bring(self, told: Told) -> bool:
        """Take what a worker tells once it is ready; return whether its notes are news."""
        before, self._notes = self._notes, told.notes
        policy = told.policy
        # A policy that an application brings is in force, and again ours if it has none.
        if self._plan.source.file is None:
            self._in_force = replace(self._in_force, is_brought=policy is not None)
            self._put(self._plan.policy if policy is None else policy)
        return told.notes != before

    def reload(self, file: str, *, is_news: bool) -> None:
        """Tell that an edit of the application's code is in force."""
        self._say(at_now(reloaded(file, self._notes if is_news else ())))

    def announce(self) -> None:
        """Print the banner, now that every worker is ready, once one has answered."""
        wait_for_answer(self._address, self._port)
        started = self._describe(self._page_url)
        self._say([*banner(started), *self._warnings()])
        if isinstance(self._plan.serving, Looking):
            # Not waited for: an upstream may take its time.
            looking = (self._plan.serving,)
            threading.Thread(target=self._look, args=looking, daemon=True).start()
        if self._plan.opens:
            self._open(started.url)
        if self._watcher is not None:
            self._catch_up()
            self._watcher.start()

    def _describe(self, page: str | None) -> Started:
        return Started(
            address=self._address,
            port=self._port,
            policy=self._in_force.policy,
            file=self._plan.source.file,
            page=page,
            serving=self._plan.serving,
            notes=self._notes,
            certificate=self._plan.certificate,
            others=self._others(),
        )

    def _others(self) -> str | None:
        """Return where other machines reach it, if it listens on every address."""
        if reached_at(self._address) == self._address:
            return None
        from corsmith.server.tls import address_in_network  # loads what makes certificates

        return address_in_network()

    def _warnings(self) -> list[str]:
        """Return what is suspicious in the policy, and what its file leaves out."""
        found = warnings(self._in_force.policy)
        if self._plan.source.file is not None:
            from corsmith.server.omitted import omitted  # only what a file leaves out

            found += omitted(self._plan.source, self._plan.tried.kind)
        return found

    def _look(self, serving: Looking) -> None:
        """Tell what can be seen from here, if that is worth a line."""
        lines = list(serving.look(some_origin(self._in_force.policy)))
        if lines:
            self._say(at_now(lines))

    def _open(self, url: str) -> None:
        """Open what is served, or the page to try it from."""
        from corsmith.server.browsing import Shown, open_address  # only where it is wanted

        serving = self._plan.serving
        if isinstance(serving, Shown):
            address = serving.address(url)
        else:
            address = f"{url}/" if self._page_url is None else self._page_url
        is_secret = address == self._page_url  # it has the token
        open_address(address, lambda line: self._say([line]), is_secret=is_secret)

    # ── the policy ─────────────────────────────────────────────────────────────

    def _catch_up(self) -> None:
        """Take an edit that was made between the first reading and now."""
        try:
            policy = self._plan.source.load()
        except CorsmithError as error:
            self._complain(error)
        else:
            self._take(policy)

    def _put(self, own: Policy | Routes) -> None:
        """Have a policy in force, with the origins that a key has allowed besides."""
        self._own = own
        self._in_force = replace(self._in_force, policy=allow_besides(own, self._admitted))

    def _take(self, own: Policy | Routes) -> None:
        before = self._in_force
        file = str(before.source)
        self._put(own)
        self._in_force = replace(self._in_force, problems=())
        policy = self._in_force.policy
        if policy != before.policy or before.problems:
            self._say(at_now([*edited(file, policy), *self._warnings()]))

    def _complain(self, error: CorsmithError) -> None:
        before = self._in_force
        lines = problems(error)
        self._in_force = replace(before, problems=tuple(lines))
        self._say(at_now(failed(str(before.source), error)))

    # ── an origin that is refused ──────────────────────────────────────────────

    def question(self, origin: str) -> str | None:
        """Return what is asked about an origin; ``None`` where no key may allow it."""
        policy = self._in_force.policy
        if isinstance(policy, Routes) or not may_be_admitted(policy, origin):
            return None
        return question(origin, credentials=policy.credentials)

    def admit(self, origin: str) -> None:
        """Take that a key has allowed an origin until the end, and say so."""
        self._admitted.append(origin)
        self._put(self._own)
        self._say(at_now([f"{origin} is allowed until the end"]))
