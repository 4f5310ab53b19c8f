// Clips that a classifier took for something else.
const Mistakes = (() => {
  const { classifiers } = Dom.data;
  const select = Dom.byId("mistakes-classifier");

  function caption([clip, taken]) {
    return `${Clips.category(clip)}, taken for ${Clips.classes[taken]}`;
  }

  function show() {
    const classifier = classifiers[select.value];
    const { mistakes, wrong, asked } = classifier;
    const clips = asked.reduce((sum, n) => sum + n, 0);
    const shown = mistakes.length < wrong ? `; the ${mistakes.length} surest are shown` : "";
    Dom.byId("mistakes-count").textContent = `${wrong} of ${clips} test clips were taken for another class${shown}.`;
    Dom.byId("mistakes-list").replaceChildren(...mistakes.map((mistake) =>
      Clips.button(mistake[0], { name: caption(mistake), lines: [`probability ${mistake[2].toFixed(2)}`] })));
    Dom.showSources("mistakes-source", classifier);
  }

  function start() {
    if (!classifiers.length) {
      return Dom.nothing("mistakes", "No classifier of this run has predictions.");
    }
    Dom.fill(select, classifiers.map((classifier) => classifier.label));
    select.addEventListener("change", show);
    show();
  }

  return { start };
})();
