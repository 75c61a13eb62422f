// The cells of the confusion matrix, and the lines of the largest confusions, ask for their images.
const CELL = 8; // of the picture of a matrix without numbers

const ask = (target, predicted) => document.dispatchEvent(
  new CustomEvent("find-images", { detail: { target: String(target), predicted: String(predicted) } }),
);

const heat = document.querySelector("table.heat"), map = document.querySelector("svg.heatmap");
if (heat) {
  // One cell is reached by Tab, the others by arrow keys: 900 stops would be too many.
  const grid = [...heat.tBodies[0].rows].map((tr) => [...tr.querySelectorAll("td:not(.empty)")]);
  let at = grid.flat()[0];
  if (at) at.tabIndex = 0;
  const focus = (cell) => {
    if (!cell) return;
    at.tabIndex = -1;
    at = cell;
    at.tabIndex = 0;
    at.focus();
  };
  const moves = { ArrowDown: [1, 0], ArrowUp: [-1, 0], ArrowRight: [0, 1], ArrowLeft: [0, -1] };
  grid.forEach((row, target) => row.forEach((cell, predicted) => {
    cell.classList.add("asks");
    cell.addEventListener("click", () => ask(target, predicted));
    cell.addEventListener("keydown", (event) => {
      if (event.key === "Enter") ask(target, predicted);
      else if (event.key in moves) {
        const [down, right] = moves[event.key];
        focus(grid[target + down]?.[predicted + right]);
      } else return;
      event.preventDefault();
    });
  }));
}
map?.addEventListener("click", (event) => {
  const cell = event.target.closest("rect:not(.frame)");
  if (cell) ask(cell.y.baseVal.value / CELL, cell.x.baseVal.value / CELL);
});
for (const item of document.querySelectorAll("li[data-pair]")) {
  const button = Object.assign(document.createElement("button"),
    { type: "button", className: "quiet", textContent: "images" });
  button.addEventListener("click", () => ask(...item.dataset.pair.split(",")));
  item.append(" ", button);
}
