// The map of an embedding: a click or the fields above choose a clip, play it, and show its nearest.
const ClipMap = (() => {
  const { maps } = Dom.data;
  const SYMBOLS = ["circle", "diamond", "square", "cross", "triangle-up"];
  const FEW = 12;  // legend entries that are read
  const fields = {
    name: Dom.byId("map-name"),
    colour: Dom.byId("map-colour"),
    category: Dom.byId("map-class"),
    clip: Dom.byId("map-clip"),
  };
  let chosen = null;

  const current = () => maps[fields.name.value];
  const mapped = () => Array.from({ length: Clips.count }, (_, clip) => clip).filter((clip) => current().x[clip] !== null);

  function points(clips, style) {
    const { x, y } = current();
    return {
      type: "scatter", mode: "markers", customdata: clips,
      x: clips.map((clip) => x[clip]), y: clips.map((clip) => y[clip]),
      text: clips.map((clip) => Charts.plain([Clips.category(clip), Clips.id(clip)].filter(Boolean).join("  "))),
      hovertemplate: "%{text}<extra></extra>",
      ...style,
    };
  }

  function build() {
    const byClass = fields.colour.value === "class";
    const kinds = byClass ? Clips.classes : Clips.groups;
    const kindOf = byClass ? Clips.label : Clips.groupOf;
    const clips = mapped();
    const traces = kinds.map((kind, i) => points(clips.filter((clip) => kindOf[clip] === i), {
      name: Charts.plain(kind || "clips"),
      marker: {
        color: Charts.palette[i % Charts.palette.length],
        symbol: SYMBOLS[Math.floor(i / Charts.palette.length) % SYMBOLS.length],
        size: 8, opacity: 0.85,
      },
    }));
    if (chosen !== null) traces.push(...rings());
    const hidden = { visible: false, showgrid: false, zeroline: false };
    const layout = {
      margin: { l: 8, r: 8, t: 8, b: 8 },
      hovermode: "closest", dragmode: "pan", uirevision: fields.name.value,
      xaxis: { ...hidden }, yaxis: { ...hidden, scaleanchor: "x" },
      showlegend: kinds.length > 1 && kinds.length <= FEW,
      legend: { orientation: "h", y: 0, yanchor: "top", x: 0 },
    };
    return { traces, layout };
  }

  function rings() {
    const ring = (size, width, colour) => ({
      hoverinfo: "skip", hovertemplate: null, showlegend: false,
      marker: { symbol: "circle-open", size, color: Theme.colour(colour), line: { width } },
    });
    return [points(current().near[chosen], ring(14, 1.5, "faint")), points([chosen], ring(20, 3, "ink"))];
  }

  function show() {
    const side = Dom.byId("map-near");
    if (chosen === null) {
      side.replaceChildren(Dom.element("p", { class: "small" }, "No clip chosen yet."));
      return;
    }
    const near = Dom.element("ol", { class: "near" }, ...current().near[chosen].map((clip) => {
      const mark = Clips.mark(clip, chosen, "same class", "another class");
      return Dom.element("li", {}, Clips.button(clip, mark));
    }));
    side.replaceChildren(
      Dom.element("h3", {}, "Chosen"), Clips.button(chosen, { lines: [Clips.fold[chosen] ? `fold ${Clips.fold[chosen]}` : "no fold"] }),
      Dom.element("h3", {}, "Nearest by cosine distance"), near,
    );
  }

  function choose(clip) {
    chosen = clip;
    fields.category.value = Clips.label[clip];
    listClips();
    fields.clip.value = clip;
    show();
    Player.play(clip);
    Charts.redraw("map-chart");
  }

  function listClips() {
    const own = mapped().filter((clip) => Clips.label[clip] === Number(fields.category.value));
    Dom.fill(fields.clip, ["choose a clip", ...own.map(Clips.id)], ["", ...own]);
  }

  function change() {
    if (chosen !== null && current().x[chosen] === null) chosen = null;
    Dom.showSources("map-source", current());
    listClips();
    fields.clip.value = chosen ?? "";
    show();
    Charts.redraw("map-chart");
  }

  function start() {
    if (!maps.length) {
      return Dom.nothing("map", "Nothing of this run was mapped: no network has embeddings, and no table compares a feature of figures.tsne.features.");
    }
    Dom.fill(fields.name, maps.map((map) => map.label));
    const colours = Clips.groups.length > 1 ? ["group", "class"] : ["class"];
    Dom.fill(fields.colour, colours, colours);
    Dom.fill(fields.category, Clips.classes);
    for (const field of [fields.colour, fields.category]) field.closest("label").hidden = !Clips.hasClasses;
    Charts.add("map-chart", build, (point) => point.customdata !== undefined && choose(point.customdata));
    fields.name.addEventListener("change", change);
    fields.colour.addEventListener("change", () => Charts.redraw("map-chart"));
    fields.category.addEventListener("change", listClips);
    fields.clip.addEventListener("change", () => fields.clip.value && choose(Number(fields.clip.value)));
    change();
  }

  return { start };
})();
