// What a method finds for a query, the nearest first.
const Explorer = (() => {
  const { methods } = Dom.data;
  const fields = {
    method: Dom.byId("method"),
    category: Dom.byId("query-class"),
    query: Dom.byId("query"),
  };

  const current = () => methods[fields.method.value];

  function hit(query, clip, rank, score) {
    const mark = Clips.mark(clip, query, "right", "wrong");
    const lines = [score === null ? `rank ${rank}` : `rank ${rank}, distance ${score}`];
    return Dom.element("li", {}, Clips.button(clip, { ...mark, lines }));
  }

  function show() {
    const method = current();
    const query = Number(fields.query.value);
    const place = method.queries.indexOf(query);
    const hits = method.hits[place];
    const right = hits.filter((clip) => Clips.label[clip] === Clips.label[query]).length;
    Dom.byId("hits").replaceChildren(
      Dom.element("div", { class: "asked" }, Clips.button(query, { lines: ["the query"], scale: 1.5 })),
      Dom.element("p", {}, Clips.hasClasses ? `${right} of the ${hits.length} nearest clips are of its class.` : `Its ${hits.length} nearest clips.`),
      Dom.element("ol", { class: "hits" }, ...hits.map((clip, i) => hit(query, clip, i + 1, method.scores[place][i]))),
    );
  }

  // The classes that the method has queries of, then the queries of the class.
  function listClasses(label = null) {
    const labels = [...new Set(current().queries.map((query) => Clips.label[query]))];
    Dom.fill(fields.category, labels.map((own) => Clips.classes[own]), labels);
    if (labels.includes(label)) fields.category.value = label;
  }

  function listQueries(query = null) {
    const label = Number(fields.category.value);
    const own = current().queries.filter((clip) => Clips.label[clip] === label);
    Dom.fill(fields.query, own.map(Clips.id), own);
    if (own.includes(query)) fields.query.value = query;
    show();
  }

  function changeMethod() {
    const query = Number(fields.query.value);
    Dom.showSources("explorer-source", current());
    listClasses(Clips.label[query]);
    listQueries(query);
  }

  function step(by) {
    const { queries } = current();
    const next = queries.indexOf(Number(fields.query.value)) + by;
    const query = queries[(next + queries.length) % queries.length];
    fields.category.value = Clips.label[query];
    listQueries(query);
  }

  function start() {
    if (!methods.length) {
      return Dom.nothing("explorer", "No retrieval method of this run has results.");
    }
    Dom.fill(fields.method, methods.map((method) => method.label));
    fields.category.closest("label").hidden = !Clips.hasClasses;
    fields.method.addEventListener("change", changeMethod);
    fields.category.addEventListener("change", () => listQueries());
    fields.query.addEventListener("change", show);
    Dom.byId("query-before").addEventListener("click", () => step(-1));
    Dom.byId("query-after").addEventListener("click", () => step(1));
    Dom.showSources("explorer-source", current());
    listClasses();
    listQueries();
  }

  return { start };
})();
