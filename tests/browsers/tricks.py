"""What a page can make a browser send without asking: JavaScript, with `URL` for the target."""

# Each waits until the browser has an answer, whichever it is.
TRICKS = {
    "image": "new Promise(done => { const e = new Image(); e.onload = e.onerror = done; "
    "e.src = URL; }).then(() => 1)",
    "image without referrer": "new Promise(done => { const e = new Image(); "
    "e.referrerPolicy = 'no-referrer'; e.onload = e.onerror = done; e.src = URL; }).then(() => 1)",
    "script": "new Promise(done => { const e = document.createElement('script'); "
    "e.onload = e.onerror = done; e.src = URL; document.body.append(e); }).then(() => 1)",
    "style": "new Promise(done => { const e = document.createElement('link'); "
    "e.rel = 'stylesheet'; e.onload = e.onerror = done; e.href = URL; document.body.append(e); "
    "}).then(() => 1)",
    "video": "new Promise(done => { const e = document.createElement('video'); "
    "e.onloadeddata = e.onerror = done; e.src = URL; document.body.append(e); }).then(() => 1)",
    "frame": "new Promise(done => { const e = document.createElement('iframe'); "
    "e.onload = e.onerror = done; e.src = URL; document.body.append(e); }).then(() => 1)",
    "event source": "new Promise(done => { const e = new EventSource(URL); "
    "e.onopen = e.onerror = () => { e.close(); done(); }; }).then(() => 1)",
    "websocket": "new Promise(done => { const e = new WebSocket(URL.replace('http', 'ws')); "
    "e.onopen = () => done('open'); e.onclose = () => done('closed'); })",
    "fetch": "fetch(URL, {credentials: 'include'}).then(() => 'read', () => 1)",
    "no-cors fetch": "fetch(URL, {mode: 'no-cors', credentials: 'include'}).then(() => 1, () => 1)",
    "no-cors fetch without referrer": "fetch(URL, {mode: 'no-cors', "
    "referrerPolicy: 'no-referrer'}).then(() => 1, () => 1)",
    "no-cors post": "fetch(URL, {mode: 'no-cors', method: 'POST', body: 'a=1', "
    "referrerPolicy: 'no-referrer'}).then(() => 1, () => 1)",
    "beacon": "Promise.resolve(navigator.sendBeacon(URL, 'a=1'))"
    ".then(() => fetch(URL, {mode: 'no-cors'})).then(() => 1, () => 1)",
    "worker": "new Promise(done => { const code = `fetch('${URL}', {mode: 'no-cors'})"
    ".then(() => postMessage(1), () => postMessage(1))`; "
    "const e = new Worker(window.URL.createObjectURL(new Blob([code]))); "
    "e.onmessage = e.onerror = done; }).then(() => 1)",
    "sandbox": "new Promise(done => { const e = document.createElement('iframe'); "
    "e.sandbox = 'allow-scripts'; onmessage = done; e.srcdoc = `<img src='${URL}'><script>"
    "fetch('${URL}', {mode: 'no-cors'}).finally(() => fetch('${URL}'))"
    ".finally(() => parent.postMessage(1, '*')).catch(() => 1)<\\/script>`; "
    "document.body.append(e); }).then(() => 1)",
    "form in a frame": "new Promise(done => { const frame = document.createElement('iframe'); "
    "frame.name = 'target'; document.body.append(frame); "
    "const e = document.createElement('form'); e.method = 'post'; e.action = URL; "
    "e.target = 'target'; document.body.append(e); frame.onload = done; e.submit(); "
    "}).then(() => 1)",
}
