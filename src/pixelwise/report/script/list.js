// The table of all images: filtered, sorted, and drawn only where it is looked at, so that 100,000
// rows cost as much as fifty. Its data is the JSON in #image-data and #class-data.
const place = document.getElementById("all-images");
const block = document.getElementById("image-data");
const data = block.parsed ??= JSON.parse(block.textContent);
const classes = JSON.parse(document.getElementById("class-data").textContent);
const ROW = 44; // pixels
const SPARE = 8; // rows drawn above and below what is seen
const NO_SCORE = -1;

const element = (name, settings, ...children) => {
  const made = Object.assign(document.createElement(name), settings);
  made.append(...children);
  return made;
};
const grouped = (number) => number.toLocaleString("en").replaceAll(",", "\u202f");
const percent = (share) => {
  const text = (share * 100).toFixed(1);
  return share > 0 && text === "0.0" ? "<0.1" : text;
};
const bytesOf = (text) => {
  const raw = atob(text), bytes = new Uint8Array(raw.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = raw.charCodeAt(i);
  return bytes;
};
const has = (bits, image, index) =>
  (bits[image * data.row_bytes + (index >> 3)] >> (7 - (index & 7))) & 1;

const number = data.ids.length;
const inLabel = bytesOf(data.in_label), inPrediction = bytesOf(data.in_prediction);
const lower = data.ids.map((id) => id.toLowerCase());
const cells = data.cells;
const cellNumbers = () => ({
  at: new Map(cells.keys.map((key, k) => [key, k])),
  images: new (cells.bytes === 2 ? Uint16Array : Uint32Array)(bytesOf(cells.images).buffer),
  parts: new Uint16Array(bytesOf(cells.parts).buffer),
});
let decoded = null; // the numbers of all confusions, once one is asked for
const articles = new Map([...document.querySelectorAll("article[data-image]")]
  .map((article) => [Number(article.dataset.image), article]));
const isShown = (image) => classes.full || classes.files !== null || articles.has(image);

// What a column shows, and what it is sorted by; null is absent and stays last.
const ranksOf = (texts) => {
  const { compare } = new Intl.Collator("en", { numeric: true });
  const ranks = new Uint32Array(texts.length);
  [...texts.keys()].sort((a, b) => compare(texts[a], texts[b])).forEach((i, rank) => { ranks[i] = rank; });
  return ranks;
};
let ranks = null; // the names take the longest to compare, so they are compared once
const known = (value) => (value === NO_SCORE ? null : value);
const COLUMNS = [
  { title: "Image", key: (i) => (ranks ??= ranksOf(data.ids))[i], text: (i) => data.ids[i] },
  { title: "Mean IoU, %", key: (i) => known(data.iou[i]), numeric: true,
    text: (i) => (data.iou[i] === NO_SCORE ? "–" : percent(data.iou[i] / 1e4)) },
  { title: "Worst class, IoU %", key: (i) => known(data.worst_iou[i]),
    text: (i) => (data.worst[i] === NO_SCORE ? "–"
      : `${classes.names[data.worst[i]]} ${percent(data.worst_iou[i] / 1e4)}`) },
  { title: "Valid pixels", key: (i) => data.valid[i], numeric: true, text: (i) => grouped(data.valid[i]) },
  { title: "Largest confusion, % of image", key: (i) => known(data.lost[i]),
    text: (i) => (data.from[i] === NO_SCORE ? "none"
      : `${classes.names[data.from[i]]} → ${classes.names[data.to[i]]} ${percent(data.lost[i] / 1e4)}`) },
];
const PAIR = { title: "This confusion, % of image", key: (i) => pairParts.get(i) ?? null,
  text: (i) => percent((pairParts.get(i) ?? 0) / 65535) };

let order = []; // the images of the table as it is filtered and sorted
let sorted = { column: 1, direction: 1 };
let active = 0; // position in the order
let pairParts = new Map(); // of the images of the confusion that is asked for
let pairHeld = 0;

// Controls
const field = element("input", { type: "search", autocomplete: "off", spellcheck: false });
const choice = () => {
  const list = element("select", {}, element("option", { value: "" }, "any"));
  classes.names.forEach((name, value) => {
    list.append(element("option", { value }, name.length > 40 ? `${name.slice(0, 40)}…` : name));
  });
  return list;
};
const target = choice(), predicted = choice();
const limit = (ariaLabel, placeholder) =>
  element("input", { type: "number", min: 0, max: 100, step: "any", className: "limit", ariaLabel, placeholder });
const least = limit("Lowest mean IoU in percent", "0"), most = limit("Highest mean IoU in percent", "100");
const reset = element("button", { type: "button" }, "Reset");
const status = element("p", { role: "status", className: "shown" });
const labelled = (text, ...controls) => element("label", {}, element("span", {}, text), ...controls);
const bar = element("div", { className: "filter images-filter" },
  labelled("Image", field), labelled("In the label", target), labelled("Predicted", predicted),
  element("div", { className: "range", role: "group" }, element("span", {}, "Mean IoU"), least,
    element("span", {}, "to"), most, element("span", {}, "%")), reset, status);

// The table
const head = element("tr", {}), body = element("tbody", {});
const table = element("table", { className: "images-table", tabIndex: 0 }, element("thead", {}, head), body);
table.setAttribute("role", "grid");
table.setAttribute("aria-label", "All images. Arrow keys move, Enter opens an image.");
const box = element("div", { className: "images-box scroll" }, table);
const note = element("p", { className: "soft note", role: "status" });
place.append(bar, box, note);
place.hidden = false;

const columns = () => (pairParts.size ? [...COLUMNS, PAIR] : COLUMNS);

const drawHead = () => {
  head.replaceChildren(element("th", { scope: "col", className: "thumb" }), ...columns().map((column, k) => {
    const th = element("th", { scope: "col", className: column.numeric ? "num" : "" });
    const button = element("button", { type: "button" }, column.title);
    if (sorted.column === k) th.ariaSort = sorted.direction > 0 ? "ascending" : "descending";
    button.addEventListener("click", () => {
      sorted = { column: k, direction: sorted.column === k ? -sorted.direction : column === PAIR ? -1 : 1 };
      sort();
    });
    th.append(button);
    return th;
  }));
};

const thumbnail = (image) => {
  const td = element("td", { className: "thumb" });
  const own = articles.get(image)?.querySelector("figure:first-child img");
  const src = own ? own.src : classes.files !== null ? `${classes.files}/${image}-s.jpg` : "";
  if (src) td.append(element("img", { src, alt: "", loading: "lazy", decoding: "async" }));
  return td;
};

const row = (position) => {
  const image = order[position];
  const tr = element("tr", { id: `image-row-${position}`, className: isShown(image) ? "opens" : "" });
  tr.setAttribute("aria-rowindex", position + 2);
  if (position === active) tr.setAttribute("aria-selected", "true");
  tr.dataset.position = position;
  tr.append(thumbnail(image), ...columns().map((column) => {
    const text = column.text(image);
    return element("td", { title: text, className: column.numeric ? "num" : "" }, text);
  }));
  return tr;
};

const spacer = (rows) => {
  const tr = element("tr", { className: "spacer" });
  tr.setAttribute("aria-hidden", "true");
  tr.style.height = `${rows * ROW}px`;
  return tr;
};

const draw = () => {
  const first = Math.max(0, Math.floor(box.scrollTop / ROW) - SPARE);
  const last = Math.min(order.length, Math.ceil((box.scrollTop + box.clientHeight) / ROW) + SPARE);
  const rows = [];
  for (let position = first; position < last; position++) rows.push(row(position));
  body.replaceChildren(spacer(first), ...rows, spacer(order.length - last));
  table.setAttribute("aria-rowcount", order.length + 1);
  if (active >= first && active < last) table.setAttribute("aria-activedescendant", `image-row-${active}`);
  else table.removeAttribute("aria-activedescendant");
};

const sort = () => {
  const { key } = columns()[sorted.column];
  const values = new Map(order.map((image) => [image, key(image)]));
  order.sort((a, b) => {
    const x = values.get(a), y = values.get(b);
    if (x === null || y === null) return (x === null) - (y === null) || a - b;
    return sorted.direction * (x - y) || a - b;
  });
  active = 0;
  box.scrollTop = 0;
  drawHead();
  draw();
};

// The images of the confusion between two classes, those with the most of it
const findPair = (t, p) => {
  pairParts = new Map();
  pairHeld = 0;
  if (t === "" || p === "" || t === p) return;
  const { at, images, parts } = decoded ??= cellNumbers();
  const k = at.get(Number(t) * classes.names.length + Number(p));
  if (k === undefined) return;
  for (let entry = k ? cells.ends[k - 1] : 0; entry < cells.ends[k]; entry++) {
    pairParts.set(images[entry], parts[entry]);
  }
  pairHeld = cells.held[k];
};

const filter = () => {
  const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
  const t = target.value, p = predicted.value, isPair = t !== "" && p !== "" && t !== p;
  const low = least.value === "" ? -Infinity : least.value * 100;
  const high = most.value === "" ? Infinity : most.value * 100;
  const anyScore = low === -Infinity && high === Infinity;
  const had = pairParts.size > 0;
  findPair(t, p);
  order = [];
  for (let image = 0; image < number; image++) {
    if (!words.every((word) => lower[image].includes(word))) continue;
    if (isPair ? !pairParts.has(image)
      : (t !== "" && !has(inLabel, image, t)) || (p !== "" && !has(inPrediction, image, p))) continue;
    const score = data.iou[image];
    if (!anyScore && (score === NO_SCORE || score < low || score > high)) continue;
    order.push(image);
  }
  if (pairParts.size) sorted = { column: COLUMNS.length, direction: -1 };
  else if (had) sorted = { column: 1, direction: 1 };
  const pair = isPair ? `, in which ${classes.names[t]} is taken for ${classes.names[p]}` : "";
  const left = pairHeld > pairParts.size
    ? `; of ${grouped(pairHeld)} with this confusion the ${pairParts.size} with the most of it are known here` : "";
  status.textContent = `${grouped(order.length)} of ${grouped(number)} images shown${pair}${left}`;
  sort();
};

const open = (position) => {
  if (position < 0 || position >= order.length) return;
  active = position;
  draw();
  const image = order[position];
  note.textContent = isShown(image) ? ""
    : `The pictures of ${data.ids[image]} are not in this page. Write it with --assets to have those of all images.`;
  if (isShown(image)) {
    document.dispatchEvent(new CustomEvent("open-image", { detail: { image, order: order.filter(isShown) } }));
  }
};

const go = (position) => {
  active = Math.max(0, Math.min(order.length - 1, position));
  const top = active * ROW, header = head.offsetHeight, seen = box.clientHeight - header;
  if (top < box.scrollTop) box.scrollTop = top;
  if (top + ROW > box.scrollTop + seen) box.scrollTop = top + ROW - seen;
  draw();
};

let asked = 0;
[field, target, predicted, least, most].forEach((control) => control.addEventListener("input", () => {
  clearTimeout(asked);
  asked = setTimeout(filter, 40);
}));
reset.addEventListener("click", () => {
  [field, target, predicted, least, most].forEach((control) => { control.value = ""; });
  filter();
});
box.addEventListener("scroll", () => requestAnimationFrame(draw), { passive: true });
addEventListener("resize", draw);
body.addEventListener("click", (event) => {
  const position = event.target.closest("tr")?.dataset.position;
  if (position !== undefined) open(Number(position));
});
table.addEventListener("keydown", (event) => {
  if (event.target !== table) return;
  const page = Math.max(1, Math.floor(box.clientHeight / ROW) - 2);
  const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -Infinity, End: Infinity };
  if (event.key in steps) go(active + steps[event.key]);
  else if (event.key === "Enter") open(active);
  else return;
  event.preventDefault();
});

// cells.js asks for the images of a confusion.
document.addEventListener("find-images", ({ detail }) => {
  [field, least, most].forEach((control) => { control.value = ""; });
  target.value = detail.target;
  predicted.value = detail.predicted;
  filter();
  place.scrollIntoView();
  table.focus({ preventScroll: true });
});
for (const [image, article] of articles) {
  const button = element("button", { type: "button", className: "quiet" }, "Open large");
  const show = (event) => {
    event.preventDefault(); // a picture of a page that is served is a link
    document.dispatchEvent(new CustomEvent("open-image", { detail: { image, order: [...articles.keys()] } }));
  };
  button.addEventListener("click", show);
  article.querySelector("header").append(button);
  article.querySelectorAll("img").forEach((img) => img.addEventListener("click", show));
}
drawHead();
filter();
