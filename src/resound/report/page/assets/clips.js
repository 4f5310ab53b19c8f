// Clips by their position in the index: names, pictures, and the button that plays one.
const Clips = (() => {
  const { ids, label, classes, hasClasses, groups, groupOf, fold } = Dom.data.clips;
  const { width, height, columns, perSheet } = Dom.data.thumbnails;
  const sheets = [...document.querySelectorAll("script.sheet")];
  const addresses = [];

  const id = (clip) => ids[clip];
  const category = (clip) => classes[label[clip]];
  // What a clip is called: by its class, or by its own name where it has none.
  const called = (clip) => category(clip) || id(clip);

  function sheet(number) {
    addresses[number] ??= URL.createObjectURL(
      new Blob([Dom.bytesOf(sheets[number])], { type: "image/webp" }),
    );
    return addresses[number];
  }

  function picture(clip, scale = 1) {
    const place = clip % perSheet;
    const left = -(place % columns) * width * scale;
    const top = -Math.floor(place / columns) * height * scale;
    const made = Dom.element("span", { class: "picture", "aria-hidden": "true" });
    Object.assign(made.style, {
      width: `${width * scale}px`,
      height: `${height * scale}px`,
      backgroundImage: `url("${sheet(Math.floor(clip / perSheet))}")`,
      backgroundPosition: `${left}px ${top}px`,
      backgroundSize: `${columns * width * scale}px auto`,
    });
    return made;
  }

  // What an encoder takes a clip for, the likeliest first; nothing where none has tags.
  function heard(clip) {
    const { names, ofClips } = Dom.data.tags ?? { ofClips: [] };
    return (ofClips[clip] ?? []).map(([place, likely]) => `${names[place]}\u00a0${likely.toFixed(2)}`).join(" · ");
  }

  // How a clip stands to one that was asked for: of the same class, which is right, or not.
  function mark(clip, asked, right, wrong) {
    if (!hasClasses) return {};
    const same = label[clip] === label[asked];
    return { kind: same ? "right" : "wrong", verdict: same ? `✓ ${right}` : `✗ ${wrong}` };
  }

  // A button that plays a clip, with its mark and further lines under its name.
  function button(clip, { kind = "", verdict = "", lines = [], scale = 1, name = called(clip) } = {}) {
    const text = Dom.element("span", { class: "text" }, Dom.element("strong", {}, name));
    if (verdict) text.append(Dom.element("span", { class: "mark small" }, verdict));
    for (const line of name === id(clip) ? lines : [...lines, id(clip)]) {
      text.append(Dom.element("span", { class: "small" }, line));
    }
    if (heard(clip)) text.append(Dom.element("span", { class: "small tags" }, heard(clip)));
    if (Player.isSilent(clip)) text.append(Dom.element("span", { class: "small" }, "silent"));
    const silent = Player.isSilent(clip) ? "silent" : "";
    const made = Dom.element(
      "button",
      { type: "button", class: `clip ${kind} ${silent}`, "data-clip": clip },
      picture(clip, scale),
      text,
    );
    made.addEventListener("click", () => Player.play(clip));
    return made;
  }

  return {
    button, called, category, classes, count: ids.length, fold, groupOf, groups, hasClasses, heard, id, label, mark, picture,
  };
})();
