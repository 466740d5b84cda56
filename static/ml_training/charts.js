// Draw every figure that carries data-chart; call drawCharts() again to renew them.
// Plotly keeps zoom and hidden curves as long as layout.uirevision stays the same.
"use strict";

(() => {
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const config = {
    responsive: true,
    displaylogo: false,
    showSendToCloud: false, // nothing leaves this server
    plotlyServerURL: "",
    modeBarButtonsToRemove: ["select2d", "lasso2d", "autoScale2d"],
    showTips: false,
  };
  const figures = new Map();

  const colour = (name) =>
    getComputedStyle(document.documentElement).getPropertyValue(name).trim();

  function dress(layout) {
    const text = colour("--text") || (dark.matches ? "#eeeeee" : "#222222");
    const grid = colour("--grid") || (dark.matches ? "#333333" : "#e5e5e5");
    const dressed = {
      ...layout,
      autosize: true,
      paper_bgcolor: "rgba(0,0,0,0)",
      plot_bgcolor: "rgba(0,0,0,0)",
      font: { color: text, size: 12, family: "inherit" },
      hoverlabel: { align: "left" },
      modebar: { bgcolor: "rgba(0,0,0,0)", color: colour("--soft"), activecolor: text },
    };
    for (const axis of ["xaxis", "yaxis", "yaxis2"]) {
      if (layout[axis]) {
        dressed[axis] = { gridcolor: grid, zerolinecolor: grid, linecolor: grid, ...layout[axis] };
      }
    }
    return dressed;
  }

  function show(figure, chart) {
    figures.set(figure, chart);
    const plot = figure.querySelector(".plot");
    const title = figure.querySelector("[data-chart-title]");
    if (title && title.textContent !== chart.title) {
      title.textContent = chart.title;
      figure.querySelector("[data-chart-summary]").textContent = chart.summary;
      plot.setAttribute("aria-label", chart.title);
    }
    figure.toggleAttribute("data-empty", !chart.data.length);
    return window.Plotly.react(plot, chart.data, dress(chart.layout), config);
  }

  async function draw(figure) {
    const answer = await fetch(figure.dataset.chart, { credentials: "same-origin" });
    if (answer.ok) {
      await show(figure, await answer.json());
      figure.dataset.drawn = "yes";
    }
  }

  window.drawCharts = () =>
    Promise.allSettled([...document.querySelectorAll("[data-chart]")].map(draw));

  dark.addEventListener("change", () => figures.forEach((chart, figure) => show(figure, chart)));
  window.drawCharts();
})();
