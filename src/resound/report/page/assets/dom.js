"use strict";

// Elements from data. Texts are set as text, so a clip or a category may be called anything.
const Dom = (() => {
  const byId = (id) => document.getElementById(id);

  const data = JSON.parse(byId("data").textContent);

  function element(name, attributes = {}, ...children) {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) {
      if (value !== null) made.setAttribute(key, value);
    }
    made.append(...children);
    return made;
  }

  function fill(select, labels, values = labels.map((_, i) => i)) {
    select.replaceChildren(
      ...labels.map((label, i) => element("option", { value: values[i] }, label)),
    );
  }

  // Say in a section that there is nothing to show, in place of its controls.
  function nothing(id, text) {
    const section = byId(id);
    for (const part of section.querySelectorAll(".fields, .chart, .side, .source")) part.remove();
    section.append(element("p", { class: "notice" }, text));
  }

  // Write the files and rules that something comes from.
  function showSources(id, { about, sources }) {
    const parts = about ? [`${about.filter(Boolean).join(" · ")}: `] : [];
    sources.forEach(([file, rule], i) => {
      parts.push(i ? ", " : "", element("code", {}, file));
      if (rule) parts.push(" by ", element("code", {}, rule));
    });
    byId(id).replaceChildren(...parts);
  }

  // The bytes of a text in base64 that stands in an element of the page.
  function bytesOf(holder) {
    return Uint8Array.from(atob(holder.textContent), (character) => character.charCodeAt(0));
  }

  return { byId, bytesOf, data, element, fill, nothing, showSources };
})();
