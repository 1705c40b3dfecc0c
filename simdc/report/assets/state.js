// What is shown: the run, the chosen layer, the part of the time, and the layers that a sentence is about.
const RUNS = JSON.parse(byId("data").textContent).map(prepared);
const state = { run: 0, layer: -1, from: 0, to: RUNS[0].total, group: null, filter: "", sort: "number", down: false };
const views = [];
const run = () => RUNS[state.run];

// A run with its layers as objects, each with the cycle that it begins at.
function prepared(data) {
  let at = 0;
  const layers = data.layers.map(([name, kind, block, alive, line, reads, parts], number) => {
    const numbers = data.kinds[kind];
    const cycles = numbers.compute + numbers.wait;
    const moved = Object.values(numbers.dram).reduce((sum, each) => sum + each, 0);
    const energy = numbers.energy && numbers.energy.reduce((sum, each) => sum + each, 0);
    const layer = { name, number, kind, path: data.blocks[block], alive, line, reads, parts, start: at, cycles, moved, energy };
    at += cycles;
    return Object.assign(layer, { op: numbers.op, data: numbers, end: at, readers: [] });
  });
  for (const layer of layers) for (const read of layer.reads) layers[read].readers.push(layer.number);
  const named = new Map(layers.map((layer) => [layer.name, layer]));
  return Object.assign({}, data, { layers, named, total: at, tick: data.clock * 1e-9 });
}

function show(what) {
  for (const view of views) if (view[what]) view[what]();
}

function choose(number, { keep = false } = {}) {
  const layer = run().layers[number];
  if (!layer) return;
  state.layer = number;
  if (!keep) state.group = null;
  if (layer.end <= state.from || layer.start >= state.to) span(0, run().total);
  const ofRun = RUNS.length > 1 ? `${state.run + 1}/` : "";
  try {
    history.replaceState(null, "", `#${ofRun}${encodeURIComponent(layer.name)}`);
  } catch {
    // A page inside another page may not change its address.
  }
  const share = run().total ? layer.cycles / run().total : 0;
  byId("said").textContent = `${layer.name}: ${layer.op}, ${seconds(layer.cycles * run().tick)}, ${percent(share)} of the run`;
  show("mark");
}

// Nothing is drawn of a run whose layers all cost nothing.
function drawAll() {
  const empty = !run().layers.length;
  byId("charts").hidden = empty;
  byId("nothing").hidden = !empty;
  if (!empty) show("draw");
}

// Show this part of the time, in cycles.
function span(from, to) {
  state.from = from;
  state.to = Math.max(to, from + 1e-9);
  byId("whole").disabled = from <= 0 && to >= run().total;
  for (const view of views) if (view.timed) view.draw();
}

function chooseRun(number) {
  if (!RUNS[number] || number === state.run) return;
  const name = state.layer >= 0 ? run().layers[state.layer].name : "";
  document.querySelectorAll("section.run").forEach((section, index) => (section.hidden = index !== number));
  document.querySelectorAll("button[data-run]").forEach((button, index) => button.setAttribute("aria-pressed", index === number));
  Object.assign(state, { run: number, layer: -1, group: null, from: 0, to: RUNS[number].total });
  byId("whole").disabled = true;
  drawAll();
  const same = run().named.get(name);
  if (same) choose(same.number);
}

// The layers in the part of the time that is shown, by their numbers: first and behind the last.
function inView() {
  const layers = run().layers;
  let first = 0;
  while (first < layers.length && layers[first].end <= state.from) first += 1;
  let last = first;
  while (last < layers.length && layers[last].start < state.to) last += 1;
  return [first, last];
}

function layerAt(cycle) {
  const layers = run().layers;
  let low = 0;
  let high = layers.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (layers[middle].end <= cycle) low = middle + 1;
    else high = middle;
  }
  return layers.length ? low : -1;
}

// The address: #layer, or with several runs #2/layer, and #2/ for the run alone.
function readAddress() {
  let text = location.hash.slice(1);
  try {
    text = decodeURIComponent(text);
  } catch {
    // Somebody typed a percent sign.
  }
  const [, number, name] = run().named.has(text) ? [null, null, text] : text.match(/^(\d+)\/([^]*)$/) || [null, null, text];
  if (number !== null) chooseRun(Number(number) - 1);
  const layer = run().named.get(name);
  if (layer) choose(layer.number, { keep: true });
}
