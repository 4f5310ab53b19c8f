// Elements, and times as people write them. Texts are set as text: a file may be called anything.

export const byId = (id) => document.getElementById(id);

export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== null) made.setAttribute(key, value);
  }
  made.append(...children);
  return made;
}

export function clock(seconds) {
  const tenths = Math.round(seconds * 10);
  const hours = Math.floor(tenths / 36000);
  const minutes = Math.floor((tenths % 36000) / 600);
  const rest = ((tenths % 600) / 10).toFixed(1).padStart(4, "0");
  return hours ? `${hours}:${String(minutes).padStart(2, "0")}:${rest}` : `${minutes}:${rest}`;
}

// The seconds of "1:23" or "83.5"; null of nothing, NaN of what is no time.
export function seconds(text) {
  if (!text.trim()) return null;
  const parts = text.trim().replace(",", ".").split(":");
  if (!parts.every((part) => /^\d+(\.\d+)?$/.test(part))) return NaN;
  return parts.reduce((sum, part) => sum * 60 + Number(part), 0);
}

export const count = (n, one, many = `${one}s`) => `${n.toLocaleString("en")} ${n === 1 ? one : many}`;

// What is under way and what is done, for eyes and for screen readers; an error stays until the next try.
export function say(text) {
  byId("status").textContent = text;
  byId("trouble").hidden = true;
}

export function complain(text) {
  byId("status").textContent = "";
  byId("trouble").textContent = text;
  byId("trouble").hidden = false;
}
