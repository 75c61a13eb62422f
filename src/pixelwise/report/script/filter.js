// Elements of the class "filter" become a text field, and a choice for each name of data-by.
//   data-for     id of what holds the items
//   data-items   selector of the items; without one, the rows of the first body of a table
//   data-by      names such as "severity class": an item, or what it stands in, has data-severity
//                with a value a line
//   data-groups  selector of what is hidden where none of its items is shown
//   data-also    selector of what is hidden by the same rules and not counted
//   data-what    what the items are, such as "images"
const MOST_BUTTONS = 6;
const PAUSE = 20; // milliseconds after a key
const MOST_SHOWN = 28; // characters of a value in a choice

const element = (name, settings, ...children) => {
  const made = Object.assign(document.createElement(name), settings);
  made.append(...children);
  return made;
};

const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);

const grouped = (number) => number.toLocaleString("en").replaceAll(",", "\u202f");

const valuesOf = (item, name) => {
  const holder = item.closest(`[data-${name}]`);
  return holder ? holder.dataset[name].split("\n").filter(Boolean) : [];
};

const numbersOf = (items, name) => {
  const numbers = new Map();
  for (const item of items) {
    for (const value of item.values[name]) numbers.set(value, (numbers.get(value) ?? 0) + 1);
  }
  return numbers;
};

// Each choice is a function of the values of an item, and knows whether it narrows anything.
const buttons = (name, numbers, changed) => {
  const pressed = new Set();
  const group = element("div", { className: "choices", role: "group", ariaLabel: capital(name) });
  for (const [value, number] of numbers) {
    const button = element("button", { type: "button", ariaPressed: "false" }, value, " ");
    button.append(element("span", { className: "soft" }, grouped(number)));
    button.addEventListener("click", () => {
      if (!pressed.delete(value)) pressed.add(value);
      button.ariaPressed = String(pressed.has(value));
      changed();
    });
    group.append(button);
  }
  return { group, takes: (values) => !pressed.size || values.some((value) => pressed.has(value)) };
};

const select = (name, numbers, changed) => {
  const list = element("select", {}, element("option", { value: "" }, "all"));
  [...numbers.keys()].forEach((value, index) => {
    const text = value.length > MOST_SHOWN ? `${value.slice(0, MOST_SHOWN)}…` : value;
    list.append(element("option", { value: index + 1 }, `${text} (${numbers.get(value)})`));
  });
  list.addEventListener("change", changed);
  const keys = [...numbers.keys()];
  const group = element("label", {}, element("span", {}, capital(name)), list);
  return { group, takes: (values) => !list.value || values.includes(keys[list.value - 1]) };
};

const start = (bar) => {
  const root = document.getElementById(bar.dataset.for);
  const names = (bar.dataset.by ?? "").split(" ").filter(Boolean);
  const described = (node) => ({
    node,
    text: node.textContent.toLowerCase(),
    values: Object.fromEntries(names.map((name) => [name, valuesOf(node, name)])),
  });
  const found = (selector) => [...(selector ? root.querySelectorAll(selector) : [])];
  const nodes = bar.dataset.items ? found(bar.dataset.items) : [...root.tBodies[0].rows];
  const items = nodes.map(described);
  const also = found(bar.dataset.also).map(described);
  const groups = found(bar.dataset.groups).map((node) => ({
    node, items: items.filter((item) => node.contains(item.node)),
  }));
  const folded = [...root.querySelectorAll("details")].map((node) => ({ node, open: node.open }));
  let searched = false;
  const what = bar.dataset.what ?? "rows";

  const field = element("input", { type: "search", autocomplete: "off", spellcheck: false });
  const status = element("p", { role: "status", className: "shown" });
  let asked = 0;
  const changed = () => {
    clearTimeout(asked);
    asked = setTimeout(apply, PAUSE);
  };
  const choices = names.map((name) => [name, numbersOf(items, name)])
    .filter(([, numbers]) => numbers.size > 1)
    .map(([name, numbers]) => ({
      name, ...(numbers.size > MOST_BUTTONS ? select : buttons)(name, numbers, changed),
    }));

  const apply = () => {
    const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
    const takes = (item) => words.every((word) => item.text.includes(word))
      && choices.every((choice) => choice.takes(item.values[choice.name]));
    let shown = 0;
    for (const item of items) {
      const taken = takes(item);
      shown += taken;
      if (item.node.hidden === taken) item.node.hidden = !taken;
    }
    also.forEach((item) => { item.node.hidden = !takes(item); });
    for (const group of groups) {
      group.node.hidden = group.items.length > 0 && group.items.every((item) => item.node.hidden);
    }
    // what is folded is opened for a search, and after it as it was
    if (searched !== words.length > 0) {
      searched = !searched;
      folded.forEach((one) => {
        if (searched) one.open = one.node.open;
        one.node.open = searched || one.open;
      });
    }
    status.textContent = `${grouped(shown)} of ${grouped(items.length)} ${what} shown`;
    bar.dispatchEvent(new Event("filtered", { bubbles: true }));
  };

  field.addEventListener("input", changed);
  const label = element("label", {}, element("span", {}, bar.dataset.label ?? "Filter"), field);
  bar.append(label, ...choices.map((choice) => choice.group), status);
  apply();
};

document.querySelectorAll(".filter").forEach(start);
