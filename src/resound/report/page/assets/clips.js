// Clips by their position in the index: names, pictures, and the button that plays one.
const Clips = (() => {
  const { ids, label, classes, groups, groupOf, fold } = Dom.data.clips;
  const { width, height, columns, perSheet } = Dom.data.thumbnails;
  const sheets = [...document.querySelectorAll("script.sheet")];
  const addresses = [];

  const id = (clip) => ids[clip];
  const category = (clip) => classes[label[clip]];

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

  // A button that plays a clip. `kind` is "right", "wrong" or empty; `lines` stand under the name.
  function button(clip, { kind = "", lines = [], scale = 1, name = category(clip) } = {}) {
    const marks = { right: "✓ right", wrong: "✗ wrong" };
    const text = Dom.element("span", { class: "text" }, Dom.element("strong", {}, name));
    if (kind) text.append(Dom.element("span", { class: "mark small" }, marks[kind]));
    for (const line of [...lines, id(clip)]) {
      text.append(Dom.element("span", { class: "small" }, line));
    }
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
    button, category, classes, count: ids.length, fold, groupOf, groups, id, label, picture,
  };
})();
