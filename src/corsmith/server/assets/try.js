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
  const select = byId("path");
  const chosen = select.value;
  select.replaceChildren(...paths.map((path) => new Option(path, path)));
  if (paths.includes(chosen)) select.value = chosen;
  byId("paths").hidden = paths.length < 2;
  const time = changedAt ? `, changed ${new Date(changedAt).toLocaleTimeString()}` : "";
  byId("source").textContent = policy.source
    ? `${policy.source}${time}. Edit it and press again.`
    : "From the command line. To change it while you watch, put it into a file: corsmith serve --policy cors.toml";
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

function showExpectations() {
  for (const button of document.querySelectorAll("button[data-press]")) {
    const prediction = now.predictions[byId("path").value][button.dataset.press];
    const sign = button.querySelector("i");
    sign.textContent = expected(prediction);
    sign.className = prediction.stops ? "bad" : "good";
    button.disabled = false;
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
  const path = button.path ?? byId("path").value;
  const id = newPress();
  const one = {
    id,
    path,
    button,
    prediction: now.predictions[byId("path").value][name],
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
  const url = `${now.target}${path}?corsmith-try=${id}`;
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
byId("path").addEventListener("change", showExpectations);

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
