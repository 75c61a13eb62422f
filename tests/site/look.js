// Shows pages in a frame of the given widths, one after the other, and writes down what is wrong.
const known = new Map();
const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });

function rgba(color) {
  if (!known.has(color)) {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = color;
    canvas.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
    known.set(color, [r, g, b, a / 255]);
  }
  return known.get(color);
}

const over = (top, below) => [0, 1, 2].map(i => top[i] * top[3] + below[i] * (1 - top[3])).concat(1);

function luminance(color) {
  const [r, g, b] = color.map(v => v / 255).map(v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function ratio(element, view) {
  const layers = [];
  let opacity = 1;
  for (let one = element; one; one = one.parentElement) {
    const style = view.getComputedStyle(one);
    opacity *= Number(style.opacity);
    layers.push(rgba(style.backgroundColor));
  }
  const ground = layers.reverse().reduce((below, top) => over(top, below), [255, 255, 255, 1]);
  const [r, g, b, a] = rgba(view.getComputedStyle(element).color);
  if (opacity < 0.1) return 21;
  const [x, y] = [luminance(over([r, g, b, a * opacity], ground)), luminance(ground)];
  return (Math.max(x, y) + 0.05) / (Math.min(x, y) + 0.05);
}

function measure(frame, width) {
  const page = frame.contentDocument, view = frame.contentWindow, wrong = [];
  if (page.documentElement.scrollWidth > width) wrong.push("width " + page.documentElement.scrollWidth);
  const texts = page.createTreeWalker(page.body, NodeFilter.SHOW_TEXT), seen = new Set();
  let read = 0;
  while (texts.nextNode()) {
    const element = texts.currentNode.parentElement;
    if (!texts.currentNode.data.trim() || seen.has(element) || element.closest("svg, script, style, noscript")) continue;
    seen.add(element);
    if (!element.checkVisibility({ visibilityProperty: true })) continue;
    read += 1;
    const found = ratio(element, view);
    if (found < 4.5) wrong.push(`contrast ${found.toFixed(2)} ${element.tagName}.${element.className}: ${texts.currentNode.data.trim().slice(0, 30)}`);
  }
  if (read < 40) wrong.push("only " + read + " texts");
  for (const table of page.querySelectorAll("article table")) {
    if (!table.closest(".table-scroll, .highlight, .lesson-output") ) wrong.push("a table without a box that scrolls");
  }
  return [...new Set(wrong)];
}

async function look(pages, widths) {
  const frame = document.getElementById("frame"), out = {};
  for (const page of pages) for (const width of widths) {
    frame.style.width = width + "px";
    await new Promise(done => { frame.onload = done; frame.src = page; });
    await new Promise(done => setTimeout(done, 200));
    out[page + " " + width] = measure(frame, width);
    out.scheme = frame.contentDocument.body.dataset.mdColorScheme;
  }
  document.title = "LOOKED " + JSON.stringify(out);
}

async function keys(words) {
  const frame = document.getElementById("frame"), out = {};
  await new Promise(done => { frame.onload = done; frame.src = "index.html"; });
  const page = frame.contentDocument, view = frame.contentWindow;
  const wait = time => new Promise(done => setTimeout(done, time));
  await wait(500);
  out.first = page.querySelector("a[href], button, input:not([type=hidden]):not(.md-toggle):not(.md-option)").className;
  view.dispatchEvent(new view.KeyboardEvent("keydown", { key: "/", bubbles: true }));
  await wait(300);
  out.focus = page.activeElement.className;
  const input = page.querySelector(".md-search__input");
  for (const word of words) {
    input.value = word;
    input.dispatchEvent(new view.KeyboardEvent("keyup", { bubbles: true }));
    for (let tries = 0; tries < 100 && !page.querySelector(".md-search-result__item"); tries++) await wait(100);
    await wait(200);
    const links = [...page.querySelectorAll(".md-search-result__item > a, .md-search-result__item > details a, .md-search-result__link")];
    out[word] = [...new Set(links.map(link => link.pathname.split("/site/").pop() + link.hash))];
    input.value = "";
    input.dispatchEvent(new view.KeyboardEvent("keyup", { bubbles: true }));
    await wait(200);
  }
  document.title = "LOOKED " + JSON.stringify(out);
}
