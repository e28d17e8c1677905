"use strict";

// How one press is shown: a headline, why, the line to change, and the ladder from the preflight
// over the request to the script. Nothing here sends or judges.

let changedAt = 0; // when the policy last changed, for who presses at that moment

const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

function make(name, className, ...children) {
  const element = document.createElement(name);
  if (className) element.className = className;
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

function copyButton(text, shown) {
  const button = make("button", "copy", "Copy");
  button.type = "button";
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(text);
      button.textContent = "Copied";
    } catch {
      getSelection().selectAllChildren(shown); // no permission: then by hand
      button.textContent = "Selected";
    }
    await wait(2000);
    button.textContent = "Copy";
  });
  return button;
}

const EXPECTED = { preflight: "✗ at preflight", request: "✗ hidden" };
const expected = ({ stops, status }) => (stops ? EXPECTED[stops] : `✓ ${status ?? "readable"}`);

// ── what happened ───────────────────────────────────────────────────────────

function title({ button, path }) {
  const extra = button.sandboxed
    ? " from a sandboxed frame"
    : button.credentials
      ? " with credentials"
      : button.headers["X-Unlisted"]
        ? " with X-Unlisted"
        : "";
  return `${button.method} ${path}${extra}`;
}

function headline(one) {
  const { got, seen, settled } = one;
  if (!got) return { kind: "wait", sign: "…", text: "sending" };
  if (got.status) {
    return { kind: "good", sign: "✓", text: `readable: the server answered ${got.status}` };
  }
  if (got.error === "TimeoutError") return { kind: "bad", sign: "✗", text: "no answer within 15 seconds" };
  if (seen.request) {
    return { kind: "bad", sign: "✗", text: `answered ${seen.request.status}, but hidden from the script` };
  }
  if (seen.preflight) {
    return { kind: "bad", sign: "✗", text: "stopped at the preflight, never sent" };
  }
  return settled
    ? { kind: "bad", sign: "✗", text: "no answer: the server saw nothing" }
    : { kind: "wait", sign: "…", text: "blocked" };
}

function agreement({ got, seen, settled, prediction }) {
  if (!settled) return { kind: "wait", text: `predicted: ${expected(prediction)}` };
  const same =
    Boolean(got.status) === !prediction.stops &&
    (!got.status || prediction.status === null || got.status === prediction.status) &&
    Boolean(seen.preflight) === prediction.preflight &&
    Boolean(seen.request) === (prediction.stops !== "preflight");
  return same
    ? { kind: "good", text: "✓ as predicted" }
    : { kind: "bad", text: `✗ not as predicted (${expected(prediction)})` };
}

function show(one) {
  const head = headline(one);
  const agreed = agreement(one);
  one.details.dataset.kind = head.kind;
  one.details.dataset.agreed = agreed.kind;
  one.details.replaceChildren(
    make(
      "summary",
      "",
      make("span", `sign ${head.kind}`, head.sign),
      make("b", "", title(one)),
      make("span", "outcome", head.text),
      make("span", `agreed ${agreed.kind}`, agreed.text),
    ),
    ...explanation(one, agreed),
    ladder(one),
  );
}

function explanation(one, agreed) {
  const { prediction, seen, settled } = one;
  if (!settled) return [];
  if (agreed.kind === "bad") {
    const reasons = [seen.preflight, seen.request].flatMap((exchange) => exchange?.reasons ?? []);
    const told = reasons.map(({ code, message }) => `The server says ${code}: ${message}`);
    if (!seen.preflight && !seen.request) {
      if (now.target.startsWith("https:")) told.push("Does this browser trust the server’s certificate? The line “trust it” of its banner makes it.");
      told.push("Is the server still running?");
    }
    if (seen.request && !one.got.status) told.push(...elsewhere(seen.request.status));
    if (Date.now() - changedAt < 4000) told.push("The policy had just changed: press again.");
    if (!told.length) told.push("The policy alone does not explain it: see the steps below for what was asked and answered.");
    return [make("p", "why", told.join(" "))];
  }
  const why = make("p", "why", prediction.why);
  if (prediction.code) why.append(" ", make("code", "", prediction.code));
  if (!prediction.line) return [why, make("p", "note", note(one))];
  const code = lineWithAdditions(prediction);
  const many = prediction.line.includes("\n");
  return [
    why,
    make(
      "div",
      "fix",
      make("p", "", make("b", "", many ? "Write these lines" : "Write this line"), ` in ${prediction.where}${many ? "" : ", in place of the old one"}:`),
      make("div", "copyable", code, copyButton(prediction.line, code)),
      prediction.note ? make("p", "note", prediction.note) : null,
    ),
  ];
}

// What else than the policy may keep an answer from a page.
function elsewhere(status) {
  if (status < 300 || status > 399) return [];
  return [`The server answered ${status}, which sends the browser on to another address: what that one allows decides.`];
}

function note({ got, prediction }) {
  if (prediction.status !== null || !(got.status >= 400)) return prediction.note;
  return `Nothing needs changing for CORS: ${got.status} is the server’s own answer, and a page can read it.`;
}

// The new values stand last in their lists, so the last occurrence is the addition.
function lineWithAdditions({ line, added }) {
  const code = make("pre", "code");
  const marks = [];
  for (const value of added) {
    const at = line.lastIndexOf(value);
    if (at >= 0) marks.push([at, at + value.length]);
  }
  let from = 0;
  for (const [start, end] of marks.sort((a, b) => a[0] - b[0])) {
    if (start < from) continue;
    code.append(line.slice(from, start), make("ins", "", line.slice(start, end)));
    from = end;
  }
  code.append(line.slice(from));
  return code;
}

// ── the ladder ──────────────────────────────────────────────────────────────

function ladder(one) {
  const steps = make("ol", "ladder", preflightStep(one), requestStep(one), scriptStep(one));
  steps.setAttribute("role", "list"); // WebKit forgets it where there are no bullets
  return steps;
}

const SIGNS = { good: "✓", bad: "✗", none: "–", wait: "…" };

function step(kind, name, sentence, ...more) {
  return make(
    "li",
    kind,
    make("span", "dot", SIGNS[kind]),
    make("h3", "", name),
    make("p", "", sentence),
    ...more,
  );
}

// Which two lines a reason is about: what was asked, and what was answered to it.
const CULPRITS = {
  "origin-not-allowed": ["Origin", "Access-Control-Allow-Origin"],
  "method-not-allowed": ["Access-Control-Request-Method", "Access-Control-Allow-Methods"],
  "header-not-allowed": ["Access-Control-Request-Headers", "Access-Control-Allow-Headers"],
  "credentials-not-allowed": ["", "Access-Control-Allow-Credentials"],
};

function message(caption, start, headers, culprit) {
  const code = make("pre", "code", start);
  const isCulprit = (name) => culprit && name.toLowerCase() === culprit.toLowerCase();
  for (const [name, value] of headers) {
    const line = `${name}: ${value}`;
    code.append("\n", isCulprit(name) ? make("mark", "", line) : line);
  }
  if (culprit && !headers.some(([name]) => isCulprit(name))) {
    code.append("\n", make("mark", "", `(no ${culprit})`));
  }
  return make("div", "", make("h4", "", caption), code);
}

function wire(exchange, code) {
  const [asked, answered] = CULPRITS[code] ?? [];
  return make(
    "div",
    "wire",
    message("the server saw", `${exchange.method} ${exchange.path}`, exchange.request_headers, asked),
    message("it answered", String(exchange.status), exchange.response_headers, answered),
  );
}

function preflightStep({ seen, settled, prediction, got }) {
  if (seen.preflight) {
    const bad = got && !got.status && !seen.request;
    const sentence = bad
      ? "The browser asked first, and the answer does not allow it."
      : "The browser asked first, and the answer allows it.";
    return step(bad ? "bad" : "good", "Preflight", sentence, wire(seen.preflight, bad ? prediction.code : null));
  }
  if (!settled && prediction.preflight) return step("wait", "Preflight", "…");
  return step("none", "Preflight", prediction.preflight ? "The server saw none." : "Not needed for this request.");
}

function requestStep({ seen, settled, prediction, got }) {
  if (seen.request) {
    const bad = got && !got.status;
    const sentence = bad
      ? "Sent, and the server answered; the answer does not let this page read it."
      : "Sent, and the answer lets this page read it.";
    return step(bad ? "bad" : "good", "Request", sentence, wire(seen.request, bad ? prediction.code : null));
  }
  if (!settled) return step("wait", "Request", "…");
  return step("none", "Request", seen.preflight ? "Never sent: the browser stopped before it." : "The server saw none.");
}

function scriptStep({ got }) {
  if (!got) return step("wait", "Script", "…");
  if (!got.status) {
    return step(
      "bad",
      "Script",
      "This is all that a script is told. The browser’s console says more.",
      make("pre", "code", `${got.error}: ${got.message}`),
    );
  }
  const headers = got.headers.map(([name, value]) => `${name}: ${value}`).join("\n");
  return step(
    "good",
    "Script",
    "It got the status, the body and the headers it may read.",
    make("pre", "code", `${got.status}\n${headers}\n\n${got.body}`),
  );
}
