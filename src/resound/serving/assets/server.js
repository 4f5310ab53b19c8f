// What the page asks its server for. A refusal becomes an error whose message is one sentence.

async function answered(response) {
  const kind = response.headers.get("Content-Type") ?? "";
  if (response.ok) return kind.startsWith("application/json") ? response.json() : response.blob();
  const told = kind.startsWith("application/json") ? (await response.json()).error : null;
  throw new Error(told ?? `The server answers ${response.status}.`);
}

async function ask(path, options) {
  let response;
  try {
    response = await fetch(path, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Error("The server does not answer; is resound serve still running?");
  }
  return answered(response);
}

export const get = (path) => ask(path, {});

export const post = (path, body, signal) =>
  ask(path, { method: "POST", body: JSON.stringify(body), headers: { "Content-Type": "application/json" }, signal });

export const upload = (path, parameters, file, signal) =>
  ask(`${path}?${new URLSearchParams(parameters)}`, {
    method: "POST",
    body: file,
    headers: { "Content-Type": "application/octet-stream" },
    signal,
  });

export const stretchOf = (hit, kind) => `/api/sound/${hit.number}.${kind}?from=${hit.start}&to=${hit.end}`;
