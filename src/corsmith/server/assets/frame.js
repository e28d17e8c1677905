
addEventListener("message", async (event) => {
  if (event.source !== parent) return;
  const { id, url, init } = event.data;
  parent.postMessage({ id, got: await send(url, init) }, event.origin);
});
