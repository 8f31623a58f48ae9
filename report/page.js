// Draws the charts when they come near the screen, in the colours of the page, and again when these change.
(() => {
  "use strict";
  const root = document.documentElement;
  const button = document.getElementById("theme");
  const figures = JSON.parse(document.getElementById("figures").textContent);
  const plots = [...document.querySelectorAll("[data-figure]")];
  const drawn = new Set();
  const hidden = new Set();  // traces that a person has switched off in a legend
  const { system, theme, choose } = window.labelscope;  // theme.js
  const coarse = matchMedia("(pointer: coarse)");
  const printing = matchMedia("print");

  function dress(name) {
    root.dataset.theme = name;
    button.setAttribute("aria-pressed", String(name === "dark"));
    for (const plot of drawn) draw(plot);
  }

  // var(--name) becomes the colour that the page has by that name.
  function paint(value, style) {
    if (typeof value === "string") {
      const name = /^var\((--[\w-]+)\)$/.exec(value);
      return name ? style.getPropertyValue(name[1]).trim() : value;
    }
    if (Array.isArray(value)) return value.map((item) => paint(item, style));
    if (value && typeof value === "object") {
      return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, paint(item, style)]));
    }
    return value;
  }

  function common(style) {
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
    const { data, layout } = paint(figures[plot.dataset.figure], style);
    const map = layout.meta && layout.meta.map;
    const zooms = map && !coarse.matches;
    if (map && plot.clientWidth < plot.clientHeight) {  // lies on its side
      for (const trace of data) [trace.x, trace.y] = [trace.y, trace.x];
    }
    if (zooms) layout.dragmode = "zoom";
    layout.template = common(style);
    data.forEach((trace, place) => { if (hidden.has(`${plot.dataset.figure} ${place}`)) trace.visible = false; });
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

  // And the others one by one when there is nothing else to do, so that whoever jumps finds them.
  const idle = window.requestIdleCallback || ((callback) => setTimeout(callback, 200));
  idle(function next() {
    const plot = plots.find((other) => !drawn.has(other));
    if (plot) { draw(plot); idle(next); }
  });

  for (const switched of document.querySelectorAll(".legend button")) {
    switched.addEventListener("click", () => {
      const shown = switched.getAttribute("aria-pressed") === "true";
      switched.setAttribute("aria-pressed", String(!shown));
      const plot = switched.closest("figure").querySelector("[data-figure]");
      for (const place of switched.dataset.traces.split(" ")) {
        const trace = `${plot.dataset.figure} ${place}`;
        if (shown) hidden.add(trace); else hidden.delete(trace);
      }
      draw(plot);
    });
  }

  // The navigation says where one is.
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

  button.addEventListener("click", () => {
    choose(root.dataset.theme === "dark" ? "light" : "dark");
    dress(theme());
  });
  system.addEventListener("change", () => { if (!printing.matches) dress(theme()); });

  // Paper is white, and has all charts.
  addEventListener("beforeprint", () => { dress("light"); plots.filter((plot) => !drawn.has(plot)).forEach(draw); });
  addEventListener("afterprint", () => dress(theme()));

  dress(theme());
})();
