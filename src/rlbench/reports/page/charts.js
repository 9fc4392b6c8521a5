// Charts to explore: the curves of the figures, on one axis that can be changed. Without script
// there are the figures alone. Numbers come from the page's JSON; text stays text.
(() => {
  "use strict";
  const source = document.getElementById("chart-data");
  if (source === null) return;
  const charts = JSON.parse(source.textContent); // by the anchors of their environments
  const INK = "#222222", GRID = "#dddddd"; // by night the whole plate is turned over
  const BEFORE = 4; // series of a group, in this order:
  const HIGH = 0, LOW = 1, LIVE = 2, CARRIED = 3;

  // As a reader writes a number: 0.0123, 4.56, 789, 12.3k, 4.5M.
  const words = (value) => {
    const size = Math.abs(value);
    if (size >= 1e15) return value.toExponential(2);
    for (const [unit, letter] of [[1e9, "G"], [1e6, "M"], [1e4, "k"]]) {
      if (size >= unit) return String(Number((value / (letter === "k" ? 1e3 : unit)).toPrecision(3))) + letter;
    }
    if (size >= 100) return String(Math.round(value));
    return String(Number(value.toPrecision(3)));
  };

  // A group's curve against a clock. Cost is training time times the price of the group's cores.
  const curveOf = (group, clock) => {
    if (clock !== "euros") return group.curves[clock];
    const found = group.curves.train_s, price = group.per_s;
    return found && { ...found, x: found.x.map((x) => x * price), live_until: found.live_until * price };
  };

  // Where an axis begins that has no zero: a little before the first evaluation after it.
  const startOf = (curves) => {
    const positive = curves.flatMap((curve) => curve.x.filter((x) => x > 0));
    return positive.length ? 0.8 * Math.min(...positive) : null;
  };

  // All curves on one grid of times. Each is a step function, so this changes no value.
  const tabled = (chart, clock, logarithmic) => {
    const curves = chart.groups.map((group) => curveOf(group, clock));
    const start = logarithmic ? startOf(curves.filter(Boolean)) : null;
    const place = (x) => (start === null ? x : Math.max(x, start));
    const grid = [...new Set(curves.flatMap((curve) => (curve ? curve.x.map(place) : [])))];
    grid.sort((a, b) => a - b);
    const points = curves.map((curve) => {
      let index = -1;
      return grid.map((x) => {
        while (curve && index + 1 < curve.x.length && place(curve.x[index + 1]) <= x) index += 1;
        return index;
      });
    });
    const columns = curves.flatMap((curve, g) => {
      const take = (values, keep) => points[g].map((i, n) => (i >= 0 && keep(n) ? values[i] : null));
      if (!curve) return Array.from({ length: BEFORE }, () => grid.map(() => null));
      const until = place(curve.live_until);
      const last = grid.findLastIndex((x) => x <= until);
      return [
        take(curve.high, () => true), take(curve.low, () => true),
        take(curve.middle, (n) => n <= last), take(curve.middle, (n) => n >= last && last < grid.length - 1),
      ];
    });
    for (const line of chart.lines) columns.push(grid.map(() => line.value));
    return { grid, points, curves, data: [grid, ...columns], logarithmic: start !== null };
  };

  const seriesOf = (chart) => {
    const stepped = uPlot.paths.stepped({ align: 1 });
    const points = { show: false };
    const all = [{}];
    for (const { colour } of chart.groups) {
      const edge = { paths: stepped, points, stroke: "transparent", width: 0 };
      const middle = { paths: stepped, points: { ...points, stroke: colour, fill: colour }, stroke: colour };
      all.push({ ...edge }, { ...edge }, { ...middle, width: 2.2 }, { ...middle, width: 1.8, dash: [4, 3] });
    }
    for (const { colour, dashes } of chart.lines) {
      all.push({ points, stroke: colour, width: 1.2, dash: dashes, auto: false });
    }
    return all;
  };

  const bandsOf = (chart) => chart.groups.map((group, g) => ({
    series: [1 + g * BEFORE + HIGH, 1 + g * BEFORE + LOW], fill: `${group.colour}2e`,
  }));

  class Explorer {
    constructor(figure, chart) {
      this.figure = figure;
      this.chart = chart;
      this.canvas = figure.querySelector(".canvas");
      this.clock = figure.querySelector("[data-role=clock]");
      this.log = figure.querySelector("[data-role=log]");
      this.rows = Array.from(figure.querySelectorAll("tr[data-group]"));
      this.at = figure.querySelector("[data-role=at]");
      this.said = figure.querySelector("[role=status]");
      this.listen();
      this.draw();
      new ResizeObserver(() => this.plot.setSize(this.size())).observe(this.canvas);
    }

    listen() {
      for (const control of [this.clock, this.log]) control.addEventListener("change", () => this.draw());
      const act = { closer: () => this.zoom(0.5), wider: () => this.zoom(2), all: () => this.showAll() };
      for (const [role, action] of Object.entries(act)) {
        this.figure.querySelector(`[data-role=${role}]`).addEventListener("click", action);
      }
      this.rows.forEach((row, g) => {
        row.querySelector("input").addEventListener("change", () => { this.show(g); this.read(); });
      });
      const keys = {
        ArrowLeft: (far) => this.step(far ? -10 : -1), ArrowRight: (far) => this.step(far ? 10 : 1),
        Home: () => this.step(-Infinity), End: () => this.step(Infinity),
        "+": act.closer, "=": act.closer, "-": act.wider, "0": act.all, Escape: act.all,
      };
      this.canvas.addEventListener("keydown", (event) => {
        if (!Object.hasOwn(keys, event.key) || event.ctrlKey || event.metaKey || event.altKey) return;
        event.preventDefault();
        keys[event.key](event.shiftKey);
      });
    }

    size() {
      const width = this.canvas.clientWidth;
      return { width, height: Math.round(Math.min(380, Math.max(260, 0.5 * width))) };
    }

    draw() {
      this.plot?.destroy();
      this.plot = undefined;
      const { chart } = this;
      this.table = tabled(chart, this.clock.value, this.log.checked);
      const axis = {
        stroke: INK, font: "13px system-ui, sans-serif", labelFont: "13px system-ui, sans-serif",
        grid: { stroke: GRID, width: 1 }, ticks: { stroke: GRID, width: 1 },
        values: (_, ticks) => ticks.map((tick) => (tick === null ? "" : words(tick))),
      };
      const name = this.clock.selectedOptions[0].textContent;
      this.zoomed = false;
      this.plot = new uPlot({
        ...this.size(),
        legend: { show: false },
        scales: {
          x: {
            time: false, distr: this.table.logarithmic ? 3 : 1,
            range: (_, low, high) => (low < high ? [low, high] : [0.5 * low, 2 * low + 1]),
          },
          y: { range: (_, low, high) => this.returns(low, high) },
        },
        axes: [{ ...axis, label: name, size: 36, labelSize: 22 }, { ...axis, label: "mean return", size: 58, labelSize: 22 }],
        series: seriesOf(chart),
        bands: bandsOf(chart),
        cursor: {
          y: false,
          drag: { x: true, y: false, dist: 6 },
          points: { size: (_, i) => (i <= chart.groups.length * BEFORE && (i - 1) % BEFORE >= LIVE ? 9 : 0) },
        },
        hooks: { setCursor: [() => this.read()], setScale: [(plot, key) => { if (key === "x") this.scaled(plot); }] },
      }, this.table.data, this.canvas);
      chart.groups.forEach((_, g) => this.show(g));
      this.read();
    }

    // The figure's range of returns; of a part what lies in it.
    returns(low, high) {
      const { chart } = this;
      if (!this.zoomed || low === null || low === high) return [chart.low, chart.high];
      const margin = 0.06 * (high - low);
      return [Math.max(low - margin, chart.low), Math.min(high + margin, chart.high)];
    }

    scaled(plot) {
      const { grid } = this.table, { min, max } = plot.scales.x;
      this.zoomed = min > grid[0] || max < grid[grid.length - 1];
    }

    show(g) {
      const show = this.rows[g].querySelector("input").checked;
      this.plot.batch(() => {
        for (let part = 0; part < BEFORE; part += 1) this.plot.setSeries(1 + g * BEFORE + part, { show });
      });
    }

    showAll() {
      const { grid } = this.table;
      this.plot.setScale("x", { min: grid[0], max: grid[grid.length - 1] });
    }

    // Show `factor` times as much of the axis, about the cursor where there is one.
    zoom(factor) {
      const { plot, table: { grid, logarithmic } } = this, { min, max } = plot.scales.x;
      const to = logarithmic ? Math.log : (x) => x, from = logarithmic ? Math.exp : (x) => x;
      const [low, high] = [to(min), to(max)];
      const index = plot.cursor.idx;
      const here = index === null || index === undefined ? (low + high) / 2 : to(grid[index]);
      const [first, last] = [grid[0], grid[grid.length - 1]];
      const next = [here - (here - low) * factor, here + (high - here) * factor].map(from);
      if (next[1] - next[0] < 1e-9 * (last - first)) return;
      plot.setScale("x", { min: Math.max(next[0], first), max: Math.min(next[1], last) });
    }

    // Move the cursor by some points of what is shown, and say what is there.
    step(by) {
      const { plot, table: { grid } } = this, { min, max } = plot.scales.x;
      const first = grid.findIndex((x) => x >= min), last = grid.findLastIndex((x) => x <= max);
      if (first < 0 || last < first) return;
      const index = plot.cursor.idx ?? (by > 0 ? first - 1 : last + 1);
      const next = Math.min(Math.max(index + by, first), last);
      plot.setCursor({ left: plot.valToPos(grid[next], "x"), top: plot.over.clientHeight / 2 });
      this.said.textContent = [this.at.textContent, ...this.rows.filter((row) => row.querySelector("input").checked)
        .map((row) => Array.from(row.cells, (cell) => cell.textContent.trim()).join(", "))].join("; ");
    }

    // Write what every group has at the cursor; without one, at the end.
    read() {
      const { plot, table: { grid, points, curves } } = this;
      if (plot === undefined) return;
      const over = plot.cursor.left >= 0 ? plot.cursor.idx : null;
      const index = over ?? grid.length - 1;
      const name = this.clock.selectedOptions[0].textContent;
      this.at.textContent = `${name}: ${words(grid[index])}${over === null ? ", the end" : ""}`;
      this.rows.forEach((row, g) => {
        const curve = curves[g], i = curve ? points[g][index] : -1;
        const known = i >= 0 && curve.middle[i] !== null;
        const texts = known
          ? [words(curve.middle[i]), `${words(curve.low[i])} to ${words(curve.high[i])}`, `${curve.seeds[i]} of ${this.chart.groups[g].seeds}`]
          : ["–", "–", `0 of ${this.chart.groups[g].seeds}`];
        texts.forEach((text, n) => { row.cells[n + 1].textContent = text; });
      });
    }
  }

  // A chart is drawn when it is about to be seen.
  const observer = new IntersectionObserver((entries) => {
    for (const { isIntersecting, target } of entries) {
      if (!isIntersecting) continue;
      observer.unobserve(target);
      new Explorer(target, charts[target.dataset.chart]);
    }
  }, { rootMargin: "600px" });
  for (const figure of document.querySelectorAll("figure.chart")) {
    figure.hidden = false;
    observer.observe(figure);
  }
})();
