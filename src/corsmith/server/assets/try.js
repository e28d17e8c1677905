"use strict";

// The page shows and compares; it never judges. What a policy leads to is told by the server
// (event "policy"), what the server saw by its workers (event "exchange"), and what the script
// got by the browser itself.

const byId = (id) => document.getElementById(id);
const cards = byId("cards");
const presses = new Map();
const MOST_CARDS = 60;
let now = null; // what the last "policy" event said
let nowText = "";
let predictions = null; // those of the path that is chosen, or null while they are not known
let isChosen = false; // a path was typed: until then the first of the policy is offered
let asked = 0; // how often they were asked for: an answer that was overtaken is of no use

function newPress() {
  const bytes = crypto.getRandomValues(new Uint8Array(8));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

// ── the policy in force ─────────────────────────────────────────────────────

function showPolicy(text) {
  if (text === nowText) return; // the stream was lost and is there again
  const policy = JSON.parse(text);
  if (now) {
    changedAt = Date.now();
    byId("said").textContent = policy.problems.length
      ? "The edit of the policy has a problem."
      : "The policy changed.";
  }
  now = policy;
  nowText = text;
  const paths = Object.keys(policy.predictions);
  byId("routes").replaceChildren(...paths.map((path) => make("option", "", path)));
  if (!isChosen) byId("path").value = paths[0];
  byId("sentence").textContent = policy.sentence;
  byId("sentence").hidden = !policy.sentence;
  byId("confirm").hidden = !policy.writing.length;
  const time = changedAt ? `, changed ${new Date(changedAt).toLocaleTimeString()}` : "";
  byId("source").textContent = policy.source
    ? `${policy.source}${time}. Edit it and press again.`
    : policy.from;
  // A line breaks between words alone: never within a flag.
  const words = (policy.command ?? "").split(" ").flatMap((word) => [" ", make("span", "word", word)]);
  byId("command").replaceChildren(...words.slice(1));
  byId("command").hidden = !policy.command;
  byId("text").textContent = policy.text;
  byId("copy").replaceChildren(...(policy.source ? [] : [copyButton(policy.text, byId("text"))]));
  byId("problems").replaceChildren(
    ...(policy.problems.length
      ? [
          make(
            "div",
            "problem",
            make("p", "", `✗ ${policy.source} cannot be used as it is now, so the policy below stays in force:`),
            make("ul", "", ...policy.problems.map((problem) => make("li", "", problem))),
          ),
        ]
      : []),
  );
  showExpectations();
}

// Where the chosen path leads: always below the target, whatever is typed.
function chosenUrl() {
  const typed = byId("path").value.trim();
  return new URL(`${now.target}${typed.startsWith("/") ? "" : "/"}${typed}`);
}

// Which policy covers a path is judged by the server; one policy alone covers every path.
async function showExpectations() {
  const question = (asked += 1);
  const { pathname } = chosenUrl();
  predictions = now.predictions[now.routed ? pathname : "/"] ?? null;
  showSigns();
  if (predictions) return;
  let found = null;
  try {
    const response = await fetch(`/predictions${location.search}&path=${encodeURIComponent(pathname)}`);
    if (response.ok) found = await response.json();
  } catch {} // no server: the line at the top says so
  if (question !== asked) return;
  predictions = found;
  showSigns();
}

function showSigns() {
  for (const button of document.querySelectorAll("button[data-press]")) {
    const name = button.dataset.press;
    const prediction = predictions?.[name];
    const waits = now.writing.includes(name) && !byId("writes").checked;
    const sign = button.querySelector("i");
    button.hidden = !now.buttons[name];
    button.disabled = !prediction || waits;
    sign.textContent = !prediction ? "" : waits ? "tick above" : expected(prediction);
    sign.className = !prediction || waits ? "" : prediction.stops ? "bad" : "good";
  }
}

// ── sending ─────────────────────────────────────────────────────────────────

let frame = null;
const inFrame = new Map();

function openFrame() {
  frame ??= new Promise((resolve) => {
    const element = make("iframe");
    element.setAttribute("sandbox", "allow-scripts"); // no allow-same-origin: its origin is null
    element.title = "the sandboxed frame that sends with Origin: null";
    element.hidden = true;
    element.addEventListener("load", () => resolve(element.contentWindow));
    element.src = "/frame";
    document.body.append(element);
    addEventListener("message", (event) => {
      if (event.source === element.contentWindow) inFrame.get(event.data.id)?.(event.data.got);
    });
  });
  return frame;
}

async function sendFromFrame(id, url, init) {
  const target = await openFrame();
  return new Promise((resolve) => {
    inFrame.set(id, (got) => {
      inFrame.delete(id);
      resolve(got);
    });
    target.postMessage({ id, url, init }, "*"); // an opaque origin has no other name
  });
}

async function press(name) {
  const button = now.buttons[name];
  const id = newPress();
  const chosen = button.path ? new URL(now.target + button.path) : chosenUrl();
  const path = chosen.pathname + chosen.search;
  const one = {
    id,
    path,
    button,
    prediction: predictions[name],
    seen: { preflight: null, request: null },
    got: null,
    settled: false,
    details: make("details", "card"),
  };
  presses.set(id, one);
  cards.querySelector(".empty")?.remove();
  for (const other of cards.children) other.open = false;
  one.details.open = true;
  one.details.dataset.id = id;
  cards.prepend(one.details);
  if (cards.children.length > MOST_CARDS) {
    presses.delete(cards.lastChild.dataset.id);
    cards.lastChild.remove();
  }
  show(one);
  reveal(one.details);
  const url = `${now.target}${path}${chosen.search ? "&" : "?"}corsmith-try=${id}`;
  const init = {
    method: button.method,
    headers: button.headers,
    body: button.body ?? undefined,
    credentials: button.credentials ? "include" : "same-origin",
  };
  one.got = await (button.sandboxed ? sendFromFrame(id, url, init) : send(url, init));
  show(one);
  // The workers' records take another way than the answer, and may come after it.
  const { preflight, stops } = one.prediction;
  const isComplete = () =>
    (!preflight || one.seen.preflight) && (stops === "preflight" || one.seen.request);
  for (let tick = 0; tick < 60 && !isComplete(); tick += 1) await wait(25);
  one.settled = true;
  show(one);
  const { text, sign } = headline(one);
  byId("said").textContent = `${title(one)}: ${sign} ${text}. ${agreement(one).text}.`;
}

// On a narrow screen the result is below the buttons.
function reveal(details) {
  const { top } = details.getBoundingClientRect();
  if (top < 0 || top > innerHeight * 0.6) details.scrollIntoView();
}

// ── start ───────────────────────────────────────────────────────────────────

for (const button of document.querySelectorAll("button[data-press]")) {
  button.addEventListener("click", () => press(button.dataset.press));
}
for (const type of ["input", "change"]) {
  byId("path").addEventListener(type, () => {
    isChosen = true;
    if (now) showExpectations();
  });
}
byId("writes").addEventListener("change", showSigns);

function showLive(state, text) {
  byId("live").dataset.state = state;
  byId("live").textContent = text;
}

const events = new EventSource(`/events${location.search}`);
events.addEventListener("open", () => showLive("on", "live"));
events.addEventListener("error", () =>
  showLive(
    "off",
    events.readyState === EventSource.CLOSED
      ? "not connected: reload this page"
      : "not connected: is corsmith still running?",
  ),
);
events.addEventListener("policy", (event) => showPolicy(event.data));
events.addEventListener("exchange", (event) => {
  const exchange = JSON.parse(event.data);
  const one = presses.get(exchange.press);
  if (!one) return; // another page's
  one.seen[exchange.kind === "preflight" ? "preflight" : "request"] = exchange;
  show(one);
});
