"use strict";
// The switch of the theme, tables that sort, and what print shows.
{
  const root = document.documentElement;
  const box = document.querySelector(".theme");
  box.hidden = false;
  box.querySelector(`[value=${root.dataset.theme || "auto"}]`).checked = true;
  box.addEventListener("change", (event) => {
    const chosen = event.target.value;
    if (chosen === "auto") delete root.dataset.theme; else root.dataset.theme = chosen;
    try { localStorage.setItem("ffpms-theme", chosen); } catch { /* not kept */ }
  });

  // What print shows of a folded part is its content.
  const folded = [];
  addEventListener("beforeprint", () => {
    for (const part of document.querySelectorAll("details.printed:not([open])")) {
      part.open = true;
      folded.push(part);
    }
  });
  addEventListener("afterprint", () => { for (const part of folded.splice(0)) part.open = false; });

  const valueOf = (row, column) => {
    const cell = row.cells[column];
    return cell ? (cell.dataset.value ?? cell.textContent.trim()) : "";
  };
  const compare = (a, b) => {
    const [x, y] = [Number(a), Number(b)];
    return a !== "" && b !== "" && !isNaN(x) && !isNaN(y) ? x - y : a.localeCompare(b, "en", {numeric: true});
  };
  const sort = (table, column, descending) => {
    const body = table.tBodies[0];
    const rows = [...body.rows].map((row) => [valueOf(row, column), row]);
    rows.sort(([a], [b]) => (a === "") - (b === "") || (descending ? compare(b, a) : compare(a, b)));
    body.append(...rows.map(([, row]) => row));
  };
  const sortBy = (table, head) => {
    const first = head.dataset.first || "descending";
    const other = first === "descending" ? "ascending" : "descending";
    const order = head.getAttribute("aria-sort") === first ? other : first;
    for (const one of table.tHead.querySelectorAll("[aria-sort]")) one.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", order);
    sort(table, head.cellIndex, order === "descending");
  };
  // A table of the class "sortable" sorts by any of its heads; empty cells come last. A cell may have the value to
  // sort by as data-value, and a head the order of the first press as data-first.
  for (const table of document.querySelectorAll("table.sortable")) {
    for (const head of table.tHead.rows[0].cells) {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      button.addEventListener("click", () => sortBy(table, head));
      head.append(button);
    }
  }
}
