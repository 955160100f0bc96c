// Charts: every figure[data-chart] is drawn from the table inside it. The table stays, for the keyboard, for readers
// without sight and without this script; „•“ in it is a number that is not told, „–“ is none.

const SECRET = "•";
const SECRET_WORDS = "zum Schutz kleiner Zahlen nicht genannt";
const TONES = { accent: "--kim-accent", pale: "--kim-heat-3", late: "--kim-late", soon: "--kim-soon", done: "--kim-done", edge: "--kim-edge" };
const ORDER = ["accent", "pale", "soon", "done", "edge", "late"];
const drawn = new Map();

const calm = window.matchMedia("(prefers-reduced-motion: reduce)");
const paper = window.matchMedia("print");
const numbers = new Intl.NumberFormat("de-DE");
const words = (cell) => cell.textContent.replace(/\s+/g, " ").trim();

function amount(text) {
  const plain = text.replace(/[^\d,.-]/g, "").replace(/\./g, "").replace(",", ".");
  return /\d/.test(plain) ? Number(plain) : null;
}

function read(figure) {
  const table = figure.querySelector("table");
  const names = [...table.querySelectorAll("thead th")].map(words);
  const rows = [...table.querySelectorAll("tbody tr")];
  return {
    title: words(table.caption || table),
    unit: figure.dataset.unit || "",
    names: names.slice(1),
    labels: rows.map((row) => words(row.cells[0])),
    cells: names.slice(1).map((_, at) => rows.map((row) => words(row.cells[at + 1]))),
  };
}

// Text only: nothing of a table is taken for markup, and no style stands in markup.
function tip(data, at) {
  const box = document.createElement("div");
  const head = document.createElement("strong");
  head.textContent = data.labels[at];
  box.append(head);
  data.names.forEach((name, number) => {
    const line = document.createElement("div");
    const cell = data.cells[number][at];
    const told = cell === SECRET ? SECRET_WORDS : `${cell}${data.unit && data.names.length === 1 ? ` ${data.unit}` : ""}`;
    line.textContent = data.names.length === 1 ? told : `${name}: ${told}`;
    box.append(line);
  });
  return box;
}

function option(figure, data) {
  const style = getComputedStyle(document.documentElement);
  const colour = (name) => style.getPropertyValue(name).trim();
  const given = (figure.dataset.tones || "").split(" ").filter(Boolean);
  const perRow = data.names.length === 1 && given.length === data.labels.length && given.length > 1;
  const tone = (at) => colour(TONES[(perRow ? null : given[at]) || ORDER[at % ORDER.length]]);
  const across = "across" in figure.dataset;
  const lines = figure.dataset.chart === "lines";
  const several = data.names.length > 1;
  const text = { color: colour("--kim-ink"), fontFamily: "Fira Sans, sans-serif", fontSize: 13 };

  const series = data.names.map((name, at) => ({
    name,
    type: lines ? "line" : "bar",
    stack: figure.dataset.chart === "stacked" ? "all" : undefined,
    barMaxWidth: across ? 22 : 34,
    barGap: "10%",
    itemStyle: { color: tone(at) },
    lineStyle: { width: 2.5, type: ["solid", "dashed", "dotted"][at % 3] },
    symbol: ["circle", "rect", "triangle", "diamond"][at % 4],
    symbolSize: 7,
    label: {
      show: !several && !lines, position: across ? "right" : "top", ...text, fontWeight: 600,
      formatter: ({ dataIndex }) => data.cells[at][dataIndex],
    },
    emphasis: { disabled: true },
    data: data.cells[at].map((cell, row) => {
      const value = cell === SECRET ? null : amount(cell);
      return perRow ? { value, itemStyle: { color: colour(TONES[given[row]]) } } : value;
    }),
  }));
  // Where a number is not told there is no bar and no point, only the mark at the axis.
  const secret = data.labels.map((label, row) => [label, data.cells.some((cells) => cells[row] === SECRET)]);
  if (secret.some(([, is]) => is)) {
    series.push({
      type: "scatter", symbol: "circle", symbolSize: 6, itemStyle: { color: colour("--kim-edge") }, silent: true, z: 5,
      data: secret.map(([, is], row) => (is ? (across ? [0, row] : [row, 0]) : null)).filter(Boolean),
    });
  }
  const category = {
    type: "category", data: data.labels, inverse: across, axisTick: { show: false },
    axisLine: { lineStyle: { color: colour("--kim-edge") } },
    axisLabel: { ...text, hideOverlap: true, ...(across ? { width: 150, overflow: "break" } : {}) },
  };
  const value = {
    type: "value", minInterval: 1, min: (range) => Math.min(0, range.min), axisLine: { show: false },
    axisLabel: { ...text, color: colour("--kim-ink-2"), formatter: (number) => numbers.format(number), show: !across || several },
    splitLine: { show: !across || several, lineStyle: { color: colour("--kim-rule") } },
  };
  return {
    animation: !calm.matches, animationDuration: 250, animationDurationUpdate: 0,
    textStyle: text,
    aria: {
      enabled: true,
      label: { description: `${data.title}. Die Zahlen stehen in der Tabelle darunter.` },
      decal: { show: several && !lines, decals: decals(colour("--kim-sheet")) },
    },
    legend: {
      show: several, data: data.names, left: 0, top: 0, padding: 0, itemGap: 14, itemWidth: 18, itemHeight: 12, selectedMode: false, textStyle: text,
    },
    grid: { left: 4, right: across ? 44 : 8, top: several ? 40 : across ? 4 : 24, bottom: 4, outerBoundsMode: "same", outerBoundsContain: "axisLabel" },
    tooltip: {
      trigger: "axis", confine: true, transitionDuration: 0, axisPointer: { type: lines ? "line" : "shadow" },
      backgroundColor: colour("--kim-sheet"), borderColor: colour("--kim-edge"), textStyle: text,
      formatter: (points) => tip(data, points[0].seriesType === "scatter" ? points[0].value[across ? 1 : 0] : points[0].dataIndex),
    },
    xAxis: across ? value : category,
    yAxis: across ? category : value,
    series,
  };
}

// The first series is plain; the others carry stripes and dots, so that colour is not alone.
function decals(color) {
  return [
    { symbol: "none" },
    { color, symbol: "rect", dashArrayX: [1, 0], dashArrayY: [2, 5], rotation: Math.PI / 4 },
    { color, symbol: "circle", dashArrayX: [[5, 5], [0, 5, 5, 0]], dashArrayY: [5, 0], symbolSize: 0.7 },
    { color, symbol: "rect", dashArrayX: [1, 0], dashArrayY: [2, 5], rotation: -Math.PI / 4 },
    { color, symbol: "rect", dashArrayX: [1, 0], dashArrayY: [2, 4] },
    { color, symbol: "triangle", dashArrayX: [[6, 6], [0, 6, 6, 0]], dashArrayY: [6, 0], symbolSize: 0.7 },
  ];
}

function draw(figure) {
  const data = read(figure);
  if (!data.labels.length || !data.names.length) return;
  let held = drawn.get(figure);
  if (!held) {
    const place = document.createElement("div");
    place.className = "kim-plot__drawing";
    if ("across" in figure.dataset) {
      const bars = figure.dataset.chart === "stacked" ? 1 : data.names.length;
      place.style.height = `${data.labels.length * (12 + 20 * bars) + (data.names.length > 1 ? 70 : 12)}px`;
    }
    figure.prepend(place);
    const table = figure.querySelector("details");
    if (table) table.open = false;
    const chart = window.echarts.init(place, null, { renderer: "svg", locale: "DE" });
    const watch = new ResizeObserver(() => {
      // On paper the drawing is scaled as it is: there is no time to draw it anew.
      if (paper.matches || !place.clientWidth) return;
      chart.resize();
      scalable(place);
    });
    watch.observe(place);
    held = { chart, watch };
    drawn.set(figure, held);
  }
  held.chart.setOption(option(figure, data), true);
  scalable(figure.querySelector(".kim-plot__drawing"));
}

function scalable(place) {
  const svg = place.querySelector("svg");
  if (svg) svg.setAttribute("viewBox", `0 0 ${svg.getAttribute("width")} ${svg.getAttribute("height")}`);
}

function drawAll() {
  if (!window.echarts) return;
  for (const [figure, { chart, watch }] of drawn) {
    if (figure.isConnected) continue;
    watch.disconnect();
    chart.dispose();
    drawn.delete(figure);
  }
  for (const figure of document.querySelectorAll("figure[data-chart]")) if (!drawn.has(figure)) draw(figure);
}

function again() { for (const figure of drawn.keys()) if (figure.isConnected) draw(figure); }

// With the fonts, or labels are measured in another one.
document.fonts.ready.then(drawAll);
document.addEventListener("htmx:afterSettle", drawAll);
window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", again);
calm.addEventListener("change", again);
paper.addEventListener("change", again);
