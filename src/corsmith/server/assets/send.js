"use strict";

// What a script gets of an answer, or of its failure. The page and the sandboxed frame use the same.
async function send(url, init) {
  try {
    const response = await fetch(url, { ...init, signal: AbortSignal.timeout(15000) });
    const body = (await response.text()).slice(0, 2000);
    return { status: response.status, body, headers: [...response.headers] };
  } catch (error) {
    return { error: error.name, message: error.message };
  }
}
