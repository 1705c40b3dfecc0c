// The page comes to life.
function chooseGroup(link) {
  const section = link.closest("section.run");
  if (section) chooseRun(Number(section.id.replace("run-", "")));
  const numbers = link.getAttribute("data-layers").split(",").map(Number);
  state.group = numbers.length > 1 ? new Set(numbers) : null;
  choose(numbers[0], { keep: true });
}

document.addEventListener("click", (event) => {
  const finding = event.target.closest("a[data-layers]");
  const other = event.target.closest("[data-run]");
  if (finding) {
    event.preventDefault();
    chooseGroup(finding);
  } else if (other) {
    event.preventDefault();
    chooseRun(Number(other.getAttribute("data-run")));
  }
});
byId("whole").addEventListener("click", () => span(0, run().total));
addEventListener("hashchange", readAddress);
let waiting = 0;
addEventListener("resize", () => {
  cancelAnimationFrame(waiting);
  waiting = requestAnimationFrame(() => {
    for (const view of views) if (view !== table && run().layers.length) view.draw();
  });
});
// On paper nothing unfolds: what differs between machines is shown.
const folded = [...document.querySelectorAll("#compare details:not([open])")];
addEventListener("beforeprint", () => {
  folded.forEach((part) => (part.open = true));
  drawAll();
});
addEventListener("afterprint", () => folded.forEach((part) => (part.open = false)));

drawAll();
if (location.hash.length > 1) readAddress();
if (state.layer < 0 && run().layers.length) {
  state.layer = run().layers.reduce((most, layer) => (layer.cycles > most.cycles ? layer : most)).number;
  show("mark");
}
