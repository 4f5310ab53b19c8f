// Light or dark: the system's choice until the button is pressed.
const Theme = (() => {
  const system = window.matchMedia("(prefers-color-scheme: dark)");
  const listeners = [];

  const isDark = () => (document.documentElement.dataset.theme ?? (system.matches ? "dark" : "light")) === "dark";

  // A colour of the style sheet as the browser resolves it.
  function colour(name) {
    const probe = Dom.element("span", { style: `color: var(--${name})` });
    document.body.append(probe);
    const resolved = getComputedStyle(probe).color;
    probe.remove();
    return resolved;
  }

  function changed() {
    Dom.byId("theme").textContent = isDark() ? "Light" : "Dark";
    for (const listener of listeners) listener();
  }

  function start() {
    Dom.byId("theme").addEventListener("click", () => {
      document.documentElement.dataset.theme = isDark() ? "light" : "dark";
      changed();
    });
    system.addEventListener("change", changed);
    changed();
  }

  return { colour, onChange: (listener) => listeners.push(listener), start };
})();
