// Teaching: the order that marks make, the names that they go under, and the heads that are saved of them.
import { byId, complain, count, element, say } from "./dom.js";
import { marksUnderWay, showHits } from "./hits.js";
import { get, post } from "./server.js";
import { remember, state } from "./state.js";

const QUERY = () => (state.query ? { query: state.query } : {});

export function startTeaching() {
  byId("rank").addEventListener("click", () => rankByMarks());
  byId("further").addEventListener("click", showFurther);
  byId("forget").addEventListener("click", forget);
  byId("session").addEventListener("change", ({ target }) => chooseHead(target.value));
  byId("save").addEventListener("submit", (event) => {
    event.preventDefault();
    save(byId("name").value.trim());
  });
}

export function showNames({ marked, heads }) {
  const { head } = state;
  const { unnamed } = state.about;
  const own = marked.find(({ name }) => name === head) ?? { right: 0, wrong: 0 };
  byId("marked").replaceChildren(
    element("span", { class: "n-right" }, `✓ ${own.right} right`),
    element("span", { class: "n-wrong" }, `✗ ${own.wrong} wrong`),
  );
  const names = new Set([unnamed, head, ...marked.map(({ name }) => name), ...heads]);
  byId("session").replaceChildren(
    ...[...names].map((name) => element("option", { value: name }, name === unnamed ? "no name yet" : name)),
  );
  byId("session").value = head;
  byId("export").href = `/api/marks.csv?${new URLSearchParams({ head })}`;
  byId("name").value = head === unnamed ? byId("name").value : head;
  return own;
}

export function told(names, hit, mark) {
  const { right, wrong } = showNames(names);
  const what = mark === "none" ? "not marked any more" : `marked as ${mark}`;
  say(`Hit ${hit.rank} is ${what}; ${right} right and ${wrong} wrong.`);
}

export async function rankByMarks(options = {}) {
  await tried("Learning …", async () => {
    await marksUnderWay();
    state.k = state.about.hits;
    const found = await post("/api/rank", { head: state.head, ...QUERY(), k: state.k });
    state.order = "marks";
    showHits(found, options);
    say(`Ordered by ${count(found.right, "right window")} and ${count(found.wrong, "wrong one")}; ${lesson(found)}`);
  });
}

const lesson = ({ presumed, unread }) =>
  `${presumed} drawn at random are presumed to be wrong.${unread ? ` ${count(unread, "marked place")} cannot be read any more.` : ""}`;

async function showFurther() {
  await tried("Looking further …", async () => {
    const before = state.hits.length;
    state.k = Math.min(state.about.most_hits, state.k + state.about.hits);
    await listAgain();
    document.querySelectorAll("#hits .listen")[before]?.focus();
    say(`${count(state.hits.length, "place")} are listed.`);
  });
}

// The list that is shown, asked for again: longer, or with marks of another name.
async function listAgain() {
  await marksUnderWay();
  const asked = { head: state.head, ...QUERY(), k: state.k };
  if (state.order === "marks") showHits(await post("/api/rank", asked));
  else if (state.order === "query") showHits(await post("/api/more", asked));
}

async function chooseHead(name) {
  remember(name);
  await tried("", async () => {
    const names = await get("/api/names");
    const { right, wrong } = showNames(names);
    if (state.order === "query") await listAgain();
    else if (right) return rankByMarks();
    say(`${right} right and ${wrong} wrong places are marked.`);
  });
}

async function forget() {
  await tried("", async () => {
    await marksUnderWay();
    showNames(await post("/api/forget", { head: state.head }));
    for (const hit of state.hits) hit.mark = null;
    if (state.order) showHits({ hits: state.hits, title: byId("query-title").textContent });
    say("The marks are taken back.");
  });
}

async function save(name) {
  await tried("Learning …", async () => {
    await marksUnderWay();
    const saved = await post("/api/head", { head: state.head, name, ...QUERY() });
    remember(name);
    showNames(saved);
    byId("saved").textContent = `Saved. In a terminal: resound detect ${state.about.index} --head "${name}"`;
    say(`Saved as ${name}; probabilities from ${saved.threshold.toFixed(2)} on count as right.`);
  });
}

async function tried(meanwhile, work) {
  if (meanwhile) say(meanwhile);
  try {
    await work();
  } catch (error) {
    complain(error.message);
  }
}
