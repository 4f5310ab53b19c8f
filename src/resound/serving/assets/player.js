// One player for all hits: it fetches a stretch, and plays it.
import { byId, clock, complain } from "./dom.js";
import { get, stretchOf } from "./server.js";

const audio = byId("audio");
let playing = null; // the hit's element
let address = null;
let asked = 0;

export const isPlaying = (item) => playing === item && !audio.paused;

export async function play(item, hit) {
  if (playing === item && address) {
    if (audio.paused) await start();
    else audio.pause();
    return;
  }
  halt();
  playing = item;
  const own = ++asked;
  byId("playing").textContent = hit.path;
  byId("playing-place").textContent = `${clock(hit.start)} to ${clock(hit.end)}`;
  byId("player").hidden = false;
  try {
    const sound = await get(stretchOf(hit, "wav"));
    if (own !== asked) return;
    address = URL.createObjectURL(sound);
    audio.src = address;
    await start();
  } catch (error) {
    if (own === asked) halt();
    complain(error.message);
  }
}

export function halt() {
  asked += 1;
  audio.pause();
  audio.removeAttribute("src");
  if (address) URL.revokeObjectURL(address);
  address = null;
  show(false);
  playing = null;
  byId("player").hidden = true;
}

// A browser may refuse to start by itself; the controls are there all the same.
const start = () => audio.play().catch(() => {});

function show(on) {
  playing?.classList.toggle("playing", on);
  playing?.querySelector(".listen").setAttribute("aria-pressed", String(on));
}

function follow() {
  if (!playing || audio.paused) return;
  playing.style.setProperty("--at", audio.duration ? audio.currentTime / audio.duration : 0);
  requestAnimationFrame(follow);
}

audio.addEventListener("play", () => {
  show(true);
  follow();
});
for (const end of ["pause", "ended"]) audio.addEventListener(end, () => show(false));
