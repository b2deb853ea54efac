"use strict";

/* Charts drawn from the table beside them: what is seen and what is read aloud are the same numbers. */
(() => {
  const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const resolved = (name) => {
    const probe = document.createElement("span");
    probe.style.color = `var(${name})`;
    document.body.append(probe);
    const value = getComputedStyle(probe).color;
    probe.remove();
    return value;
  };

  function read(figure) {
    const table = figure.querySelector("table");
    const heads = [...table.tHead.rows[0].cells].filter((cell) => cell.dataset.color);
    const rows = [...table.tBodies[0].rows];
    const x = rows.map((row) => {
      const value = row.cells[0].dataset.x;
      return value.includes("-") ? Date.parse(`${value}T12:00:00Z`) / 1000 : Number(value);
    });
    const series = heads.map((head) =>
      rows.map((row) => {
        const value = row.cells[head.cellIndex].dataset.y;
        return value === "" || value === undefined ? null : Number(value);
      }),
    );
    return { rows, heads, x, series };
  }

  const told = (row, heads) =>
    `${row.cells[0].textContent.trim()}: ` +
    heads.map((head) => `${head.textContent.trim()} ${row.cells[head.cellIndex].textContent.trim()}`).join(", ");

  function axes(data, percent) {
    const line = resolved("--line");
    const quiet = resolved("--quiet");
    const font = "12px system-ui, sans-serif";
    const lang = document.documentElement.lang;
    const days = new Intl.DateTimeFormat(lang, { day: "numeric", month: "short", timeZone: "UTC" });
    const shares = new Intl.NumberFormat(lang, { style: "percent", maximumFractionDigits: 0 });
    const numbers = new Intl.NumberFormat(lang, { maximumFractionDigits: 2 });
    const grid = { stroke: line, width: 1 };
    const isTime = data.x.length > 0 && data.x[0] > 1e6;
    return {
      isTime,
      axes: [
        { stroke: quiet, font, size: 32, grid: { show: false }, ticks: grid, values: (_, all) => all.map((v) => (isTime ? days.format(v * 1000) : shares.format(v))), space: 70, incrs: isTime ? [86400, 2 * 86400, 7 * 86400, 14 * 86400, 28 * 86400, 91 * 86400] : undefined },
        { stroke: quiet, font, grid, ticks: grid, size: 56, values: (_, all) => all.map((v) => (percent ? shares.format(v) : numbers.format(v))), incrs: percent ? undefined : [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 20000, 50000, 100000] },
      ],
    };
  }

  function stack(data) {
    const sums = data.series.map(() => data.x.map(() => 0));
    data.x.forEach((_, day) => {
      let sum = 0;
      data.series.forEach((values, place) => {
        sum += values[day] ?? 0;
        sums[place][day] = sum;
      });
    });
    const bars = uPlot.paths.bars({ size: [0.82, 40], radius: 0.1 });
    const series = data.heads.map((head) => {
      const fill = resolved(head.dataset.color);
      return { label: head.textContent.trim(), fill, stroke: fill, width: 0, paths: bars, points: { show: false } };
    });
    return { values: [data.x, ...sums.reverse()], series: [{}, ...series.reverse()] };
  }

  function lines(data) {
    const series = data.heads.map((head) => {
      const stroke = resolved(head.dataset.color);
      const dash = head.dataset.dash ? [4, 4] : undefined;
      return { label: head.textContent.trim(), stroke, width: 2, dash, spanGaps: true, points: { show: !dash, size: 6, fill: stroke } };
    });
    return { values: [data.x, ...data.series], series: [{}, ...series] };
  }

  function draw(figure) {
    const place = figure.querySelector(".plot");
    const readout = figure.querySelector(".readout");
    const data = read(figure);
    place.replaceChildren();
    if (!data.x.length) return null;
    const percent = figure.dataset.percent !== undefined;
    const drawn = figure.dataset.chart === "stack" ? stack(data) : lines(data);
    const look = axes(data, percent);
    const range = percent ? [0, 1] : (_, __, most) => [0, Math.max(1, most * 1.05)];
    return new uPlot(
      {
        width: place.clientWidth,
        height: figure.dataset.height ? Number(figure.dataset.height) : 240,
        legend: { show: false },
        cursor: { y: false, drag: { x: false, y: false } },
        scales: { x: { time: look.isTime, range: look.isTime ? (_, a, b) => [a - 43200, b + 43200] : [0, 1] }, y: { range } },
        axes: look.axes,
        series: drawn.series,
        hooks: {
          setCursor: [
            (plot) => {
              const index = plot.cursor.idx;
              if (readout) readout.textContent = index === null || index === undefined ? "\u00a0" : told(data.rows[index], data.heads);
            },
          ],
        },
      },
      drawn.values,
      place,
    );
  }

  const plots = new Map();
  function all() {
    for (const figure of document.querySelectorAll("figure[data-chart]")) {
      plots.get(figure)?.destroy();
      plots.set(figure, draw(figure));
    }
  }
  if (!color("--ink") || typeof uPlot === "undefined") return;
  all();
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", all);
  document.addEventListener("htmx:after:swap", all);
  new ResizeObserver(() => {
    for (const [figure, plot] of plots) {
      const width = figure.querySelector(".plot").clientWidth;
      if (plot && Math.abs(plot.width - width) > 1) plot.setSize({ width, height: plot.height });
    }
  }).observe(document.querySelector("main"));
})();
