// The page: what it is about, and its parts, each of which knows the ones below it.
import { askFromPlace, startAsking } from "./asking.js";
import { byId, complain, count, say } from "./dom.js";
import { showHits, startHits } from "./hits.js";
import { get } from "./server.js";
import { remember, remembered, state } from "./state.js";
import { rankByMarks, showNames, startTeaching, told } from "./teaching.js";
import { startTheme } from "./theme.js";

async function start() {
  startTheme();
  const about = (state.about = await get("/api/about"));
  byId("about").textContent =
    `${about.folder}: ${count(about.windows, "window")} of ${count(about.sounds, "sound")}, by ${about.method}`;
  byId("words").hidden = !about.words;
  const known = [about.unnamed, ...about.marked.map(({ name }) => name), ...about.heads];
  const head = remembered();
  remember(known.includes(head) ? head : about.unnamed);
  startAsking(showHits);
  startHits({ fromPlace: askFromPlace, again: () => rankByMarks({ focus: true }), marked: told });
  startTeaching();
  new ResizeObserver(([dock]) => {
    document.documentElement.style.setProperty("--dock", `${Math.ceil(dock.borderBoxSize[0].blockSize)}px`);
  }).observe(byId("dock"));
  const { right, wrong } = showNames(about);
  if (right + wrong) say(`${right} right and ${wrong} wrong places are marked; "More like these" finds more.`);
  document.body.dataset.ready = "";
}

start().catch((error) => complain(error.message));
