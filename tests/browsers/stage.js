// Plays the cases of a batch, one after another, and sends home what script saw of each.
// `perform` is also put, as text, into the frames and workers that some cases run in.

async function perform(request, url, elements) {
  const headersOf = (headers) => Object.fromEntries(headers);
  const bodyOf = (body) => {
    if (body === undefined || body === null) return undefined;
    if ("stream" in body) {
      return new ReadableStream({
        start(controller) {
          controller.enqueue(new TextEncoder().encode(body.stream));
          controller.close();
        },
      });
    }
    if ("type" in body) return new Blob([body.text], { type: body.type });
    if ("form" in body) return new URLSearchParams("a=1");
    if ("multipart" in body) {
      const form = new FormData();
      form.append("a", "1");
      return form;
    }
    if ("bytes" in body) return new TextEncoder().encode("data");
    return body.text;
  };
  const none = { response_type: null, status: null, redirected: null, readable: null };
  const failed = { ...none, outcome: "network-error" };
  const invalid = { ...none, outcome: "invalid-request" };
  const loaded = { ...none, outcome: "ok" };

  if (["img", "script", "module", "stylesheet"].includes(request.api)) {
    return await new Promise((resolve) => {
      const tag = { img: "img", stylesheet: "link" }[request.api] || "script";
      const element = document.createElement(tag);
      if (request.api === "module") element.type = "module";
      if (request.api === "stylesheet") element.rel = "stylesheet";
      if (request.crossorigin !== undefined) element.setAttribute("crossorigin", request.crossorigin);
      if (request.referrerPolicy) element.referrerPolicy = request.referrerPolicy;
      element.onload = () => resolve(loaded);
      element.onerror = () => resolve(failed);
      element[request.api === "stylesheet" ? "href" : "src"] = url;
      document.head.append(element);
    });
  }
  if (request.api === "eventsource") {
    return await new Promise((resolve) => {
      const source = new EventSource(url, { withCredentials: request.credentials === "include" });
      source.onopen = () => { source.close(); resolve(loaded); };
      source.onerror = () => { source.close(); resolve(failed); };
    });
  }
  if (request.api === "beacon") {
    let queued = false;
    try { queued = navigator.sendBeacon(url, bodyOf(request.body)); } catch { return invalid; }
    await new Promise((resolve) => setTimeout(resolve, 400));
    return { ...none, outcome: queued ? "queued" : "network-error" };
  }
  if (request.api === "xhr") {
    return await new Promise((resolve) => {
      const xhr = new XMLHttpRequest();
      xhr.onerror = () => resolve(failed);
      xhr.onload = () => {
        const lines = xhr.getAllResponseHeaders().split("\r\n").filter((line) => line);
        const pairs = lines.map((line) => {
          const at = line.indexOf(":");
          return [line.slice(0, at).toLowerCase(), line.slice(at + 1).trim()];
        });
        resolve({ ...loaded, status: xhr.status, readable: Object.fromEntries(pairs) });
      };
      try {
        xhr.open(request.method ?? "GET", url);
        xhr.withCredentials = request.credentials === "include";
        for (const [name, value] of request.headers || []) xhr.setRequestHeader(name, value);
      } catch { resolve(invalid); return; }
      if (request.upload_listener) xhr.upload.onprogress = () => {};
      xhr.send(bodyOf(request.body));
    });
  }
  let made;
  const init = {};
  for (const key of ["method", "headers", "credentials", "mode", "redirect", "cache", "referrerPolicy", "keepalive"]) {
    if (request[key] !== undefined) init[key] = request[key];
  }
  try {
    if (request.body !== undefined && request.body !== null) init.body = bodyOf(request.body);
    if (request.body && "stream" in request.body && request.body.duplex !== null) init.duplex = "half";
    made = new Request(url, init);
  } catch { return invalid; }
  try {
    const response = await fetch(made);
    return {
      outcome: "ok", response_type: response.type, status: response.status,
      redirected: response.redirected, readable: headersOf(response.headers),
    };
  } catch { return failed; }
}

const SOURCE = perform.toString();
const OPAQUE_SANDBOX = "allow-scripts";

function inFrame(context, request, url) {
  const code = `<script>${SOURCE.replaceAll("</", "<\\/")}
    perform(${JSON.stringify(request).replaceAll("</", "<\\/")}, ${JSON.stringify(url)})
      .then((facts) => parent.postMessage({ stage: facts }, "*"));<\/script>`;
  const frame = document.createElement("iframe");
  if (context === "sandboxed-iframe") frame.sandbox = OPAQUE_SANDBOX;
  if (context === "sandboxed-same-origin-iframe") frame.sandbox = "allow-scripts allow-same-origin";
  if (context === "data-iframe") frame.src = "data:text/html," + encodeURIComponent(code);
  else if (context === "blob-iframe") {
    frame.src = URL.createObjectURL(new Blob([code], { type: "text/html" }));
  } else frame.srcdoc = code;
  return new Promise((resolve) => {
    const listen = (event) => {
      if (!event.data || !event.data.stage) return;
      removeEventListener("message", listen);
      frame.remove();
      resolve(event.data.stage);
    };
    addEventListener("message", listen);
    document.body.append(frame);
  });
}

let codes = 0;

async function inWorker(context, request, url) {
  const code = `${SOURCE}
    perform(${JSON.stringify(request)}, ${JSON.stringify(url)}).then((facts) => postMessage(facts));`;
  codes += 1;
  let address = "/worker.js?" + codes;
  if (context === "worker") await fetch("/code/" + codes, { method: "POST", body: code });
  if (context === "data-worker") address = "data:text/javascript," + encodeURIComponent(code);
  if (context === "blob-worker") address = URL.createObjectURL(new Blob([code]));
  return await new Promise((resolve) => {
    const worker = new Worker(address);
    worker.onmessage = (event) => { worker.terminate(); resolve(event.data); };
    worker.onerror = (event) => { resolve({ outcome: "worker-error: " + event.message }); };
  });
}

function inContext(context, request, url) {
  if (!context || context === "window") return perform(request, url);
  return context.includes("worker") ? inWorker(context, request, url) : inFrame(context, request, url);
}

async function playAll(batch) {
  const cases = await (await fetch("/batch/" + batch)).json();
  const results = {};
  for (const item of cases) {
    results[item.id] = [];
    for (const [number, step] of item.steps.entries()) {
      if (step.wait_ms) await new Promise((resolve) => setTimeout(resolve, step.wait_ms));
      if (item.steps.length > 1) await fetch(`/step/${item.id}/${number}`);
      const patience = new Promise((resolve) => setTimeout(() => resolve({ outcome: "timeout" }), 8000));
      results[item.id].push(await Promise.race([inContext(item.context, step.request, step.url), patience]));
    }
  }
  await fetch("/results/" + batch, { method: "POST", body: JSON.stringify(results) });
}
