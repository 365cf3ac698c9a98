"use strict";
// Bags that fit the choice, ten at a time; the arrow keys turn the pages.
{
  const {base, bags} = JSON.parse(document.getElementById("shown").textContent);
  const marks = JSON.parse(document.getElementById("marks").textContent);
  const classes = ["fake", "swapped", "real"];
  const form = document.getElementById("choose");
  const [box, where, back, next] = ["bags", "where", "back", "next"].map((id) => document.getElementById(id));
  const perPage = 10;
  let page = 0;

  const make = (tag, text, name) => {
    const made = document.createElement(tag);
    if (text) made.textContent = text;
    if (name) made.className = name;
    return made;
  };
  const options = (name, compare) => {
    const values = [...new Set(bags.map((bag) => bag[name]).filter(Boolean))];
    if (compare) values.sort(compare);
    for (const value of values) form[name].append(new Option(value, value));
  };
  options("split");
  options("kind");
  options("bucket", (a, b) => parseFloat(a) - parseFloat(b));

  const picture = (bag, place, text) => {
    const image = make("img");
    const [folder, name] = [bag.folders[place[0]], place[1]];
    image.loading = "lazy";
    image.decoding = "async";
    image.alt = text;
    image.src = [base, ...folder.split("/").map(encodeURIComponent), encodeURIComponent(name)].join("/");
    return image;
  };
  const draw = (bag, [frame, mark, remark, own, real], beside) => {
    const item = make("li");
    const face = make("figure", "", `face ${classes[mark]}`);
    const what = `frame ${frame < 0 ? "unknown" : frame}, ${marks[mark]}${remark ? `, ${remark}` : ""}`;
    face.append(own ? picture(bag, own, what) : make("span", remark || "no crop", "none"));
    if (beside && bag.real) {
      face.append(real ? picture(bag, real, `frame ${frame} of the real video`) : make("span", "no real face", "none"));
    }
    const caption = make("figcaption", frame < 0 ? "?" : String(frame));
    caption.append(make("b", marks[mark]));
    if (remark && own) caption.append(make("span", remark));
    face.append(caption);
    item.append(face);
    return item;
  };
  const card = (bag, beside) => {
    const made = make("article", "", "card bag");
    made.append(make("h2", bag.id));
    const below = beside && bag.real ? `; below each face ${bag.real} at the same frame` : "";
    made.append(make("p", `${bag.split}: ${bag.about}${below}`, "soft"));
    if (bag.error) made.append(make("p", bag.error, "note"));
    for (const {track, faces} of bag.people) {
      if (bag.people.length > 1) made.append(make("h3", `Person ${track}`));
      const list = make("ol", "", "faces");
      list.append(...faces.map((face) => draw(bag, face, beside)));
      made.append(list);
    }
    return made;
  };
  const chosen = () => {
    const [name, order] = [form.name.value.trim().toLowerCase(), form.order.value];
    const fits = (bag) => bag.id.toLowerCase().includes(name)
      && ["split", "kind", "bucket"].every((key) => !form[key].value || bag[key] === form[key].value);
    const found = bags.filter(fits);
    return order ? found.sort((a, b) => (order === "up" ? a.rate - b.rate : b.rate - a.rate)) : found;
  };
  const show = () => {
    const found = chosen();
    const pages = Math.max(1, Math.ceil(found.length / perPage));
    page = Math.min(Math.max(page, 0), pages - 1);
    const first = page * perPage;
    const part = found.slice(first, first + perPage);
    box.dataset.size = form.size.value;
    box.replaceChildren(...part.map((bag) => card(bag, form.beside.checked)));
    where.textContent = part.length
      ? `Bags ${first + 1} to ${first + part.length} of ${found.length}`
      : "No bag fits; choose less narrowly";
    back.disabled = page === 0;
    next.disabled = page >= pages - 1;
  };
  const turn = (step) => {
    const before = page;
    page += step;
    show();
    if (page !== before) document.querySelector(".turn").scrollIntoView({block: "start"});
  };
  back.addEventListener("click", () => turn(-1));
  next.addEventListener("click", () => turn(1));
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("input", () => { page = 0; show(); });
  document.addEventListener("keydown", (event) => {
    const typing = event.target.matches("input, select, textarea");
    if (typing || event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
    if (event.key === "ArrowLeft") turn(-1);
    if (event.key === "ArrowRight") turn(1);
  });
  if (location.hash) form.name.value = decodeURIComponent(location.hash.slice(1));
  show();
}
