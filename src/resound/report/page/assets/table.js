// Tables that stand in the page already: sorted by their columns' names, filtered by words.
const Table = (() => {
  function compare(a, b, numeric) {
    return numeric ? Number(a) - Number(b) : a.localeCompare(b, undefined, { numeric: true });
  }

  function sort(table, column, direction) {
    const header = table.tHead.rows[0].cells;
    const numeric = "numeric" in header[column].dataset;
    const sign = direction === "ascending" ? 1 : -1;
    const key = (row) => row.cells[column].dataset.sort;
    const rows = [...table.tBodies[0].rows].sort((a, b) => {
      const [x, y] = [key(a), key(b)];
      if (x === "" || y === "") return (x === "") - (y === "");  // empty cells stay at the end
      return sign * compare(x, y, numeric);
    });
    table.tBodies[0].append(...rows);
    [...header].forEach((cell, i) => cell.setAttribute("aria-sort", i === column ? direction : "none"));
  }

  // Numbers begin with the largest, names with the first.
  function nextDirection(cell) {
    const first = "numeric" in cell.dataset ? "descending" : "ascending";
    const other = first === "ascending" ? "descending" : "ascending";
    return cell.getAttribute("aria-sort") === first ? other : first;
  }

  function sortable(table) {
    [...table.tHead.rows[0].cells].forEach((cell, column) => {
      cell.querySelector("button").addEventListener("click", () => {
        sort(table, column, nextDirection(cell));
      });
    });
  }

  function filter(table, words, counter) {
    const rows = [...table.tBodies[0].rows];
    const wanted = words.toLowerCase().split(/\s+/);
    for (const row of rows) {
      const text = row.textContent.toLowerCase();
      row.hidden = !wanted.every((word) => text.includes(word));
    }
    const shown = rows.filter((row) => !row.hidden).length;
    counter.textContent = words ? `${shown} of ${rows.length} rows` : "";
  }

  function start() {
    for (const block of document.querySelectorAll("details.table")) {
      const table = block.querySelector("table");
      sortable(table);
      block.querySelector("input").addEventListener("input", (event) => {
        filter(table, event.target.value.trim(), block.querySelector(".count"));
      });
      block.querySelector(".metrics")?.addEventListener("click", (event) => {
        const all = table.classList.toggle("all");
        event.target.setAttribute("aria-pressed", all);
      });
    }
    // A link to a table opens it.
    window.addEventListener("hashchange", openTarget);
    openTarget();
  }

  function openTarget() {
    const target = location.hash.length > 1 && Dom.byId(decodeURIComponent(location.hash.slice(1)));
    if (target && target.tagName === "DETAILS") target.open = true;
  }

  return { sortable, start };
})();
