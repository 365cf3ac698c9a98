"use strict";
// Before the first paint: the theme that was chosen, if one was. A browser may forbid to keep it.
{
  let chosen = "auto";
  try { chosen = localStorage.getItem("ffpms-theme") || "auto"; } catch { /* not kept */ }
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
}
