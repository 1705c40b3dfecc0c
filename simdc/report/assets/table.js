// All layers, sorted and filtered. A row is lit up where its layer is chosen.
const table = {
  head: document.querySelector("#layers thead"),
  body: document.querySelector("#layers tbody"),

  columns() {
    const { tick, total, layers } = run();
    const found = [
      { key: "number", title: "#", value: (layer) => layer.number + 1, number: true },
      { key: "name", title: "layer", value: (layer) => layer.name, cell: (layer) => links([layer.number])[0], row: true },
      { key: "op", title: "operator", value: (layer) => layer.op },
      { key: "shape", title: "shape", value: (layer) => layer.data.shape },
      { key: "time", title: "time", value: (layer) => layer.cycles * tick, text: seconds, number: true },
      { key: "share", title: "of the run", value: (layer) => (total ? layer.cycles / total : 0), text: percent, number: true },
      { key: "split", title: "computes, waits", value: (layer) => layer.data.wait, cell: split },
      { key: "use", title: "multipliers", value: (layer) => layer.data.use, text: percent, number: true },
      { key: "dram", title: "DRAM", value: (layer) => layer.moved, text: bytes, number: true },
      { key: "energy", title: "energy", value: (layer) => layer.energy, text: joules, number: true },
      { key: "bound", title: "bound by", value: (layer) => bound(layer.data) },
    ];
    RUNS.forEach((other, index) => {
      if (other === run() || other.network !== run().network || other.training !== run().training) return;
      const ratio = (layer) => {
        const twin = other.named.get(layer.name);
        return twin && layer.cycles ? (twin.cycles * other.tick) / (layer.cycles * tick) : null;
      };
      found.push({ key: `run${index}`, title: `time on ${other.machine}`, value: ratio, text: ratioText, number: true, differs: true });
    });
    return layers.some((layer) => layer.energy !== null) ? found : found.filter((column) => column.key !== "energy");
  },

  draw() {
    this.all = this.columns();
    if (!this.all.some((column) => column.key === state.sort)) state.sort = "number";
    const heads = this.all.map((column) => {
      const sorted = column.key === state.sort;
      const order = sorted ? (state.down ? "descending" : "ascending") : null;
      const button = html("button", { type: "button", "data-sort": column.key }, column.title, sorted ? (state.down ? " ▼" : " ▲") : "");
      return html("th", { scope: "col", "aria-sort": order, class: column.number ? "number" : null }, button);
    });
    this.head.replaceChildren(html("tr", {}, ...heads));
    this.rows();
  },

  rows() {
    const words = state.filter.toLowerCase().split(/[\s,]+/).filter(Boolean);
    const { value } = this.all.find((column) => column.key === state.sort);
    const shown = run().layers.filter((layer) => (!state.group || state.group.has(layer.number)) && words.every((word) => searched(layer).includes(word)));
    shown.sort((one, other) => (state.down ? -1 : 1) * compared(value(one), value(other)) || one.number - other.number);
    this.lines = new Map(shown.map((layer) => [layer.number, this.line(layer)]));
    this.body.replaceChildren(...this.lines.values());
    const { length } = run().layers;
    const time = shown.reduce((sum, layer) => sum + layer.cycles, 0);
    byId("count").textContent = `${digits(shown.length)} of ${digits(length)} layers, ${percent(run().total ? time / run().total : 0)} of the time`;
    byId("unfilter").hidden = !state.group && !words.length;
    this.light();
  },

  line(layer) {
    const cells = this.all.map((column) => {
      const value = column.value(layer);
      const text = value === null ? "–" : column.cell ? column.cell(layer) : column.text ? column.text(value) : digitsOr(value);
      const differs = column.differs && value !== null && Math.abs(value - 1) > 0.05;
      const name = [column.number ? "number" : "", differs ? (value > 1 ? "slower" : "faster") : ""].filter(Boolean).join(" ");
      return html(column.row ? "th" : "td", { class: name || null, scope: column.row ? "row" : null }, text);
    });
    return html("tr", { "data-layer": layer.number }, ...cells);
  },

  mark() {
    const key = state.group ? [...state.group].join() : "";
    // A sentence about other layers was chosen, or given up.
    if (key !== this.key) {
      this.key = key;
      return this.rows();
    }
    return this.light();
  },

  light() {
    for (const [number, row] of this.lines) {
      if (number === state.layer) row.setAttribute("aria-current", "true");
      else row.removeAttribute("aria-current");
    }
  },
};

const digitsOr = (value) => (typeof value === "number" ? digits(value) : value);
const searched = (layer) => [layer.name, layer.op, layer.data.shape, bound(layer.data), run().units[layer.data.unit], layer.data.step].join(" ").toLowerCase();

function compared(one, other) {
  if (one === null || other === null) return one === other ? 0 : one === null ? -1 : 1;
  return typeof one === "number" ? one - other : one.localeCompare(other, "en", { numeric: true });
}

// A bar as long as the layer's share of the longest, in two colours.
function split(layer) {
  const longest = Math.max(...run().layers.map((each) => each.cycles), 1e-9);
  const unit = Math.min(layer.data.unit, 5);
  const bar = (name, cycles) => html("span", { class: `bar ${name}${unit}`, style: `width:${px((100 * cycles) / longest)}%` });
  const said = `computes ${digits(layer.data.compute)}, waits ${digits(layer.data.wait)} cycles`;
  return html("span", { class: "split", role: "img", "aria-label": said, title: said }, bar("unit", layer.data.compute), bar("wait", layer.data.wait));
}

table.head.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  const key = button.getAttribute("data-sort");
  const column = table.all.find((each) => each.key === key);
  // Numbers begin with the largest, words and places in the program with the first.
  state.down = key === state.sort ? !state.down : Boolean(column.number || column.cell) && !["number", "name"].includes(key);
  state.sort = key;
  table.draw();
  table.head.querySelector(`[data-sort="${key}"]`).focus();
});
table.body.addEventListener("click", (event) => {
  const row = event.target.closest("tr");
  if (!row) return;
  event.preventDefault();
  choose(Number(row.getAttribute("data-layer")), { keep: true });
});
byId("filter").addEventListener("input", (event) => {
  state.filter = event.target.value;
  table.rows();
});
byId("unfilter").addEventListener("click", () => {
  state.filter = byId("filter").value = "";
  state.group = null;
  table.key = "";
  table.rows();
  show("mark");
});
views.push(table);
