// Bytes of DRAM that are in use while each layer runs.
const memory = {
  place: byId("memory"),
  timed: true,

  draw() {
    const { layers, resident } = run();
    const { drawing, width, height } = canvas(this.place, 300);
    const [left, right, top, bottom] = [70, width - 12, 26, height - 34];
    const peak = layers.reduce((most, layer) => (layer.alive > most.alive ? layer : most), layers[0]);
    if (!peak) return;
    const y = (value) => bottom - (value / (peak.alive || 1)) * (bottom - top);
    this.x = (cycle) => ((cycle - state.from) / (state.to - state.from)) * (right - left);
    this.left = left;
    const unit = 2 ** (10 * Math.floor(Math.log2(Math.max(1, peak.alive)) / 10));
    const marks = ticks(0, peak.alive / unit, 4).map((at) => at * unit);
    const texts = labelled(marks, SIZES);
    marks.forEach((at, index) => {
      const place = { class: "grid", x1: left, x2: right, y1: px(y(at)), y2: px(y(at)) };
      drawing.append(svg("line", place), svg("text", { class: "axis", x: left - 6, y: px(y(at) + 4), "text-anchor": "end" }, texts[index]));
    });
    const [first, last] = inView();
    const path = [`M${left} ${bottom}`];
    for (const layer of layers.slice(first, last)) {
      path.push(`V${px(y(layer.alive))}H${px(left + Math.min(right - left, this.x(layer.end)))}`);
    }
    drawing.append(svg("path", { class: "alive", d: `${path.join("")}V${bottom}Z` }));
    drawing.append(svg("line", { class: "resident", x1: left, x2: right, y1: px(y(resident)), y2: px(y(resident)) }));
    if (peak.start < state.to && peak.end > state.from) {
      const at = Math.max(left, left + this.x(peak.start));
      const text = `${bytes(peak.alive)} at ${peak.name}`;
      // At some six pixels a letter: above the peak, and inside the picture.
      const room = Math.min(6.3 * text.length, width - 8);
      const begin = Math.max(4, Math.min(at > (left + right) / 2 ? at - room : at, width - 4 - room));
      drawing.append(svg("text", { class: "axis", x: px(begin), y: top - 8 }, text));
    }
    timeAxis(drawing, left, right - left, height - 6, this.x);
    this.chosen = svg("rect", { class: "chosen", y: top, height: bottom - top });
    drawing.append(this.chosen);
    this.mark();
  },

  mark() {
    if (this.chosen) markSpan(this.chosen, this.x, state.layer, this.left);
  },
};
memory.place.addEventListener("click", (event) => {
  const { place, left } = memory;
  const inner = place.clientWidth - left - 12;
  const at = Math.min(Math.max(event.clientX - place.getBoundingClientRect().left - left, 0), inner);
  choose(layerAt(state.from + (at / inner) * (state.to - state.from)));
});
views.push(memory);
