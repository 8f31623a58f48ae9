// Light or dark before anything is painted: what a person chose, or else what the system says.
(() => {
  "use strict";
  const system = matchMedia("(prefers-color-scheme: dark)");
  let chosen = null;
  try { chosen = localStorage.getItem("labelscope-theme"); } catch { /* some browsers let a file remember nothing */ }

  function theme() { return chosen || (system.matches ? "dark" : "light"); }

  function choose(name) {
    chosen = name;
    try { localStorage.setItem("labelscope-theme", name); } catch { /* then it is asked again */ }
  }

  document.documentElement.dataset.theme = theme();
  window.labelscope = { system, theme, choose };
})();
