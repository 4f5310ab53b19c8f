// Asking: a file that is dropped or chosen, a recording, words, or a place of a hit; and which stretch of it.
import { byId, clock, complain, count, say, seconds } from "./dom.js";
import { record } from "./recorder.js";
import { post, stretchOf, upload } from "./server.js";
import { state } from "./state.js";

let source = null; // { file } or { hit }
let offset = 0; // of what the player has, in the file
let address = null;
let under = null;
let show = () => {};

export function startAsking(showFound) {
  show = showFound;
  byId("file").addEventListener("change", ({ target }) => {
    if (target.files.length) take(target.files[0]);
    target.value = "";
  });
  byId("query").addEventListener("submit", (event) => {
    event.preventDefault();
    askForStretch();
  });
  byId("words").addEventListener("submit", (event) => {
    event.preventDefault();
    askForWords(byId("text").value);
  });
  byId("query-audio").addEventListener("error", () => {
    byId("query-mute").hidden = false;
    byId("query-audio").hidden = true;
  });
  for (const name of ["from", "to"]) byId(`${name}-here`).addEventListener("click", () => here(name));
  startDropping();
  startRecording();
}

function startDropping() {
  const zone = byId("drop");
  document.addEventListener("dragover", (event) => {
    event.preventDefault();
    zone.classList.add("over");
  });
  document.addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) zone.classList.remove("over");
  });
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    zone.classList.remove("over");
    const [file] = event.dataTransfer.files;
    if (file) take(file);
  });
}

function startRecording() {
  let recording = null;
  let ticking = null;
  const label = byId("record-text");

  function ended(file) {
    clearInterval(ticking);
    recording = null;
    label.textContent = "Record";
    byId("record").classList.remove("on");
    take(file);
  }

  byId("record").addEventListener("click", async () => {
    if (recording) return recording.stop();
    try {
      recording = await record(ended);
    } catch {
      return complain("The microphone cannot be used: allow it for this page, or choose a file.");
    }
    byId("record").classList.add("on");
    say("The microphone is recording; press Stop to search.");
    ticking = setInterval(() => (label.textContent = `Stop ${clock(recording.seconds())}`), 100);
    label.textContent = "Stop";
  });
}

// Take a file as what is asked for, and ask at once.
export function take(file) {
  if (!file.size) return complain(`${file.name}: is empty; choose another file.`);
  if (file.size > state.about.most_bytes) {
    const most = Math.floor(state.about.most_bytes / 2 ** 20);
    return complain(`${file.name} is larger than ${most} MB: cut out the stretch that counts, or index it and search from there.`);
  }
  source = { file };
  listen(URL.createObjectURL(file), 0);
  byId("from").value = byId("to").value = "";
  return askForStretch();
}

export function askFromPlace(hit) {
  source = { hit };
  listen(stretchOf(hit, "wav"), hit.start);
  byId("from").value = clock(hit.start);
  byId("to").value = clock(hit.end);
  window.scrollTo({ top: 0 });
  return askForStretch();
}

function listen(sound, begins) {
  if (address?.startsWith("blob:")) URL.revokeObjectURL(address);
  address = sound;
  offset = begins;
  byId("query-mute").hidden = true;
  byId("query-audio").hidden = false;
  byId("query-audio").src = sound;
}

function here(name) {
  byId(name).value = clock(offset + byId("query-audio").currentTime);
}

function askForStretch() {
  const [from, to] = [seconds(byId("from").value), seconds(byId("to").value)];
  if (Number.isNaN(from) || Number.isNaN(to)) return complain("From and to are times such as 1:23.5 or 83.5.");
  if (to !== null && to <= (from ?? 0)) return complain("The stretch must end after it begins.");
  const common = { head: state.head, k: state.about.hits };
  if (source.hit) {
    const { number, start, end } = source.hit;
    const place = { number, start: from ?? start, end: to ?? end, ...common };
    return searched((signal) => post("/api/place", place, signal), true);
  }
  const asked = { name: source.file.name, ...common };
  if (from !== null) asked.from = from;
  if (to !== null) asked.to = to;
  return searched((signal) => upload("/api/search", asked, source.file, signal), true);
}

function askForWords(text) {
  const asked = { text, head: state.head, k: state.about.hits };
  return searched((signal) => post("/api/words", asked, signal), false);
}

// The last that was asked for is what is shown, however long the one before takes.
async function searched(request, isSound) {
  under?.abort();
  const own = (under = new AbortController());
  say("Listening …");
  document.body.setAttribute("aria-busy", "true");
  try {
    const found = await request(own.signal);
    state.query = found.query;
    state.order = "query";
    state.k = state.about.hits;
    showQuery(found, isSound);
    show(found);
    say(found.hits.length ? `${count(found.hits.length, "place")} found, the most alike first.` : "Nothing was found.");
  } catch (error) {
    if (error.name === "AbortError") return;
    // What cannot be searched may have a part that can.
    byId("query").hidden = !isSound;
    if (isSound) nothingSeen();
    complain(error.message);
  }
  if (own === under) document.body.removeAttribute("aria-busy");
}

function showQuery(found, isSound) {
  byId("query").hidden = !isSound;
  byId("query-title").textContent = found.title;
  if (!isSound) return;
  byId("query-picture").src = `/api/query/${found.query}.png`;
  byId("query-picture").hidden = false;
}

function nothingSeen() {
  byId("query-picture").hidden = true;
  byId("query-title").textContent = source.file?.name ?? source.hit.path;
}
