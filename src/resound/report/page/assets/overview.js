// Every method by one metric, beside the study.
const Overview = (() => {
  const { measures, metric } = Dom.data;
  const MOST = 30;
  const ROW_PIXELS = 24;
  const select = Dom.byId("measure");

  function ranked() {
    const rows = [...measures[select.value]].sort((a, b) => b.value - a.value);
    return rows.slice(0, MOST).reverse();
  }

  function build() {
    const rows = ranked();
    const labels = rows.map((row) => Charts.plain(row.label));
    const hover = rows.map((row) => Charts.plain(`${row.table}: ${row.about.join(" · ")}`));
    const ours = {
      type: "scatter", mode: "markers", name: "ours",
      x: rows.map((row) => row.value), y: rows.map((_, i) => i), text: hover,
      hovertemplate: "%{text}<br>%{x:.3f}<extra></extra>",
      marker: { color: Charts.palette[0], size: 9 },
      error_x: {
        type: "data", symmetric: false, thickness: 1.5, width: 0, color: Charts.palette[0],
        array: rows.map((row) => row.high - row.value),
        arrayminus: rows.map((row) => row.value - row.low),
      },
    };
    const study = {
      type: "scatter", mode: "markers", name: "the study",
      x: rows.map((row) => row.study), y: rows.map((_, i) => i), text: hover,
      hovertemplate: "%{text}<br>the study %{x:.3f}<extra></extra>",
      marker: { color: Charts.palette[1], size: 9, symbol: "diamond-open", line: { width: 2 } },
    };
    const layout = {
      height: rows.length * ROW_PIXELS + 90,
      xaxis: { rangemode: "tozero", title: { text: select.value }, fixedrange: true },
      yaxis: { tickvals: rows.map((_, i) => i), ticktext: labels, fixedrange: true, zeroline: false },
      legend: { orientation: "h", y: 1, yanchor: "bottom", x: 0 },
    };
    return { traces: rows.some((row) => row.study !== null) ? [ours, study] : [ours], layout };
  }

  function describe() {
    const tables = [...new Set(measures[select.value].map((row) => row.table))];
    const all = measures[select.value].length;
    const parts = tables.flatMap((name, i) => [
      i ? ", " : "", Dom.element("a", { href: `#table-${name}` }, name),
    ]);
    Dom.byId("overview-source").replaceChildren(
      all > MOST ? `The best ${MOST} of ${all} rows of the tables ` : "From the tables ", ...parts,
    );
  }

  function start() {
    const names = Object.keys(measures);
    if (!names.length) return Dom.nothing("overview", "No table of this run has a metric to draw.");
    Dom.fill(select, names, names);
    if (names.includes(metric)) select.value = metric;
    Charts.add("overview-chart", build);
    select.addEventListener("change", () => {
      describe();
      Charts.redraw("overview-chart");
    });
    describe();
  }

  return { start };
})();
