"use strict";

// The first of a body that may be a file of many gigabytes, or a stream that never ends.
async function beginning(response) {
  const reader = response.body?.getReader();
  if (!reader) return "";
  const decoder = new TextDecoder();
  const late = new Promise((resolve) => setTimeout(resolve, 2000, { done: true }));
  let text = "";
  try {
    while (text.length < 2000) {
      const { done, value } = await Promise.race([reader.read(), late]);
      if (done) break;
      text += decoder.decode(value, { stream: true });
    }
  } catch (error) {
    text += ` (the rest did not come: ${error.message})`;
  }
  reader.cancel().catch(() => {});
  return text.slice(0, 2000);
}

// What a script gets of an answer, or of its failure. The page and the sandboxed frame use the same.
async function send(url, init) {
  try {
    const response = await fetch(url, { ...init, signal: AbortSignal.timeout(15000) });
    return { status: response.status, body: await beginning(response), headers: [...response.headers] };
  } catch (error) {
    return { error: error.name, message: error.message };
  }
}
