// Charts by plotly, which is unpacked when the first of them comes near the window.
const Charts = (() => {
  // Seaborn's palette "colorblind", as in the figures.
  const palette = [
    "#0173b2", "#de8f05", "#029e73", "#d55e00", "#cc78bc",
    "#ca9161", "#fbafe4", "#949494", "#ece133", "#56b4e9",
  ];
  const config = { displaylogo: false, responsive: true, modeBarButtonsToRemove: ["select2d", "lasso2d"] };
  const charts = new Map();
  let loading = null;

  async function unpack() {
    const packed = new Blob([Dom.bytesOf(Dom.byId("plotly"))]).stream();
    const code = await new Response(packed.pipeThrough(new DecompressionStream("gzip"))).text();
    document.head.append(Dom.element("script", {}, code));
  }

  // Plotly reads some markup in texts: make sure that it finds none in names.
  function plain(text) {
    return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
  }

  function layoutOf(layout) {
    const axis = { gridcolor: Theme.colour("line"), zerolinecolor: Theme.colour("line"), automargin: true };
    return {
      paper_bgcolor: "rgba(0,0,0,0)",
      plot_bgcolor: "rgba(0,0,0,0)",
      font: { family: getComputedStyle(document.body).fontFamily, color: Theme.colour("ink"), size: 12 },
      margin: { l: 8, r: 8, t: 8, b: 40 },
      hoverlabel: { bgcolor: Theme.colour("card"), font: { color: Theme.colour("ink") } },
      ...layout,
      xaxis: { ...axis, ...layout.xaxis },
      yaxis: { ...axis, ...layout.yaxis },
    };
  }

  // Keep a chart's room free before it is there: nothing moves away from under a pointer.
  function reserve(holder, { height }) {
    if (height) holder.style.minHeight = `${height}px`;
  }

  async function render(holder) {
    const chart = charts.get(holder);
    if (!chart.near) return;
    try {
      await (loading ??= unpack());
    } catch (error) {
      holder.textContent = `This browser cannot unpack the charts: ${error.message}`;
      return;
    }
    const { traces, layout } = chart.build();
    reserve(holder, layout);
    await Plotly.react(holder, traces, layoutOf(layout), config);
    if (!chart.listening && chart.onClick) {
      holder.on("plotly_click", (event) => chart.onClick(event.points[0]));
      chart.listening = true;
    }
  }

  const watcher = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      if (!isIntersecting) continue;
      watcher.unobserve(target);
      charts.get(target).near = true;
      render(target);
    }
  }, { rootMargin: "200px" });

  // Draw a chart when it comes near; `build` returns its traces and layout, and is asked again by
  // `redraw` and when the theme changes.
  function add(id, build, onClick = null) {
    const holder = Dom.byId(id);
    charts.set(holder, { build, near: false, onClick });
    reserve(holder, build().layout);
    watcher.observe(holder);
  }

  const redraw = (id) => render(Dom.byId(id));

  Theme.onChange(() => [...charts.keys()].forEach(render));

  return { add, palette, plain, redraw };
})();
