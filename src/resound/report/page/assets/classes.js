// Every class by one method: how often it is found or named, and what it is taken for.
const Classes = (() => {
  const { methods, classifiers } = Dom.data;
  const all = [...classifiers, ...methods];
  const select = Dom.byId("classes-method");

  const current = () => all[select.value];
  const measure = ({ depth }) => (depth ? `proportion@${depth}` : "recall");

  // Counts as a full matrix, rows the true classes or the queries'.
  function matrix({ pairs }) {
    const counts = Clips.classes.map(() => Clips.classes.map(() => 0));
    for (const [row, column, count] of pairs) counts[row][column] = count;
    return counts;
  }

  // Of each class that was asked: clips, share found, and the class it is taken for most often.
  function summary(method) {
    const counts = matrix(method);
    return Clips.classes.flatMap((name, i) => {
      const asked = method.asked[i];
      if (!asked) return [];
      const of = asked * (method.depth ?? 1);
      const others = counts[i].map((count, j) => (j === i ? 0 : count));
      const most = Math.max(...others);
      const taken = most ? Clips.classes[others.indexOf(most)] : "";
      return [{ name, asked, share: counts[i][i] / of, taken, takenShare: most / of }];
    });
  }

  function header(name, numeric) {
    const cell = Dom.element("th", { scope: "col", "aria-sort": "none" }, Dom.element("button", { type: "button" }, name));
    if (numeric) cell.dataset.numeric = "";
    return cell;
  }

  function cell(sort, ...children) {
    const kind = typeof sort === "number" ? "number" : null;
    return Dom.element("td", { class: kind, "data-sort": sort }, ...children);
  }

  function row({ name, asked, share, taken, takenShare }) {
    const bar = Dom.element("span", { class: "bar", style: `--share: ${100 * share}%`, "aria-hidden": "true" });
    return Dom.element(
      "tr", {},
      cell(name, name), cell(asked, String(asked)), cell(share, bar, share.toFixed(3)),
      cell(takenShare, taken ? `${taken}, ${(100 * takenShare).toFixed(0)} %` : ""),
    );
  }

  function showTable() {
    const method = current();
    const head = Dom.element("tr", {}, header("class", false), header(method.depth ? "queries" : "clips", true), header(measure(method), true), header("taken most often for", true));
    const table = Dom.element("table", {}, Dom.element("thead", {}, head), Dom.element("tbody", {}, ...summary(method).map(row)));
    Table.sortable(table);
    Dom.byId("classes-table").replaceChildren(
      Dom.element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Classes" }, table),
    );
  }

  function build() {
    const method = current();
    const shares = matrix(method).map((counts, i) => {
      const of = method.asked[i] * (method.depth ?? 1);
      return counts.map((count) => (of ? count / of : null));
    });
    const names = Clips.classes.map(Charts.plain);
    const places = names.map((_, i) => i);
    const ticks = { tickvals: places, ticktext: names, fixedrange: true, tickfont: { size: names.length > 20 ? 9 : 12 } };
    const trace = {
      type: "heatmap", z: shares, x: places, y: places, zmin: 0, zmax: 1, xgap: 1, ygap: 1,
      colorscale: [[0, Theme.colour("accent-soft")], [1, Theme.colour("accent")]],
      text: Clips.classes.map((from) => Clips.classes.map((to) => Charts.plain(`${from}, taken for ${to}`))),
      hovertemplate: "%{text}: %{z:.2f}<extra></extra>",
      colorbar: { thickness: 8, outlinewidth: 0 },
    };
    const layout = {
      height: Math.max(320, names.length * 14 + 160),
      xaxis: { ...ticks, tickangle: -60 }, yaxis: { ...ticks, autorange: "reversed" },
    };
    return { traces: [trace], layout };
  }

  function change() {
    showTable();
    Dom.showSources("classes-source", current());
    Charts.redraw("classes-chart");
  }

  function start() {
    if (!all.length || !Clips.hasClasses) {
      return Dom.nothing("classes", "No method of this run has results by class.");
    }
    Dom.fill(select, all.map((method) => method.label));
    Charts.add("classes-chart", build);
    select.addEventListener("change", change);
    change();
  }

  return { start };
})();
