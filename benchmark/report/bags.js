"use strict";
// The viewer of bags: a row a test video, with pages; an open one shows its frames, scores and weights.
{
  const PAGE = 25;
  const make = (tag, values = {}, ...inside) => {
    const element = Object.assign(document.createElement(tag), values);
    element.append(...inside);
    return element;
  };
  const percent = (share, digits = 0) => share === null || share === undefined ? "" : (100 * share).toFixed(digits);
  const unpack = (text, Kind = Uint8Array) => {
    if (text === null) return null;
    const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
    return new Kind(bytes.buffer);
  };

  const setUp = (box) => {
    const {bags} = JSON.parse(document.getElementById(`${box.dataset.set}-data`).textContent);
    const form = box.querySelector(".bag-controls"), place = box.querySelector(".bags"), pager = box.querySelector(".pager");
    const {methods, steps, album, frames} = bags;
    const starts = [];
    frames.count.reduce((sum, count, n) => { starts[n] = sum; return sum + count; }, 0);
    const slot = unpack(frames.slot, Uint16Array), track = unpack(frames.track, Int16Array), label = unpack(frames.label);
    // The largest whole number is a number that is not there.
    const shares = (numbers, steps) => numbers && Array.from(numbers, (one) => one === 2 ** (8 * numbers.BYTES_PER_ELEMENT) - 1 ? null : one / steps);
    const scores = frames.score.map((text) => shares(unpack(text), steps.score));
    const weights = frames.weight.map((text) => shares(unpack(text, Uint16Array), steps.weight));
    const bag = {name: "bag", of: (n) => bags.id[n], words: true}, error = {name: "error", of: (n) => bags.error[n]};
    const about = [
      {name: "kind", of: (n) => bags.manipulation[n], words: true},
      {name: "label", of: (n) => bags.label[n], words: true},
      {name: "fake frames", of: (n) => bags.rate[n]},
    ];
    const found = [
      ...methods.map((method, m) => ({name: method.name, of: (n) => bags.score[m][n], method: m})),
      ...(methods.length > 1 ? [{name: "disagreement", of: (n) => bags.disagreement[n]}] : []),
    ];
    const narrow = matchMedia("(max-width: 40rem)");
    // Where there is no room, what bags are sorted by stands beside their names.
    const arrange = () => narrow.matches ? [bag, error, ...found, ...about] : [bag, ...about, ...found, error];
    let columns = arrange(), page = 0, sorted = {by: error, descending: true};
    const open = new Set();

    form.elements.manipulation.append(new Option("all", ""), ...[...new Set(bags.manipulation)].map((name) => new Option(name)));
    form.elements.wrong.append(new Option("anybody or nobody", ""), new Option("every method", "every"), new Option("some method", "some"),
      ...methods.map((method, m) => new Option(method.name, m)));

    const wrong = (n, m) => bags.wrong[m][n] === 1;
    const isWanted = (n) => {
      const {bag, manipulation, label: kind, wrong: by, faces} = form.elements;
      const scored = methods.map((_, m) => m).filter((m) => bags.score[m][n] !== null);
      return bags.id[n].toLowerCase().includes(bag.value.toLowerCase())
        && (!manipulation.value || bags.manipulation[n] === manipulation.value)
        && (!kind.value || String(bags.label[n]) === kind.value)
        && (!by.value || (by.value === "every" ? scored.length && scored.every((m) => wrong(n, m))
          : by.value === "some" ? scored.some((m) => wrong(n, m)) : wrong(n, Number(by.value))))
        && (!faces?.checked || bags.id[n] in album.faces);
    };
    const order = () => {
      const {of} = sorted.by, turn = sorted.descending ? -1 : 1;
      return bags.id.map((_, n) => n).filter(isWanted).sort((a, b) => {
        const [x, y] = [of(a), of(b)];
        if (x === null || y === null) return (x === null) - (y === null);
        return turn * (typeof x === "string" ? x.localeCompare(y, "en", {numeric: true}) : x - y);
      });
    };

    const picture = (list, at, whose, what) => {
      const own = list.filter(([one]) => one === at);
      // Scores may not say whose face they are of: where there is one face, they are of that.
      const face = whose !== -1 ? own.find(([, one]) => one === whose) : own.length === 1 ? own[0] : undefined;
      return face ? make("img", {src: album.pictures[face[2]], alt: what, loading: "lazy", decoding: "async"}) : "";
    };
    const score = (value) => {
      if (value === null) return make("td");
      const cell = make("td", {className: "tint"}, percent(value));
      cell.style.setProperty("--p", value);
      return cell;
    };
    const weigh = (cell, value, largest) => {
      if (value === null || value === undefined) return cell;
      const note = make("small", {}, `${percent(value, 1)} %`);
      note.style.setProperty("--w", largest ? value / largest : 0);
      cell.append(note);
      return cell;
    };

    const strip = (n) => {
      const start = starts[n], faces = album.faces[bags.id[n]] ?? [], heat = album.heat[bags.id[n]] ?? [];
      const known = frames.count[n] > 0;
      const rows = known ? [...Array(frames.count[n]).keys()].map((k) => start + k) : faces.map((_, k) => k);
      const slots = rows.map((k) => known ? slot[k] : faces[k][0]);
      const tracks = rows.map((k) => known ? track[k] : faces[k][1]);
      const row = (name, cells, note) => make("tr", {}, make("th", {scope: "row"}, name, ...(note ? [make("small", {}, note)] : [])), ...cells);
      const body = [];
      const side = (k) => known ? (label[k] ? "fake" : "real") : "";
      if (faces.length) body.push(row("face", rows.map((k, at) => make("td", {className: known ? `of-${side(k)}` : ""},
        picture(faces, slots[at], tracks[at], `frame ${slots[at] + 1}${known ? `, ${side(k)}` : ""}`)))));
      if (heat.length) body.push(row("heat map", rows.map((k, at) => make("td", {},
        picture(heat, slots[at], tracks[at], `heat map of frame ${slots[at] + 1}`)))));
      if (known) body.push(row("label", rows.map((k) => make("td", {className: side(k)}, side(k)))));
      methods.forEach((method, m) => {
        if (!scores[m] || !rows.some((k) => known && scores[m][k] !== null)) return;
        const own = weights[m] && rows.some((k) => weights[m][k] !== null);
        const largest = own ? Math.max(...rows.map((k) => weights[m][k] ?? 0)) : 0;
        body.push(row(method.name, rows.map((k) => weigh(score(scores[m][k]), own ? weights[m][k] : undefined, largest)), own ? "score, weight" : "score; has no weights"));
      });
      if (!body.length) return make("p", {}, "No method gives scores of frames here.");
      const head = make("tr", {}, make("th", {scope: "col"}, "frame"), ...slots.map((one) => make("th", {scope: "col"}, String(one + 1))));
      const scroll = make("div", {className: "scroll", tabIndex: 0},
        make("table", {className: "strip"}, make("thead", {}, head), make("tbody", {}, ...body)));
      scroll.setAttribute("role", "region");
      scroll.setAttribute("aria-label", `Frames of ${bags.id[n]}`);
      return scroll;
    };
    const trainings = (n) => {
      const width = Math.max(...methods.map((method) => method.seeds.length));
      const cells = (m) => [...Array(width).keys()].map((k) => {
        const value = bags.seeds[m][k]?.[n];
        return make("td", {}, value === undefined || value === null ? "" : `${percent(value, 1)} (${methods[m].seeds[k]})`);
      });
      const table = make("table", {className: "numbers"},
        make("caption", {}, "Score of the video by each training, in percent"),
        make("tbody", {}, ...methods.map((method, m) => make("tr", {}, make("th", {scope: "row"}, method.name), ...cells(m)))));
      const scroll = make("div", {className: "scroll", tabIndex: 0}, table);
      scroll.setAttribute("role", "region");
      scroll.setAttribute("aria-label", `Trainings, ${bags.id[n]}`);
      return scroll;
    };
    const detail = (n) => make("tr", {className: "opened"}, make("td", {colSpan: columns.length, className: "bag"},
      make("div", {className: "bag-inside"},
        make("p", {}, `${bags.label[n] ? `Fake (${bags.manipulation[n]}), ${bags.rate[n]} % of its frames` : "Real"}; status ${bags.status[n]}.`),
        strip(n), trainings(n))));

    const line = (n) => {
      const name = make("button", {type: "button", className: "opener"}, bags.id[n]);
      name.setAttribute("aria-expanded", String(open.has(n)));
      const cells = columns.slice(1).map(({name: head, of, method}) => {
        if (head === "label") return make("td", {className: `words ${bags.label[n] ? "fake" : "real"}`}, bags.label[n] ? "fake" : "real");
        if (head === "kind") return make("td", {className: "words"}, bags.manipulation[n]);
        if (head === "fake frames") return make("td", {}, `${bags.rate[n]} %`);
        const off = method !== undefined && wrong(n, method);
        if (!off) return make("td", {}, percent(of(n), 1));
        const said = make("span", {className: "unseen"}, " (wrong)");
        return make("td", {}, make("span", {className: "wrong", title: "called wrong at 0.5"}, percent(of(n), 1), said));
      });
      const row = make("tr", {}, make("th", {scope: "row"}, name), ...cells);
      name.addEventListener("click", () => {
        if (open.delete(n)) row.nextElementSibling.remove();
        else { open.add(n); row.after(detail(n)); }
        name.setAttribute("aria-expanded", String(open.has(n)));
      });
      return open.has(n) ? [row, detail(n)] : [row];
    };
    const heads = () => columns.map((by, column) => {
      const button = make("button", {type: "button"}, by.name);
      const head = make("th", {scope: "col", className: by.words ? "words" : ""}, button);
      if (sorted.by === by) head.setAttribute("aria-sort", sorted.descending ? "descending" : "ascending");
      button.addEventListener("click", () => {
        sorted = {by, descending: sorted.by === by ? !sorted.descending : by !== bag && by.name !== "kind"};
        page = 0;
        draw(column);
      });
      return head;
    });

    const draw = (focus) => {
      const shown = order(), last = Math.max(0, Math.ceil(shown.length / PAGE) - 1);
      page = Math.min(Math.max(page, 0), last);
      const own = shown.slice(page * PAGE, (page + 1) * PAGE);
      const table = make("table", {className: "numbers bag-table"}, make("caption", {className: "unseen"}, "Bags and their scores in percent"),
        make("thead", {}, make("tr", {}, ...heads())), make("tbody", {}, ...own.flatMap(line)));
      const scroll = make("div", {className: "scroll", tabIndex: 0}, table);
      scroll.setAttribute("role", "region");
      scroll.setAttribute("aria-label", "Bags and their scores");
      place.replaceChildren(scroll);
      pager.querySelector(".place").textContent = own.length
        ? `${page * PAGE + 1} to ${page * PAGE + own.length} of ${shown.length} ${shown.length === 1 ? "bag" : "bags"}` : "no such bag";
      const [back, on] = pager.querySelectorAll("button");
      [back.disabled, on.disabled] = [page === 0, page === last];
      if (focus !== undefined) table.tHead.rows[0].cells[focus].firstChild.focus();
    };
    for (const button of pager.querySelectorAll("button")) {
      button.addEventListener("click", () => { page += Number(button.dataset.step); draw(); });
    }
    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("input", () => { page = 0; draw(); });
    narrow.addEventListener("change", () => { columns = arrange(); draw(); });
    form.hidden = pager.hidden = false;
    draw();
  };
  for (const box of document.querySelectorAll("[data-set]")) setUp(box);
}
