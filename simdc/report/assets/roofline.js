// Layers that multiply, by multiply-accumulates a byte and a cycle. Equal layers are one dot.
const roofline = {
  place: byId("roofline"),

  draw() {
    const { peak, bandwidth, layers, kinds } = run();
    const cycles = new Map();
    for (const layer of layers) if (layer.data.macs && layer.moved && layer.cycles) cycles.set(layer.kind, (cycles.get(layer.kind) || 0) + layer.cycles);
    const { drawing, width, height } = canvas(this.place, 300);
    const dots = [...cycles].map(([kind, sum]) => {
      const first = layers.find((layer) => layer.kind === kind);
      return { kind, sum, intensity: first.data.macs / first.moved, rate: first.data.macs / first.cycles, unit: first.data.unit };
    });
    this.dots = new Map();
    if (!dots.length || !peak) {
      drawing.append(svg("text", { x: width / 2, y: height / 2, "text-anchor": "middle" }, "No layer here multiplies on an array."));
      this.own = this.chosen = null;
      return;
    }
    const ridge = bandwidth ? peak / bandwidth : 1;
    const inX = dots.map((dot) => dot.intensity).concat(ridge);
    const inY = dots.map((dot) => dot.rate).concat(peak);
    const xs = logScale(Math.min(...inX), Math.max(...inX), 46, width - 14);
    const ys = logScale(Math.min(...inY), Math.max(...inY), height - 40, 14);
    this.scales = { xs, ys, width, height };
    for (const at of xs.ticks) drawing.append(svg("line", { class: "grid", x1: px(xs(at)), x2: px(xs(at)), y1: 14, y2: height - 40 }), svg("text", { class: "axis", x: px(xs(at)), y: height - 24, "text-anchor": "middle" }, digits(at)));
    for (const at of ys.ticks) drawing.append(svg("line", { class: "grid", x1: 46, x2: width - 14, y1: px(ys(at)), y2: px(ys(at)) }), svg("text", { class: "axis", x: 42, y: px(ys(at) + 4), "text-anchor": "end" }, digits(at)));
    drawing.append(svg("text", { class: "axis", x: width / 2, y: height - 6, "text-anchor": "middle" }, "multiply-accumulates per byte of DRAM traffic"));
    this.roof(drawing, peak, bandwidth, ridge);
    this.own = svg("g", {});
    drawing.append(this.own);
    const whole = Math.max(...dots.map((dot) => dot.sum));
    for (const dot of dots.sort((one, other) => other.sum - one.sum)) {
      const place = { cx: px(xs(dot.intensity)), cy: px(ys(dot.rate)), r: px(Math.max(3, 16 * Math.sqrt(dot.sum / whole))) };
      const circle = svg("circle", { class: `dot unit${Math.min(dot.unit, 5)}`, ...place, "data-kind": dot.kind });
      this.dots.set(dot.kind, circle);
      drawing.append(circle);
    }
    this.chosen = svg("circle", { class: "chosen", visibility: "hidden" });
    drawing.append(this.chosen);
    this.mark();
  },

  roof(drawing, peak, bandwidth, ridge) {
    const { xs, ys } = this.scales;
    const flat = bandwidth ? Math.max(xs.low, ridge) : xs.low;
    const path = [`M${px(xs(xs.high))} ${px(ys(peak))}`, `L${px(xs(flat))} ${px(ys(peak))}`];
    if (bandwidth && ridge > xs.low) path.push(`L${px(xs(Math.max(xs.low, ys.low / bandwidth)))} ${px(ys(Math.max(ys.low, xs.low * bandwidth)))}`);
    drawing.append(svg("path", { class: "roof", d: path.join("") }));
    drawing.append(svg("text", { class: "axis", x: px(xs(xs.high)), y: 11, "text-anchor": "end" }, `roof: ${digits(peak)} a cycle`));
    if (bandwidth && ridge > xs.low) drawing.append(svg("text", { class: "axis", x: 52, y: 26 }, `slope: all ports, ${digits(bandwidth)} B a cycle`));
  },

  mark() {
    const layer = run().layers[state.layer];
    const circle = layer && this.dots.get(layer.kind);
    const grouped = new Set([...(state.group || [])].map((number) => run().layers[number].kind));
    for (const [kind, dot] of this.dots) dot.classList.toggle("grouped", grouped.has(kind));
    if (!this.own) return;
    this.own.replaceChildren();
    this.chosen.setAttribute("visibility", circle ? "visible" : "hidden");
    if (!circle) return;
    for (const name of ["cx", "cy"]) this.chosen.setAttribute(name, circle.getAttribute(name));
    this.chosen.setAttribute("r", Number(circle.getAttribute("r")) + 2.5);
    const { xs, ys } = this.scales;
    const { macs, compute, busy } = layer.data;
    // Its shape: 3 of 64 rows allow 3/64 of the peak. Its traffic: the busiest port alone takes so long.
    const limits = [["its shape", macs / compute], ["its busiest port", macs / Math.max(...busy.slice(1), 1e-9)]];
    limits.forEach(([label, rate], index) => {
      if (!(rate < ys.high * 1.01) || rate < ys.low) return;
      const y = px(ys(rate));
      // One label at either end, below the line where the roof is just above it.
      const place = { x: index ? 52 : px(xs(xs.high)), y: y - ys(run().peak) < 18 ? y + 13 : y - 4 };
      this.own.append(svg("line", { class: "limit", x1: 46, x2: px(xs(xs.high)), y1: y, y2: y }));
      this.own.append(svg("text", { class: "axis", ...place, "text-anchor": index ? "start" : "end" }, label));
    });
  },
};

// Where numbers lie between two edges, by their logarithm; `ticks` are powers of ten.
function logScale(least, most, begin, end) {
  const low = least / 1.6;
  const high = most * 1.6;
  const scale = (value) => begin + ((Math.log(value) - Math.log(low)) / (Math.log(high) - Math.log(low))) * (end - begin);
  const powers = [];
  for (let power = Math.ceil(Math.log10(low)); 10 ** power <= high; power += 1) powers.push(10 ** power);
  // Less than a decade: 200, 500, 1,000.
  const steps = [-1, 0, 1, 2].flatMap((more) => [1, 2, 5].map((each) => each * 10 ** (Math.floor(Math.log10(low)) + more)));
  return Object.assign(scale, { low, high, ticks: powers.length > 1 ? powers : steps.filter((step) => step >= low && step <= high) });
}

roofline.place.addEventListener("click", (event) => {
  const kind = event.target.getAttribute && event.target.getAttribute("data-kind");
  if (kind === null || kind === undefined) return;
  // Again: the next of the layers that lie on this dot.
  const alike = run().layers.filter((layer) => layer.kind === Number(kind));
  const next = alike.find((layer) => layer.number > state.layer) || alike[0];
  const current = run().layers[state.layer];
  choose((current && current.kind === Number(kind) ? next : alike[0]).number);
});
views.push(roofline);
