// The list of hits: to be seen, heard, marked, and asked from.
import { byId, clock, complain, count, element } from "./dom.js";
import { halt, play } from "./player.js";
import { post, stretchOf } from "./server.js";
import { state } from "./state.js";

const VERDICTS = { right: "✓ right", wrong: "✗ wrong" };
const list = byId("hits");
let handlers = {};

// `fromPlace(hit)` asks for what is like a hit, `again()` for more like the marks, `marked(names)` is told the counts.
export function startHits(given) {
  handlers = given;
  list.addEventListener("keydown", byKey);
}

export function showHits(found, { focus = false } = {}) {
  const kept = focus || list.contains(document.activeElement);
  halt();
  state.hits = found.hits;
  list.replaceChildren(...found.hits.map((hit) => card(hit)));
  byId("found").hidden = false;
  byId("hits-title").textContent = title(found);
  byId("further").hidden = found.hits.length < state.k || state.k >= state.about.most_hits;
  if (kept && found.hits.length) list.querySelector(".listen").focus();
}

export const focusHit = (place) => list.children[place]?.querySelector(".listen").focus();

function title(found) {
  if (state.order === "marks") return `${count(found.hits.length, "place")}, as your marks teach`;
  return `${count(found.hits.length, "place")} like ${found.title}`;
}

function card(hit) {
  const cut = hit.path.lastIndexOf("/") + 1;
  const name = hit.path.slice(cut);
  const place = `${clock(hit.start)} – ${clock(hit.end)}`;
  const kind = state.order === "marks" ? "probability" : "similarity";
  const picture = element("img", { src: stretchOf(hit, "png"), alt: "", loading: "lazy", width: 480, height: 128 });
  const listen = element(
    "button",
    { type: "button", class: "listen", "aria-pressed": "false", "aria-label": `Play hit ${hit.rank}: ${name}, ${place}` },
    picture,
    element("span", { class: "head", "aria-hidden": "true" }),
    element("span", { class: "sign", "aria-hidden": "true" }),
  );
  picture.addEventListener("error", () => listen.classList.add("blind"));
  const right = markButton("right", "✓", "Right", hit);
  const wrong = markButton("wrong", "✗", "Wrong", hit);
  const from = element("button", { type: "button", class: "from", "aria-label": `More like this place, hit ${hit.rank}` }, "More like this place");
  const item = element(
    "li",
    { class: "hit", "data-rank": hit.rank },
    listen,
    element(
      "div",
      { class: "text" },
      element("span", { class: "rank" }, String(hit.rank)),
      element("span", { class: "file", title: hit.path }, element("strong", {}, name), element("span", { class: "small" }, hit.path.slice(0, cut))),
      element("span", { class: "place small" }, place),
      element("span", { class: "score small" }, `${kind} `, element("b", {}, hit.score.toFixed(3))),
    ),
    element("div", { class: "marking", role: "group", "aria-label": `Hit ${hit.rank} is` }, right, wrong, from),
  );
  listen.addEventListener("click", () => play(item, hit));
  right.addEventListener("click", () => mark(item, hit, "right"));
  wrong.addEventListener("click", () => mark(item, hit, "wrong"));
  from.addEventListener("click", () => handlers.fromPlace(hit));
  showMark(item, hit);
  return item;
}

function markButton(kind, sign, word, hit) {
  return element(
    "button",
    { type: "button", class: `mark-${kind}`, "aria-pressed": "false", "aria-label": `${word}, hit ${hit.rank}` },
    element("span", { "aria-hidden": "true" }, `${sign} `),
    word,
  );
}

function showMark(item, hit) {
  for (const kind of Object.keys(VERDICTS)) {
    const on = hit.mark?.mark === kind;
    item.classList.toggle(kind, on);
    item.querySelector(`.mark-${kind}`).setAttribute("aria-pressed", String(on));
  }
}

// Marks of one place follow each other, in the order of the presses.
async function mark(item, hit, kind) {
  const before = hit.mark;
  // A mark of nearly the same place, from another list, is that of this place.
  const { start, end } = before ?? hit;
  const next = before?.mark === kind ? "none" : kind;
  hit.mark = next === "none" ? null : { mark: next, start, end };
  showMark(item, hit);
  const asked = { head: state.head, number: hit.number, start, end, mark: next };
  hit.marking = (hit.marking ?? Promise.resolve()).then(() => post("/api/mark", asked));
  try {
    handlers.marked(await hit.marking, hit, next);
  } catch (error) {
    hit.marking = null;
    hit.mark = before;
    showMark(item, hit);
    complain(error.message);
  }
}

export const marksUnderWay = () => Promise.allSettled(state.hits.map((hit) => hit.marking));

const MOVES = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 };
const PRESSES = { p: ".listen", r: ".mark-right", w: ".mark-wrong", l: ".from" };

function byKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const item = event.target.closest(".hit");
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  if (key in MOVES) {
    const other = MOVES[key] > 0 ? item.nextElementSibling : item.previousElementSibling;
    other?.querySelector(".listen").focus();
  } else if (key in PRESSES) {
    item.querySelector(PRESSES[key]).click();
  } else if (key === "m") {
    handlers.again();
  } else {
    return;
  }
  event.preventDefault();
}
