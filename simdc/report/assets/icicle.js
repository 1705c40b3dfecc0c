// Blocks and layers, as wide as the time they take. Below a pixel layers are drawn together, by their shares.
const ROW = 26;
const LAYER_ROW = 46;
const PHASES = { forward: "forward", input_gradient: "backward", weight_gradient: "backward", update: "update" };

// Rows of boxes above the layers: the run, phases of a training step, blocks by depth.
function boxRows() {
  const { layers, total, training, network } = run();
  const rows = [[{ label: network, first: 0, last: layers.length, start: 0, end: total }]];
  const keys = training ? [(layer) => [PHASES[layer.data.step]]] : [];
  const depth = Math.max(0, ...layers.map((layer) => layer.path.length));
  for (let level = 0; level < depth; level += 1) {
    keys.push((layer) => layer.path.slice(0, level + 1).concat(training ? PHASES[layer.data.step] : []));
  }
  keys.forEach((key, index) => {
    const level = index - (training ? 1 : 0);
    const boxes = [];
    let before = null;
    layers.forEach((layer, number) => {
      const inside = level < 0 || layer.path.length > level;
      const text = inside ? key(layer).join("\u0000") : null;
      if (text !== null && text === before) {
        Object.assign(boxes[boxes.length - 1], { last: number + 1, end: layer.end });
      } else if (text !== null) {
        const label = level < 0 ? key(layer)[0] : layer.path[level];
        boxes.push({ label, first: number, last: number + 1, start: layer.start, end: layer.end });
      }
      before = text;
    });
    rows.push(boxes);
  });
  return rows;
}

const icicle = {
  place: byId("icicle"),
  timed: true,

  draw() {
    this.rows = boxRows();
    const { drawing, width, height } = canvas(this.place, this.rows.length * ROW + LAYER_ROW + 2);
    this.x = (cycle) => ((cycle - state.from) / (state.to - state.from)) * width;
    this.rows.forEach((boxes, level) => boxes.forEach((box) => this.box(drawing, box, level, width)));
    this.layers(drawing, this.rows.length * ROW, width);
    this.group = svg("g", { class: "group" });
    this.chosen = svg("rect", { class: "chosen", y: height - LAYER_ROW - 1, height: LAYER_ROW });
    drawing.append(this.group, this.chosen);
    this.legend();
    this.mark();
  },

  box(drawing, box, level, width) {
    const left = Math.max(0, this.x(box.start));
    const right = Math.min(width, this.x(box.end));
    if (right - left < 0.2) return;
    const y = level * ROW;
    const share = run().total ? (box.end - box.start) / run().total : 0;
    // Where there is no room for the path, the last name on it.
    const names = [`${box.label} ${percent(share)}`, box.label, box.label.split(".").pop(), (box.label.match(/\d+$/) || [""])[0]];
    const text = names.find((name) => fitted(name, right - left) === name) || "";
    const place = { x: px(left), y, width: px(Math.max(0.5, right - left - 1)), height: ROW - 2 };
    drawing.append(svg("rect", { class: `box level${Math.min(level, 4)}`, ...place, "data-box": `${level},${box.first}` }));
    if (text) drawing.append(svg("text", { x: px(left + 4), y: y + 16, class: "inside" }, text));
  },

  layers(drawing, y, width) {
    const [first, last] = inView();
    const height = LAYER_ROW - 2;
    let tiny = [];
    const flush = () => {
      if (tiny.length) this.merged(drawing, tiny, y, height);
      tiny = [];
    };
    for (const layer of run().layers.slice(first, last)) {
      const left = Math.max(0, this.x(layer.start));
      const right = Math.min(width, this.x(layer.end));
      if (right - left < 1.5) {
        tiny.push(layer);
        if (this.x(tiny[tiny.length - 1].end) - this.x(tiny[0].start) > 1.5) flush();
        continue;
      }
      flush();
      const middle = Math.min(right, Math.max(left, this.x(layer.start + layer.data.compute)));
      const gap = right - left > 4 ? 0.6 : 0;
      const unit = Math.min(layer.data.unit, 5);
      if (middle > left) drawing.append(svg("rect", { class: `unit${unit}`, x: px(left), y, width: px(Math.max(0.1, middle - left - gap)), height }));
      if (right > middle) drawing.append(svg("rect", { class: `wait${unit}`, x: px(middle), y, width: px(Math.max(0.1, right - middle - gap)), height }));
      // Its name lies wholly on the wider part, in a colour that can be read there.
      const [begin, room, name] = middle - left >= right - middle ? [left, middle - left, "on-unit"] : [middle, right - middle, "over"];
      const text = fitted(ownName(layer), room);
      if (text) drawing.append(svg("text", { x: px(begin + 3), y: y + 28, class: name }, text));
    }
    flush();
  },

  merged(drawing, layers, y, height) {
    const left = this.x(layers[0].start);
    const width = Math.max(1, this.x(layers[layers.length - 1].end) - left);
    const whole = layers.reduce((sum, layer) => sum + layer.cycles, 0);
    if (!whole) return;
    const shares = new Map();
    for (const { data } of layers) {
      const unit = Math.min(data.unit, 5);
      shares.set(`unit${unit}`, (shares.get(`unit${unit}`) || 0) + data.compute);
      shares.set(`wait${unit}`, (shares.get(`wait${unit}`) || 0) + data.wait);
    }
    let at = y;
    for (const [name, cycles] of [...shares].sort()) {
      const part = (cycles / whole) * height;
      if (part > 0.3) drawing.append(svg("rect", { class: name, x: px(left), y: px(at), width: px(width), height: px(part) }));
      at += part;
    }
  },

  legend() {
    const words = [];
    run().units.slice(0, 6).forEach((unit, index) => {
      for (const [kind, word] of [["unit", "computes"], ["wait", "waits"]]) {
        words.push(html("span", {}, html("i", { class: kind + index }), `${unit} ${word}`));
      }
    });
    byId("icicle-legend").replaceChildren(...words);
  },

  mark() {
    markSpan(this.chosen, this.x);
    const boxes = [...(state.group || [])].map((number) => {
      const rect = svg("rect", { class: "grouped", y: this.rows.length * ROW, height: LAYER_ROW - 2 });
      markSpan(rect, this.x, number);
      return rect;
    });
    this.group.replaceChildren(...boxes);
  },
};

// What a layer is called inside its block; of a number alone nobody knows what it is.
function ownName(layer) {
  const parts = layer.name.split(".");
  const own = parts.slice(layer.path.length ? layer.path[layer.path.length - 1].split(".").length : 0).join(".");
  return /^\d+$/.test(own) ? parts.slice(-2).join(".") : own;
}

// Put a marker where a layer runs, two pixels wide at least.
function markSpan(rect, x, number = state.layer, left = 0) {
  const layer = run().layers[number];
  if (!layer || layer.end <= state.from || layer.start >= state.to) return rect.setAttribute("visibility", "hidden");
  rect.setAttribute("visibility", "visible");
  rect.setAttribute("x", px(left + x(layer.start)));
  return rect.setAttribute("width", px(Math.max(2, x(layer.end) - x(layer.start))));
}

function zoomTo(first, last) {
  const layers = run().layers;
  span(layers[first].start, layers[last - 1].end);
}

icicle.place.addEventListener("click", (event) => {
  const key = event.target.getAttribute && event.target.getAttribute("data-box");
  if (key) {
    const [level, first] = key.split(",").map(Number);
    const box = icicle.rows[level].find((each) => each.first === first);
    return zoomTo(box.first, box.last);
  }
  const place = icicle.place.getBoundingClientRect();
  return choose(layerAt(state.from + ((event.clientX - place.left) / icicle.place.clientWidth) * (state.to - state.from)));
});
icicle.place.addEventListener("keydown", (event) => {
  const layer = run().layers[state.layer];
  if (event.key === "ArrowRight") choose(Math.min(state.layer + 1, run().layers.length - 1));
  else if (event.key === "ArrowLeft") choose(Math.max(state.layer - 1, 0));
  else if (event.key === "Escape") span(0, run().total);
  else if (event.key === "Enter" && layer) {
    const around = icicle.rows.map((boxes) => boxes.find((box) => box.first <= state.layer && state.layer < box.last));
    // The smallest block around it that is not all that is shown already; then the layer itself.
    const box = around.filter((each) => each && each.last - each.first > 1).pop();
    const shown = box && state.from === box.start && state.to === box.end;
    if (box && !shown) zoomTo(box.first, box.last);
    else zoomTo(state.layer, state.layer + 1);
  } else return;
  event.preventDefault();
});
views.push(icicle);
