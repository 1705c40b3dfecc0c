// Elements, numbers and scales. Text reaches the page as text only: names in networks are anybody's.
const SVG = "http://www.w3.org/2000/svg";
const byId = (id) => document.getElementById(id);

function put(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined) element.setAttribute(name, value);
  }
  for (const child of children) if (child !== null) element.append(child);
  return element;
}
const svg = (tag, attributes = {}, ...children) => put(document.createElementNS(SVG, tag), attributes, children);
const html = (tag, attributes = {}, ...children) => put(document.createElement(tag), attributes, children);
// Half a pixel is all that an eye can tell.
const px = (value) => Math.round(value * 10) / 10;

// An empty picture as wide as its place; hidden from screen readers, which have the table.
function canvas(place, height) {
  const width = Math.max(280, place.clientWidth);
  const drawing = svg("svg", { width, height, viewBox: `0 0 ${width} ${height}`, "aria-hidden": "true" });
  place.replaceChildren(drawing);
  return { drawing, width, height };
}

function digits(value) {
  if (Number.isInteger(value) || Math.abs(value) >= 999.95) return Math.round(value).toLocaleString("en-US");
  if (Math.abs(value) < 0.01) return value.toPrecision(2);
  return value.toFixed(Math.abs(value) < 10 ? 2 : 1);
}
function scaled(value, sizes) {
  const fits = value ? sizes.find((each) => Math.abs(value) >= each[0]) : sizes.find((each) => each[0] === 1);
  const [size, unit] = fits || sizes[sizes.length - 1];
  return `${digits(value / size)} ${unit}`;
}
const TIMES = [[1, "s"], [1e-3, "ms"], [1e-6, "µs"], [1e-9, "ns"]];
const SIZES = [[2 ** 40, "TiB"], [2 ** 30, "GiB"], [2 ** 20, "MiB"], [2 ** 10, "KiB"], [1, "B"]];
const seconds = (value) => scaled(value, TIMES);
const bytes = (value) => scaled(value, SIZES);
const joules = (pj) => scaled(pj * 1e-12, [[1, "J"], [1e-3, "mJ"], [1e-6, "µJ"], [1e-9, "nJ"], [1e-12, "pJ"]]);
const percent = (share) => `${digits(100 * share)} %`;

// Round numbers from `low` to `high`, about `count` of them: 0, 0.5, 1.0.
function ticks(low, high, count) {
  const rough = (high - low) / count;
  if (!(rough > 0)) return [low];
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((each) => each * power).find((each) => each >= rough);
  const found = [];
  for (let at = Math.ceil(low / step) * step; at <= high + step * 1e-9; at += step) found.push(at);
  return found;
}

// Labels of ticks in one unit, that of the largest: 0, 0.5, 1 ms.
function labelled(found, sizes) {
  const most = Math.max(...found.map(Math.abs));
  const [size, unit] = sizes.find((each) => most >= each[0]) || sizes[sizes.length - 1];
  return found.map((at) => (at ? `${Number((at / size).toPrecision(6)).toLocaleString("en-US")} ${unit}` : "0"));
}

// What fits into a box of this width, at some six pixels a letter.
function fitted(text, width) {
  const letters = Math.floor((width - 6) / 6.3);
  return letters >= text.length ? text : letters > 3 ? text.slice(0, letters - 1) + "…" : "";
}
