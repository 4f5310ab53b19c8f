// One player for all clips; sounds are unpacked when they are asked for.
const Player = (() => {
  const sounds = new Map();
  const bar = Dom.byId("player");
  const audio = Dom.byId("audio");
  let address = null;

  for (const holder of document.querySelectorAll("script.sound")) {
    sounds.set(Number(holder.dataset.clip), holder);
  }

  const isSilent = (clip) => !Dom.data.links && !sounds.has(clip);

  function load(clip) {
    if (address) URL.revokeObjectURL(address);
    address = null;
    if (Dom.data.links) return Dom.data.links[clip];
    address = URL.createObjectURL(new Blob([Dom.bytesOf(sounds.get(clip))], { type: "audio/ogg" }));
    return address;
  }

  function show(clip) {
    const silent = isSilent(clip);
    Dom.byId("player-name").textContent = Clips.called(clip);
    Dom.byId("player-id").textContent = Clips.id(clip);
    Dom.byId("player-tags").textContent = Clips.heard(clip);
    Dom.byId("player-picture").replaceChildren(Clips.picture(clip, 0.75));
    Dom.byId("player-silent").hidden = !silent;
    Dom.byId("player-silent").textContent = "Silent: the page's budget for sound was used up.";
    audio.hidden = silent;
    bar.hidden = false;
    document.documentElement.style.setProperty("--player", `${bar.offsetHeight}px`);
  }

  function play(clip) {
    show(clip);
    audio.pause();
    if (isSilent(clip)) return;
    audio.src = load(clip);
    // A browser may refuse to start by itself; the controls are there all the same.
    audio.play().catch(() => {});
  }

  function close() {
    audio.pause();
    bar.hidden = true;
    document.documentElement.style.setProperty("--player", "0px");
  }

  Dom.byId("player-close").addEventListener("click", close);

  return { isSilent, play };
})();
