// All that is known of the chosen layer, and how it does in the other runs.
const explain = {
  place: byId("explain"),
  draw() {
    this.mark();
  },

  mark() {
    const layer = run().layers[state.layer];
    if (!layer) return this.place.replaceChildren(html("p", { class: "note" }, "Choose a layer in a picture or in the table."));
    const { tick, total, units, file } = run();
    const { data } = layer;
    const share = total ? layer.cycles / total : 0;
    const where = `${layer.path.length ? `in ${layer.path[layer.path.length - 1]}, ` : ""}on ${units[data.unit]}`;
    const head = html("h3", {}, layer.name);
    const first = `${layer.op} ${data.shape}, ${where}: ${seconds(layer.cycles * tick)}, ${digits(layer.cycles)} cycles, ${percent(share)} of the run.`;
    const parts = [head, html("p", {}, first)];
    const beside = [data.helps ? this.helps(layer) : null, data.loops.length ? this.loops(data) : null];
    parts.push(html("div", { class: "pair" }, this.bars(layer), html("div", {}, this.facts(layer, file), ...beside)));
    const others = this.elsewhere(layer);
    if (others) parts.push(others);
    return this.place.replaceChildren(...parts);
  },

  // Cycles by what they went to, how long each port is busy beside it, how full the machine is.
  bars({ data, cycles }) {
    const unit = Math.min(data.unit, 5);
    const parts = data.parts.length ? data.parts : [["compute", data.compute], ["stall", data.wait]];
    const waits = (name) => /^(first load|last store|wait|stall|transfers)/.test(name);
    const rows = parts.map(([name, value]) => [name, value, `${waits(name) ? "wait" : "unit"}${unit}`, digits(value)]);
    run().lanes.forEach((label, index) => {
      if (index && data.busy[index]) rows.push([`${label} busy`, data.busy[index], "port", digits(data.busy[index])]);
    });
    const shares = [...data.fills.map(([name, share]) => [`${name} filled`, share]), ...data.rooms.map(([name, share]) => [`${name} filled`, share])];
    for (const [name, share] of shares) rows.push([name, share * cycles, "buffer", ""]);
    const body = rows.map(([label, value, name, text]) => {
      const share = cycles ? value / cycles : 0;
      const bar = html("span", { class: `bar ${name}`, style: `width:${px(100 * Math.min(1, share))}%` });
      return html("tr", {}, html("th", { scope: "row" }, label), html("td", { class: "number" }, text), html("td", { class: "bars" }, bar), html("td", { class: "number" }, percent(share)));
    });
    return html("table", { class: "plain" }, html("caption", {}, `Bound by ${bound(data)}; cycles`), html("tbody", {}, ...body));
  },

  facts(layer, file) {
    const { data } = layer;
    const rows = [];
    if (data.use !== null) rows.push(["multipliers at work", percent(data.use)]);
    const traffic = Object.entries(data.dram).map(([name, size]) => `${name} ${bytes(size)}`);
    rows.push(["DRAM", `${bytes(layer.moved)}: ${traffic.join(", ") || "nothing"}`]);
    rows.push(["DRAM in use", bytes(layer.alive)]);
    if (layer.energy !== null) rows.push(["energy", joules(layer.energy)]);
    if (layer.parts.length) rows.push(["has in it", layer.parts.join(", ")]);
    if (file && layer.line) rows.push(["written", file.endsWith(".onnx") ? `${file}, node ${layer.line}` : `${file}, line ${layer.line}`]);
    const body = rows.map(([name, value]) => html("tr", {}, html("th", { scope: "row" }, name), html("td", {}, value)));
    for (const [name, numbers] of [["reads", layer.reads], ["read by", layer.readers]]) {
      if (numbers.length) body.push(html("tr", {}, html("th", { scope: "row" }, name), html("td", {}, ...links(numbers))));
    }
    return html("table", { class: "plain" }, html("tbody", {}, ...body));
  },

  loops({ loops, order }) {
    const by = new Map(loops.map((loop) => [loop[0], loop]));
    const names = order.filter((name) => by.has(name));
    const row = (title, cells) => html("tr", {}, html("th", { scope: "row" }, title), ...cells.map((cell) => html("td", { class: "number" }, cell)));
    const size = (name) => digits(by.get(name)[1]);
    const tile = (name) => digits(Math.min(by.get(name)[2], by.get(name)[1]));
    const body = html("tbody", {}, row("loop", names), row("runs to", names.map(size)), row("in tiles of", names.map(tile)));
    return html("div", { class: "wide" }, html("table", { class: "plain loops" }, html("caption", {}, "Schedule, the outermost loop first"), body));
  },

  // What was tried for the costliest layers, each priced by the model.
  helps({ cycles, data }) {
    if (!data.helps.length) return html("p", { class: "note" }, "Nothing that was tried shortens this layer: larger buffers, wider ports, a larger array, other forms, a short search.");
    const rows = data.helps.map(([change, left]) => {
      const saved = html("td", { class: "number", title: `${digits(left)} cycles are left` }, percent((cycles - left) / cycles));
      return html("tr", {}, html("th", { scope: "row" }, html("code", {}, change)), saved);
    });
    return html("div", { class: "wide" }, html("table", { class: "plain loops" }, html("caption", {}, "What would help, tried and priced: cycles saved"), html("tbody", {}, ...rows)));
  },

  elsewhere(layer) {
    const others = twins(layer);
    if (!others.length) return null;
    const own = layer.cycles * run().tick;
    const head = ["machine", "time", "ratio", "cycles", "waits", "bound by", "operator"];
    const rows = [[run(), layer], ...others].map(([other, twin]) => {
      const time = twin.cycles * other.tick;
      const cells = [seconds(time), twin === layer ? "" : ratioText(time / own), digits(twin.cycles), digits(twin.data.wait), bound(twin.data), twin.op];
      const plain = [null, null, null, null, bound(layer.data), layer.op];
      return html("tr", {}, html("th", { scope: "row" }, other.machine), ...cells.map((cell, index) => html("td", { class: plain[index] && plain[index] !== cell ? "differs" : null }, cell)));
    });
    const titles = html("tr", {}, ...head.map((title) => html("th", { scope: "col" }, title)));
    return html("div", { class: "wide" }, html("table", { class: "plain" }, html("caption", {}, "The same layer on the other machines"), html("thead", {}, titles), html("tbody", {}, ...rows)));
  },
};

// Results leave by the port that partial sums use.
const bound = (data) => (data.bound === "psum port" && !data.dram.psum ? "result port" : data.bound);
const ratioText = (ratio) => `${ratio > 1.05 ? "▲ " : ratio < 0.95 ? "▼ " : ""}${digits(ratio)}×`;

function links(numbers) {
  const found = [];
  numbers.slice(0, 12).forEach((number, index) => {
    const { name } = run().layers[number];
    const link = html("a", { href: `#${RUNS.length > 1 ? `${state.run + 1}/` : ""}${encodeURIComponent(name)}` }, name);
    found.push(...(index ? [", "] : []), link);
  });
  return numbers.length > 12 ? [...found, ` and ${numbers.length - 12} more`] : found;
}

// The layer of this name in the other runs of the same network.
function twins(layer) {
  const { network, training } = run();
  return RUNS.filter((other) => other !== run() && other.network === network && other.training === training)
    .map((other) => [other, other.named.get(layer.name)])
    .filter(([, twin]) => twin);
}
views.push(explain);
