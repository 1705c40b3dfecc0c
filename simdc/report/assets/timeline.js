// A lane for compute and one for each port: how much of the time each works, pixel by pixel.
const LANE = 30;
const LABELS = 144;
const AXIS = 22;

const timeline = {
  place: byId("timeline"),
  timed: true,

  draw() {
    const { lanes, units, layers } = run();
    this.lanes = lanes.map((label, index) => ({ label, index })).filter(({ index }) => layers.some((layer) => layer.data.busy[index] > 0));
    const { drawing, width, height } = canvas(this.place, this.lanes.length * LANE + AXIS + 6);
    const inner = width - LABELS - 8;
    this.x = (cycle) => ((cycle - state.from) / (state.to - state.from)) * inner;
    this.inner = inner;
    this.lanes.forEach(({ label, index }, row) => {
      const base = (row + 1) * LANE;
      drawing.append(svg("text", { x: 4, y: base - 9 }, label), svg("line", { class: "grid", x1: LABELS, x2: LABELS + inner, y1: base, y2: base }));
      if (index === 0) this.compute(drawing, base, units.length);
      else drawing.append(this.area(this.binned(index, () => true), base, "port"));
    });
    timeAxis(drawing, LABELS, inner, height - 6, this.x);
    this.chosen = svg("rect", { class: "chosen", y: 1, height: this.lanes.length * LANE });
    this.drag = svg("rect", { class: "drag", y: 0, height: this.lanes.length * LANE, visibility: "hidden" });
    drawing.append(this.chosen, this.drag);
    this.mark();
  },

  // Units stand on each other; they take turns, so together they reach the top at most.
  compute(drawing, base, count) {
    const sum = new Float64Array(Math.ceil(this.inner) + 1);
    const parts = [];
    for (let unit = 0; unit < Math.min(count, 6); unit += 1) {
      this.binned(0, (layer) => Math.min(layer.data.unit, 5) === unit).forEach((share, at) => (sum[at] += share));
      parts.unshift(this.area(sum.slice(), base, `unit${unit}`));
    }
    drawing.append(...parts);
  },

  // For each pixel the share of its time in which a lane works.
  binned(index, wanted) {
    const bins = new Float64Array(Math.ceil(this.inner) + 1);
    const [first, last] = inView();
    for (const layer of run().layers.slice(first, last)) {
      if (!layer.cycles || !wanted(layer)) continue;
      const share = Math.min(1, layer.data.busy[index] / layer.cycles);
      const left = Math.max(0, this.x(layer.start));
      const right = Math.min(this.inner, this.x(layer.end));
      for (let at = Math.floor(left); at < right; at += 1) bins[at] += share * (Math.min(right, at + 1) - Math.max(left, at));
    }
    return bins;
  },

  area(bins, base, name) {
    const steps = [`M${LABELS} ${base}`];
    let before = 0;
    bins.forEach((share, at) => {
      const level = px(Math.min(1, share) * (LANE - 5));
      if (level !== before) steps.push(`H${LABELS + Math.min(at, px(this.inner))}V${px(base - level)}`);
      before = level;
    });
    return svg("path", { class: name, d: `${steps.join("")}H${px(LABELS + this.inner)}V${base}Z` });
  },

  mark() {
    markSpan(this.chosen, this.x, state.layer, LABELS);
  },

  cycleAt(event) {
    const at = event.clientX - this.place.getBoundingClientRect().left - LABELS;
    return state.from + (Math.min(Math.max(at, 0), this.inner) / this.inner) * (state.to - state.from);
  },
};

function timeAxis(drawing, left, width, y, x) {
  const { tick } = run();
  const found = ticks(state.from * tick, state.to * tick, Math.max(2, Math.floor(width / 110)));
  const texts = labelled(found, TIMES);
  found.forEach((at, index) => {
    const place = left + x(at / tick);
    drawing.append(svg("line", { class: "grid", x1: px(place), x2: px(place), y1: y - AXIS + 8, y2: y - AXIS + 12 }));
    const anchor = place > left + width - 30 ? "end" : place < left + 30 ? "start" : "middle";
    drawing.append(svg("text", { x: px(place), y, class: "axis", "text-anchor": anchor }, texts[index]));
  });
}

{
  let begun = null;
  const { place } = timeline;
  place.addEventListener("pointerdown", (event) => {
    begun = { cycle: timeline.cycleAt(event), at: event.clientX };
  });
  addEventListener("pointermove", (event) => {
    if (!begun) return;
    const [low, high] = [begun.cycle, timeline.cycleAt(event)].sort((one, other) => one - other);
    timeline.drag.setAttribute("visibility", "visible");
    timeline.drag.setAttribute("x", px(LABELS + timeline.x(low)));
    timeline.drag.setAttribute("width", px(timeline.x(high) - timeline.x(low)));
  });
  addEventListener("pointerup", (event) => {
    if (!begun) return;
    const [low, high] = [begun.cycle, timeline.cycleAt(event)].sort((one, other) => one - other);
    const wide = Math.abs(event.clientX - begun.at) > 5;
    begun = null;
    timeline.drag.setAttribute("visibility", "hidden");
    if (wide && high > low) span(low, high);
    else choose(layerAt(low));
  });
}
views.push(timeline);
