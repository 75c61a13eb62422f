// Tables of the class "sortable": their headers become buttons that sort the first body.
// A cell is compared by its data-value, or else by its text; an empty one is absent and comes last.
const collator = new Intl.Collator("en", { numeric: true });
const ABSENT = ["", "–"];

const textOf = (row, column) => {
  const cell = row.cells[column];
  return cell ? cell.dataset.value ?? cell.textContent.trim() : "";
};

const sort = (table, column, direction) => {
  const rows = [...table.tBodies[0].rows].map((row) => [textOf(row, column), row]);
  const absent = rows.filter(([text]) => ABSENT.includes(text));
  const given = rows.filter(([text]) => !ABSENT.includes(text));
  const numeric = given.every(([text]) => Number.isFinite(Number(text)));
  given.sort(([a], [b]) => direction * (numeric ? a - b : collator.compare(a, b)));
  table.tBodies[0].append(...[...given, ...absent].map(([, row]) => row));
};

for (const table of document.querySelectorAll("table.sortable")) {
  const headers = [...table.tHead.querySelectorAll("tr:not(.axis, .group) th")];
  for (const header of headers.filter((th) => th.textContent.trim())) {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...header.childNodes);
    header.append(button);
    button.addEventListener("click", () => {
      const up = header.getAttribute("aria-sort") !== "ascending";
      headers.forEach((other) => other.removeAttribute("aria-sort"));
      header.setAttribute("aria-sort", up ? "ascending" : "descending");
      sort(table, header.cellIndex, up ? 1 : -1);
    });
  }
}
