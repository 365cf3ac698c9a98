"use strict";
// The leaderboard: any metric and bucket as a table, a method a row, a manipulation a column.
{
  // Places in a row of the data.
  const [METHOD, KIND, METRIC, BUCKET, VALUE, FIGURE, SPREAD, MINUS, STANDING] = Array(9).keys();
  const MARKS = {like_best: "†", best_tested: "‡"};
  const make = (tag, values = {}, ...inside) => {
    const element = Object.assign(document.createElement(tag), values);
    element.append(...inside);
    return element;
  };

  const setUp = (box) => {
    const {board} = JSON.parse(document.getElementById(`${box.dataset.set}-data`).textContent);
    const form = box.querySelector(".board-controls"), place = box.querySelector(".board");
    const kinds = board.keys.manipulation, buckets = board.keys.bucket;
    const narrow = matchMedia("(max-width: 40rem)");
    let sorted = null; // {column, descending}; else by what all have, the best first
    const usual = (columns, metric) => columns.includes("all") ? {column: columns.indexOf("all"), descending: metric.best !== 0} : null;

    const option = (text, value) => new Option(text, value);
    const compared = board.metrics.map((one, n) => [one, n]);
    for (const [label, own] of [["Compared", true], ["Others", false]]) {
      const items = compared.filter(([one]) => one.compared === own).map(([one, n]) => option(one.title, n));
      if (items.length) form.elements.metric.append(make("optgroup", {label}, ...items));
    }
    form.elements.bucket.append(...board.buckets.map((name) => option(name === "all" ? "all rates" : name, name)));
    form.querySelector(".chips").append(...board.manipulations.map((name) =>
      make("label", {}, make("input", {type: "checkbox", name: "kind", value: name, checked: true}), make("span", {}, name))));

    const cell = (row) => {
      if (!row) return make("td");
      const figure = row[FIGURE];
      const inside = row[STANDING] === "best" ? [make("strong", {}, figure)]
        : row[STANDING] in MARKS ? [figure, make("sup", {}, MARKS[row[STANDING]])] : [figure];
      if (row[SPREAD]) inside.push(make("small", {}, row[SPREAD]));
      if (row[MINUS]) inside.push(make("small", {}, `ours − paper ${row[MINUS]}`));
      return make("td", {}, ...inside);
    };

    const head = (name, column, by, redraw) => {
      const button = make("button", {type: "button"}, name);
      const element = make("th", {scope: "col"}, button);
      const first = column !== -1; // methods go up first, numbers down
      if (by?.column === column) element.setAttribute("aria-sort", by.descending ? "descending" : "ascending");
      button.addEventListener("click", () => {
        sorted = {column, descending: by?.column === column ? !by.descending : first};
        redraw(column);
      });
      return element;
    };

    const draw = (focus) => {
      const metric = board.metrics[form.elements.metric.value];
      const columns = [...form.querySelectorAll("[name=kind]:checked")].map((box) => box.value);
      if (narrow.matches) columns.sort((a, b) => (b === "all") - (a === "all")); // beside the name, in view
      const by = sorted ?? usual(columns, metric);
      const bucket = buckets.indexOf(form.elements.bucket.value), word = form.elements.method.value.toLowerCase();
      const rows = new Map();
      for (const row of board.rows) {
        if (row[METRIC] !== Number(form.elements.metric.value) || row[BUCKET] !== bucket) continue;
        const name = board.methods[row[METHOD]];
        if (!name.toLowerCase().includes(word)) continue;
        if (!rows.has(name)) rows.set(name, new Map());
        rows.get(name).set(kinds[row[KIND]], row);
      }
      const list = [...rows];
      if (by) {
        const value = ([name, own]) => by.column === -1 ? name : own.get(columns[by.column])?.[VALUE];
        const turn = by.descending ? -1 : 1;
        list.sort((a, b) => {
          const [x, y] = [value(a), value(b)];
          if (x === undefined || y === undefined) return (x === undefined) - (y === undefined);
          return turn * (typeof x === "string" ? x.localeCompare(y, "en") : x - y);
        });
      }
      const title = `${metric.title}${metric.percent ? " (%)" : ""}${bucket === buckets.indexOf("all") ? "" : `, ${form.elements.bucket.value} fake frames`}`;
      const better = metric.best === 0 ? "Lower is better." : "Higher is better.";
      const table = make("table", {className: "numbers sorted"},
        make("caption", {}, title, make("small", {}, [better, board.shared].filter(Boolean).join(" "))),
        make("thead", {}, make("tr", {}, head("method", -1, by, draw), ...columns.map((name, n) => head(name, n, by, draw)))),
        make("tbody", {}, ...list.map(([name, own]) =>
          make("tr", {}, make("th", {scope: "row"}, name), ...columns.map((kind) => cell(own.get(kind)))))));
      if (!list.length) table.tBodies[0].append(make("tr", {}, make("td", {colSpan: columns.length + 1}, "no such row")));
      const scroll = make("div", {className: "scroll", tabIndex: 0}, table);
      scroll.setAttribute("role", "region");
      scroll.setAttribute("aria-label", title);
      place.replaceChildren(scroll);
      box.querySelector(".board-status").textContent = `${title}: ${list.length} ${list.length === 1 ? "row" : "rows"}`;
      if (focus !== undefined) table.tHead.rows[0].cells[focus + 1].firstChild.focus();
    };
    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("input", (event) => {
      if (event.target.name === "kind") sorted = null;
      draw();
    });
    narrow.addEventListener("change", () => { sorted = null; draw(); });
    form.hidden = false;
    draw();
  };
  for (const box of document.querySelectorAll("[data-set]")) setUp(box);
}
