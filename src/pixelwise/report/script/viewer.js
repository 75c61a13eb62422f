// An image opened large: image, label, prediction and errors over each other, each to be switched,
// with zoom, and the classes to choose from. list.js says which image by the event "open-image".
const classes = JSON.parse(document.getElementById("class-data").textContent);
const block = document.getElementById("image-data");
const data = block.parsed ??= JSON.parse(block.textContent);
const KINDS = {
  // told apart by people who see few colours too
  missed: { color: [0, 114, 255], text: "missed: a class that is on was not predicted" },
  false: { color: [255, 176, 0], text: "false: a class that is on was predicted, and is not there" },
  confused: { color: [220, 38, 127], text: "confused: one class that is on taken for another" },
};
const STRIPES = [[150, 156, 163], [198, 202, 207]];
const NOTHING = 65535, ZOOM = 1.25;

const element = (name, settings, ...children) => {
  const made = Object.assign(document.createElement(name), settings);
  made.append(...children);
  return made;
};
const button = (text, act, settings = {}) => {
  const made = element("button", { type: "button", ...settings }, text);
  made.addEventListener("click", act);
  return made;
};
const percent = (share) => `${(share * 100).toFixed(1)} %`;
const packed = ([red, green, blue]) => (red << 16) | (green << 8) | blue;
const indexOf = new Map([[packed(classes.void), NOTHING],
  ...classes.colors.map((color, index) => [packed(color), index])]);

const state = {
  image: -1, order: [], isOn: { image: true, label: false, prediction: true, errors: false },
  opacity: 0.6, kinds: { missed: true, false: true, confused: true },
  off: new Set(classes.background < 0 ? [] : [classes.background]),
  width: 1, height: 1, label: null, prediction: null, asked: 0,
};

// zoom.js listens.
const zoom = (factor) => stage.dispatchEvent(new CustomEvent("zoom", { detail: factor }));
const fit = () => stage.dispatchEvent(new CustomEvent("fit"));

// The window
const photo = element("img", { alt: "" });
const canvases = Object.fromEntries(["label", "prediction", "errors"]
  .map((name) => [name, element("canvas", {})]));
const sheet = element("div", { className: "sheet" }, photo, ...Object.values(canvases));
const stage = element("div", { className: "stage" }, sheet);
const title = element("h2", { id: "viewer-title" });
const facts = element("p", { className: "soft" });
const said = element("p", { role: "status", className: "soft" });
const toggles = {}, kinds = {};
const layerGroup = element("div", { className: "choices", role: "group", ariaLabel: "Layers" });
["image", "label", "prediction", "errors"].forEach((name, k) => {
  toggles[name] = button("", () => toggle(name), { title: `Key ${k + 1}` });
  toggles[name].append(element("kbd", {}, String(k + 1)), ` ${name}`);
  layerGroup.append(toggles[name]);
});
const slider = element("input", { type: "range", min: 0, max: 100, value: 60 });
slider.addEventListener("input", () => { state.opacity = slider.value / 100; show(); });
const kindGroup = element("div", { className: "kinds" });
for (const [name, { color, text }] of Object.entries(KINDS)) {
  kinds[name] = element("input", { type: "checkbox", checked: true });
  kinds[name].addEventListener("change", () => { state.kinds[name] = kinds[name].checked; drawErrors(); });
  const swatch = element("span", { className: "swatch" });
  swatch.style.background = `rgb(${color})`;
  kindGroup.append(element("label", {}, kinds[name], swatch, element("span", {}, text)));
}
kindGroup.append(element("p", { className: "soft" }, element("span", { className: "sample void" }), "void, not scored"));
const legend = element("ul", { className: "viewer-legend" });
const switchAll = (isOn) => {
  state.off = new Set(isOn ? [] : classes.names.keys());
  drawLayers();
};
const zoomGroup = element("div", { className: "choices", role: "group", ariaLabel: "Zoom" },
  button("−", () => zoom(1 / ZOOM), { ariaLabel: "Zoom out", title: "Key -" }),
  button("+", () => zoom(ZOOM), { ariaLabel: "Zoom in", title: "Key +" }),
  button("Fit", () => fit(), { title: "Key 0" }));
const panel = element("div", { className: "panel" }, layerGroup,
  element("label", { className: "opacity" }, element("span", {}, "Opacity"), slider), zoomGroup,
  element("h3", {}, "Errors"), kindGroup, element("h3", {}, "Classes"),
  element("p", { className: "soft" }, "Kinds of errors are those of the classes that are on."),
  element("p", { className: "choices" }, button("All on", () => switchAll(true)), button("All off", () => switchAll(false))),
  legend);
const dialog = element("dialog", { className: "viewer" },
  element("header", {}, element("div", { className: "names" }, title, facts),
    element("div", { className: "choices" },
      button("←", () => step(-1), { ariaLabel: "Previous image", title: "Key ←" }),
      button("→", () => step(1), { ariaLabel: "Next image", title: "Key →" }),
      button("Close", () => dialog.close(), { title: "Key Esc" }))),
  element("div", { className: "viewer-main" }, stage, panel), said);
dialog.setAttribute("aria-labelledby", "viewer-title");
document.body.append(dialog);

// Layers
const loaded = (src) => new Promise((resolve, reject) => {
  const image = element("img", {});
  image.addEventListener("load", () => resolve(image));
  image.addEventListener("error", () => reject(new Error("a picture cannot be loaded")));
  image.src = src;
});

// The class of each pixel, from the colours of an indexed PNG.
const indices = async (src) => {
  const image = await loaded(src);
  const { naturalWidth: width, naturalHeight: height } = image;
  const canvas = element("canvas", { width, height });
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(image, 0, 0);
  const pixels = context.getImageData(0, 0, width, height).data;
  const found = new Uint16Array(width * height);
  for (let i = 0, last = -1, index = NOTHING; i < found.length; i++) {
    const color = (pixels[4 * i] << 16) | (pixels[4 * i + 1] << 8) | pixels[4 * i + 2];
    if (color !== last) [last, index] = [color, indexOf.get(color) ?? NOTHING];
    found[i] = index;
  }
  return { width, height, found };
};

// A style sheet, since the pixels of a file beside the page cannot be read from a file.
const sideLayers = (number) => new Promise((resolve, reject) => {
  const name = `--layers-${number}`;
  const link = element("link", { rel: "stylesheet", href: `${classes.files}/${number}.css` });
  link.addEventListener("load", () => {
    const text = getComputedStyle(document.documentElement).getPropertyValue(name).trim();
    link.remove();
    resolve(text.replace(/^"|"$/g, "").split(" "));
  });
  link.addEventListener("error", () => { link.remove(); reject(new Error("no layers")); });
  document.head.append(link);
});

const sources = async (number) => {
  if (classes.full) return ["image", "label", "prediction"].map((name) => `full/${number}/${name}`);
  const article = document.querySelector(`article[data-image="${number}"]`);
  const own = article ? [...article.querySelectorAll("figure")].map((f) => f.querySelector("img")?.src ?? "") : [];
  if (own.length) return own;
  return [`${classes.files}/${number}.jpg`, ...await sideLayers(number).catch(() => ["", ""])];
};

const paint = (canvas, colorOf) => {
  const { width, height } = state;
  Object.assign(canvas, { width, height });
  const context = canvas.getContext("2d"), out = context.createImageData(width, height);
  const words = new Uint32Array(out.data.buffer);
  const word = ([red, green, blue]) => (255 << 24) | (blue << 16) | (green << 8) | red;
  const stripe = Math.max(3, Math.round(width / 120));
  const stripes = STRIPES.map(word);
  for (let i = 0, y = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      const color = colorOf(i);
      if (color === NOTHING) words[i] = stripes[Math.floor((x + y) / stripe) & 1];
      else if (color !== null) words[i] = word(color);
    }
  }
  context.putImageData(out, 0, 0);
};

const isOn = (index) => !state.off.has(index);

const drawErrors = () => {
  const { label, prediction } = state;
  const fits = label && prediction && label.found.length === prediction.found.length;
  paint(canvases.errors, (i) => {
    if (!fits) return null;
    const t = label.found[i], p = prediction.found[i];
    if (t === NOTHING) return NOTHING;
    if (t === p) return null;
    const kind = isOn(t) ? (isOn(p) ? "confused" : "missed") : isOn(p) ? "false" : null;
    return kind && state.kinds[kind] ? KINDS[kind].color : null;
  });
};

const drawLayers = () => {
  for (const name of ["label", "prediction"]) {
    const found = state[name]?.found;
    paint(canvases[name], (i) => {
      const index = found ? found[i] : -1;
      return index === NOTHING ? NOTHING : index >= 0 && isOn(index) ? classes.colors[index] : null;
    });
  }
  drawErrors();
  for (const item of legend.children) {
    item.firstChild.ariaPressed = String(isOn(Number(item.dataset.index)));
  }
  show();
};

const drawLegend = () => {
  const pixels = new Map();
  for (const layer of [state.label, state.prediction]) {
    layer?.found.forEach((index) => { if (index !== NOTHING) pixels.set(index, (pixels.get(index) ?? 0) + 1); });
  }
  const items = [...pixels].sort((a, b) => b[1] - a[1]).map(([index]) => {
    const swatch = element("span", { className: "swatch" });
    swatch.style.background = `rgb(${classes.colors[index]})`;
    const item = element("li", {}, button("", () => {
      if (!state.off.delete(index)) state.off.add(index);
      drawLayers();
    }));
    item.firstChild.append(swatch, classes.names[index]);
    item.dataset.index = index;
    return item;
  });
  legend.replaceChildren(...items);
};

const show = () => {
  photo.style.visibility = state.isOn.image ? "visible" : "hidden";
  photo.classList.toggle("dimmed", state.isOn.errors);
  for (const [name, canvas] of Object.entries(canvases)) {
    canvas.style.display = state.isOn[name] ? "block" : "none";
    canvas.style.opacity = name === "errors" ? 1 : state.opacity;
  }
  for (const [name, toggle] of Object.entries(toggles)) toggle.ariaPressed = String(state.isOn[name]);
};

const toggle = (name) => {
  state.isOn[name] = !state.isOn[name];
  show();
};

// Images
const open = async (image) => {
  const asked = ++state.asked;
  Object.assign(state, { image, label: null, prediction: null });
  const score = data.iou[image] < 0 ? "no score" : `${percent(data.iou[image] / 1e4)} mean IoU`;
  const at = state.order.indexOf(image) + 1;
  title.textContent = data.ids[image];
  facts.textContent = `${score} · ${at} of ${state.order.length}`
    + (data.from[image] < 0 ? "" : ` · most: ${classes.names[data.from[image]]} taken for `
      + `${classes.names[data.to[image]]} (${percent(data.lost[image] / 1e4)})`);
  said.textContent = "Loading";
  if (!dialog.open) dialog.showModal();
  const [picture, label, prediction] = await sources(image);
  const results = await Promise.allSettled([loaded(picture), indices(label), indices(prediction)]);
  if (asked !== state.asked) return; // another image was asked for meanwhile
  const [own, target, predicted] = results.map((result) => result.value ?? null);
  Object.assign(state, { label: target, prediction: predicted });
  state.width = target?.width ?? predicted?.width ?? own?.naturalWidth ?? 1;
  state.height = target?.height ?? predicted?.height ?? own?.naturalHeight ?? 1;
  sheet.style.width = `${state.width}px`;
  sheet.style.height = `${state.height}px`;
  if (own) photo.src = own.src;
  else photo.removeAttribute("src");
  const lacking = ["image", "label", "prediction"].filter((_, k) => results[k].status === "rejected");
  said.textContent = lacking.length ? `There is no picture of: ${lacking.join(", ")}.` : "";
  drawLegend();
  drawLayers();
  fit();
};

const step = (by) => {
  const next = state.order[state.order.indexOf(state.image) + by];
  if (next !== undefined) open(next);
};

document.addEventListener("open-image", ({ detail }) => {
  state.order = detail.order;
  open(detail.image);
});
dialog.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const { key } = event;
  const layer = Object.keys(toggles)[Number(key) - 1];
  if (event.target === slider && key.startsWith("Arrow")) return;
  if (key === "ArrowRight") step(1);
  else if (key === "ArrowLeft") step(-1);
  else if (key === "+" || key === "=") zoom(ZOOM);
  else if (key === "-") zoom(1 / ZOOM);
  else if (key === "0") fit();
  else if (layer) toggle(layer);
  else return;
  event.preventDefault();
});
