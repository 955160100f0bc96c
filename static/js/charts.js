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
const FONT = 13;
const LINE = 18;
const pen = document.createElement("canvas").getContext("2d");

function wide(text) {
  pen.font = `${FONT}px "Fira Sans", sans-serif`;
  return pen.measureText(text).width;
}

// How many lines a label takes in so many pixels: broken between words, and within one that is longer.
function lines(text, width) {
  let count = 1;
  let used = 0;
  for (const word of text.split(" ")) {
    const own = wide(`${word} `);
    if (used && used + own > width) { count += 1; used = 0; }
    count += Math.max(0, Math.ceil(own / width) - 1);
    used += own;
  }
  return count;
}

// Lines of the legend: a mark, a name and a gap each.
function rowsOf(names, width) {
  let count = 1;
  let used = 0;
  for (const name of names) {
    const own = 23 + wide(name);
    if (used && used + own > width) { count += 1; used = 0; }
    used += own + 14;
  }
  return count;
}

// Of the names beside bars: as wide as the longest, and not more than leaves room for the bars.
function labelWidth(labels, width) {
  return Math.min(Math.ceil(Math.max(...labels.map(wide))) + 4, 170, Math.max(90, Math.round(width * 0.38)));
}

function tick(number) {
  if (Math.abs(number) >= 1e6) return `${numbers.format(number / 1e6)} Mio.`;
  return Math.abs(number) >= 1e4 ? `${numbers.format(number / 1e3)} Tsd.` : numbers.format(number);
}

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

function option(figure, data, width) {
  const style = getComputedStyle(document.documentElement);
  const colour = (name) => style.getPropertyValue(name).trim();
  const given = (figure.dataset.tones || "").split(" ").filter(Boolean);
  const perRow = data.names.length === 1 && given.length === data.labels.length && given.length > 1;
  const tone = (at) => colour(TONES[(perRow ? null : given[at]) || ORDER[at % ORDER.length]]);
  const across = "across" in figure.dataset;
  const line = figure.dataset.chart === "lines";
  const stacked = figure.dataset.chart === "stacked";
  const several = data.names.length > 1;
  // Bars to the right say their number themselves; only stacked ones need an axis.
  const room = width / data.labels.length > 4 + Math.max(...data.cells.flat().map(wide));
  const told = !line && (across ? !(several && stacked) : !several && room);
  const text = { color: colour("--kim-ink"), fontFamily: "Fira Sans, sans-serif", fontSize: FONT };

  const series = data.names.map((name, at) => ({
    name,
    type: line ? "line" : "bar",
    stack: stacked ? "all" : undefined,
    barMaxWidth: across ? 22 : 34,
    barGap: "10%",
    itemStyle: { color: tone(at) },
    lineStyle: { width: 2.5, type: ["solid", "dashed", "dotted"][at % 3] },
    symbol: ["circle", "rect", "triangle", "diamond"][at % 4],
    symbolSize: 7,
    label: {
      show: told, position: across ? "right" : "top", ...text, fontWeight: several ? 400 : 600,
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
    axisLabel: {
      ...text, hideOverlap: true,
      ...(across ? { width: labelWidth(data.labels, width), overflow: "break", lineHeight: LINE, interval: 0 } : { showMaxLabel: true, alignMaxLabel: line ? "right" : undefined }),
    },
  };
  const value = {
    type: "value", minInterval: 1, splitNumber: across ? Math.max(2, Math.min(6, Math.floor(width / 110))) : 5, min: (range) => Math.min(0, range.min), axisLine: { show: false },
    axisLabel: { ...text, color: colour("--kim-ink-2"), formatter: tick, show: !across || !told, hideOverlap: true },
    splitLine: { show: !across || !told, lineStyle: { color: colour("--kim-rule") } },
  };
  return {
    animation: !calm.matches, animationDuration: 250, animationDurationUpdate: 0,
    textStyle: text,
    aria: {
      enabled: true,
      label: { description: `${data.title}. Die Zahlen stehen in der Tabelle darunter.` },
      decal: { show: several && !line, decals: decals(colour("--kim-sheet")) },
    },
    legend: {
      show: several, data: data.names, left: 0, top: 0, padding: 0, itemGap: 14, itemWidth: 18, itemHeight: 12, selectedMode: false, textStyle: text,
    },
    grid: { left: 4, right: across ? 44 : 8, top: several ? 14 + 24 * rowsOf(data.names, width) : across ? 4 : 24, bottom: 4, outerBoundsMode: "same", outerBoundsContain: "axisLabel" },
    tooltip: {
      trigger: "axis", confine: true, transitionDuration: 0, axisPointer: { type: line ? "line" : "shadow" },
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
    figure.prepend(place);
    fit(figure, data, place);
    const table = figure.querySelector("details");
    if (table) table.open = false;
    const chart = window.echarts.init(place, null, { renderer: "svg", locale: "DE" });
    const watch = new ResizeObserver(() => {
      // On paper the drawing is scaled as it is: there is no time to draw it anew.
      if (paper.matches || !place.clientWidth) return;
      if (!fit(figure, data, place)) return;
      chart.resize();
      chart.setOption(option(figure, data, place.clientWidth), true);
      scalable(place);
    });
    watch.observe(place);
    held = { chart, watch };
    drawn.set(figure, held);
  }
  const place = figure.querySelector(".kim-plot__drawing");
  held.chart.setOption(option(figure, data, place.clientWidth), true);
  scalable(place);
}

// Bars to the right are as far apart as the longest label needs lines; true where the width is a new one.
function fit(figure, data, place) {
  const width = place.clientWidth;
  if (place.dataset.width === String(width)) return false;
  place.dataset.width = String(width);
  if ("across" in figure.dataset) {
    const bars = figure.dataset.chart === "stacked" ? 1 : data.names.length;
    const most = Math.max(...data.labels.map((label) => lines(label, labelWidth(data.labels, width))));
    const axis = figure.dataset.chart === "stacked" ? 30 : 0;
    const legend = data.names.length > 1 ? 14 + 24 * rowsOf(data.names, width) : 0;
    place.style.height = `${data.labels.length * Math.max(12 + 20 * bars, LINE * most + 8) + legend + axis + 12}px`;
  }
  return true;
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
