"use strict";
// Sorting and filtering. Without it every table is there in full, in the order of its file.
(() => {
  const all = (selector, root = document) => Array.from(root.querySelectorAll(selector));

  // A value as it stands in the file; an empty cell comes last, whichever way is sorted.
  const valueOf = (row, column) => {
    const cell = row.cells[column];
    return cell.dataset.value ?? cell.textContent.trim();
  };

  const sort = (table, column, header) => {
    const ascending = header.getAttribute("aria-sort") !== "ascending";
    const numeric = header.classList.contains("n");
    const keyed = Array.from(table.tBodies[0].rows, (row) => [valueOf(row, column), row]);
    const compare = numeric
      ? (a, b) => Number(a) - Number(b)
      : (a, b) => a.localeCompare(b, "en", { numeric: true });
    keyed.sort(([a], [b]) => {
      if (a === "" || b === "") return (a === "") - (b === "");
      return ascending ? compare(a, b) : compare(b, a);
    });
    table.tBodies[0].append(...keyed.map(([, row]) => row));
    for (const other of all("th[aria-sort]", table)) other.removeAttribute("aria-sort");
    header.setAttribute("aria-sort", ascending ? "ascending" : "descending");
  };

  for (const table of all("table.sortable")) {
    Array.from(table.tHead.rows[0].cells).forEach((header, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...header.childNodes);
      header.append(button);
      button.addEventListener("click", () => sort(table, column, header));
    });
  }

  const form = document.getElementById("filters");
  const items = all("[data-env]");
  const filter = () => {
    const chosen = all("select", form).filter((select) => select.value !== "");
    for (const item of items) {
      item.hidden = !chosen.every((select) => {
        const own = item.dataset[select.name];
        // A row about all environments names none.
        return own === undefined || own === "" || own.split("\n").includes(select.value);
      });
    }
    for (const note of all("[data-counts]")) {
      const rows = all("[data-env]", document.getElementById(note.dataset.counts));
      const shown = rows.filter((row) => !row.hidden).length;
      note.textContent = `${shown} of ${rows.length} shown`;
    }
    for (const group of all(".group")) {
      group.hidden = !group.querySelector("[data-env]:not([hidden])");
    }
  };
  if (form !== null) {
    form.hidden = false;
    form.addEventListener("change", filter);
    document.getElementById("show-all").addEventListener("click", () => {
      for (const select of all("select", form)) select.value = "";
      filter();
    });
    filter();
  }

  // A link to a run opens it.
  const open = () => {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (target instanceof HTMLDetailsElement) {
      target.open = true;
      target.scrollIntoView();
    }
  };
  addEventListener("hashchange", open);
  open();
})();
