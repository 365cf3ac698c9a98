"use strict";
// Draws the charts in view first and the others when there is time, and shows or hides a series in all charts of its set.
{
  const hidden = new Map(); // by set, the keys of series that are not shown
  const views = new Map(); // by set, the views that were drawn
  const hiddenOf = (set) => hidden.get(set) ?? hidden.set(set, new Set()).get(set);
  const viewsOf = (set) => views.get(set) ?? views.set(set, []).get(set);

  const draw = async (script) => {
    if (script.dataset.drawn) return;
    script.dataset.drawn = "yes";
    const set = script.closest("[data-set]").dataset.set;
    const place = document.getElementById(script.dataset.for);
    const options = {
      actions: false, renderer: "svg", ast: true, mode: "vega-lite",
      defaultStyle: false, tooltip: {disableDefaultStyle: true, theme: "page"},
    };
    const {view} = await vegaEmbed(place, JSON.parse(script.textContent), options);
    place.querySelector("svg").setAttribute("aria-hidden", "true"); // the place itself is the picture, with a description
    viewsOf(set).push(view);
    await view.signal("hidden", [...hiddenOf(set)]).runAsync();
  };

  const scripts = [...document.querySelectorAll("script.spec")];
  const seen = new IntersectionObserver((entries) => {
    for (const entry of entries.filter((one) => one.isIntersecting)) {
      seen.unobserve(entry.target);
      draw(scripts.find((script) => script.dataset.for === entry.target.id));
    }
  }, {rootMargin: "400px"});
  for (const script of scripts) seen.observe(document.getElementById(script.dataset.for));
  const pause = () => new Promise((go) => window.requestIdleCallback ? requestIdleCallback(go) : setTimeout(go, 100));
  const drawRest = async () => { // who prints or takes a picture of the page has not scrolled to all of it
    for (const script of scripts) {
      await pause();
      await draw(script);
    }
  };
  addEventListener("load", drawRest);
  addEventListener("beforeprint", () => scripts.forEach(draw));

  const toggle = (set, key) => {
    const own = hiddenOf(set);
    if (!own.delete(key)) own.add(key);
    for (const button of document.getElementById(set).querySelectorAll(".key")) {
      button.setAttribute("aria-pressed", String(!own.has(button.dataset.key)));
    }
    for (const view of viewsOf(set)) view.signal("hidden", [...own]).runAsync();
  };
  for (const button of document.querySelectorAll(".key[data-key]")) {
    button.addEventListener("click", () => toggle(button.closest("[data-set]").dataset.set, button.dataset.key));
  }
}
