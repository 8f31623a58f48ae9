// Draws charts when they come near the screen, in the colours of the theme, and redraws them when the theme changes.
(() => {
  "use strict";
  const root = document.documentElement;
  const themeButton = document.getElementById("theme");
  const figures = JSON.parse(document.getElementById("figures").textContent);
  const plots = [...document.querySelectorAll("[data-figure]")];
  const drawn = new Set();
  const hidden = new Set();  // traces switched off in a legend, as "chart position"
  const { system, theme, choose } = window.labelscope;  // theme.js
  const coarse = matchMedia("(pointer: coarse)");
  const printing = matchMedia("print");

  function applyTheme(name) {
    root.dataset.theme = name;
    themeButton.setAttribute("aria-pressed", String(name === "dark"));
    for (const plot of drawn) draw(plot);
  }

  // Replaces var(--name) by the colour that the CSS defines for it.
  function resolveColours(value, style) {
    if (typeof value === "string") {
      const name = /^var\((--[\w-]+)\)$/.exec(value);
      return name ? style.getPropertyValue(name[1]).trim() : value;
    }
    if (Array.isArray(value)) return value.map((item) => resolveColours(item, style));
    if (value && typeof value === "object") {
      return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, resolveColours(item, style)]));
    }
    return value;
  }

  function template(style) {
    const colour = (name) => style.getPropertyValue(name).trim();
    const axis = {
      gridcolor: colour("--grid"), zerolinecolor: colour("--line"), linecolor: colour("--line"), tickcolor: colour("--line"),
      automargin: true, fixedrange: true, title: { standoff: 10, font: { color: colour("--soft"), size: 12 } },
    };
    return {
      layout: {
        font: { family: getComputedStyle(document.body).fontFamily, size: 12.5, color: colour("--ink") },
        paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", xaxis: axis, yaxis: axis,
        margin: { l: 8, r: 12, t: 12, b: 8 }, showlegend: false, dragmode: false, hovermode: "closest",
        hoverlabel: {
          bgcolor: colour("--paper"), bordercolor: colour("--soft"), align: "left", namelength: -1,
          font: { color: colour("--ink"), size: 13 },
        },
      },
    };
  }

  function draw(plot) {
    const style = getComputedStyle(root);
    const { data, layout } = resolveColours(figures[plot.dataset.figure], style);
    const map = layout.meta && layout.meta.map;
    const zooms = map && !coarse.matches;
    if (map && plot.clientWidth < plot.clientHeight) {  // a tall screen: swap the axes
      for (const trace of data) [trace.x, trace.y] = [trace.y, trace.x];
    }
    if (zooms) layout.dragmode = "zoom";
    layout.template = template(style);
    data.forEach((trace, position) => { if (hidden.has(`${plot.dataset.figure} ${position}`)) trace.visible = false; });
    Plotly.react(plot, data, layout, {
      responsive: true, displaylogo: false, displayModeBar: zooms ? "hover" : false, doubleClick: zooms ? "reset" : false,
      modeBarButtonsToRemove: ["select2d", "lasso2d", "autoScale2d"], showTips: false,
    });
    drawn.add(plot);
  }

  const near = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      if (isIntersecting && !drawn.has(target)) draw(target);
    }
  }, { rootMargin: "600px" });
  for (const plot of plots) near.observe(plot);

  // The other charts are drawn one by one in idle time, so that a jump to a section finds them drawn.
  const idle = window.requestIdleCallback || ((callback) => setTimeout(callback, 200));
  idle(function next() {
    const plot = plots.find((other) => !drawn.has(other));
    if (plot) { draw(plot); idle(next); }
  });

  for (const button of document.querySelectorAll(".legend button")) {
    button.addEventListener("click", () => {
      const shown = button.getAttribute("aria-pressed") === "true";
      button.setAttribute("aria-pressed", String(!shown));
      const plot = button.closest("figure").querySelector("[data-figure]");
      for (const position of button.dataset.traces.split(" ")) {
        const trace = `${plot.dataset.figure} ${position}`;
        if (shown) hidden.add(trace); else hidden.delete(trace);
      }
      draw(plot);
    });
  }

  // The navigation marks the section on the screen.
  const links = new Map([...document.querySelectorAll(".bar nav a")].map((link) => [link.hash.slice(1), link]));
  const inView = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      if (!isIntersecting) continue;
      for (const link of links.values()) link.removeAttribute("aria-current");
      const link = links.get(target.id);
      if (!link) continue;  // the head of the page
      link.setAttribute("aria-current", "true");
      const nav = link.parentElement;
      nav.scrollLeft = link.offsetLeft - nav.offsetLeft - (nav.clientWidth - link.clientWidth) / 2;
    }
  }, { rootMargin: "-30% 0px -65% 0px" });
  for (const section of document.querySelectorAll("section[id], .head")) inView.observe(section);

  themeButton.addEventListener("click", () => {
    choose(root.dataset.theme === "dark" ? "light" : "dark");
    applyTheme(theme());
  });
  system.addEventListener("change", () => { if (!printing.matches) applyTheme(theme()); });

  // A printed page is light and has all charts.
  addEventListener("beforeprint", () => { applyTheme("light"); plots.filter((plot) => !drawn.has(plot)).forEach(draw); });
  addEventListener("afterprint", () => applyTheme(theme()));

  applyTheme(theme());
})();
