// Sets the light or dark theme before the first paint: the person's choice, or else the system's setting.
(() => {
  "use strict";
  const system = matchMedia("(prefers-color-scheme: dark)");
  let chosen = null;
  try { chosen = localStorage.getItem("labelscope-theme"); } catch { /* some browsers have no storage for local files */ }

  function theme() { return chosen || (system.matches ? "dark" : "light"); }

  function choose(name) {
    chosen = name;
    try { localStorage.setItem("labelscope-theme", name); } catch { /* the choice lasts for this visit only */ }
  }

  document.documentElement.dataset.theme = theme();
  window.labelscope = { system, theme, choose };
})();
