// A command gets a button that copies it; so does an element of the class "copy", whose data-copy is
// the id of a table: of its rows that are shown, the row headers, one a line.
const FOR_MILLISECONDS = 2000;

const namesOf = (table) => [...table.tBodies[0].rows].filter((row) => !row.hidden)
  .map((row) => row.querySelector("th").textContent.trim().replace(/\s+/g, " "));

const fallback = (node, text) => {
  if (node.matches("pre")) {
    getSelection().selectAllChildren(node);
    return document.execCommand("copy");
  }
  const area = document.createElement("textarea");
  Object.assign(area, { value: text, readOnly: true, className: "copied", ariaLabel: "Text to copy" });
  node.after(area);
  area.select();
  const done = document.execCommand("copy");
  if (done) area.remove();
  return done;
};

const add = (place, node, label, textOf) => {
  const button = document.createElement("button");
  const said = document.createElement("span");
  Object.assign(button, { type: "button", textContent: label });
  said.setAttribute("role", "status");
  let timer = 0;
  button.addEventListener("click", async () => {
    const text = textOf();
    let done = true;
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      done = fallback(node, text);
    }
    said.textContent = done ? "Copied" : "Selected: press Ctrl+C";
    clearTimeout(timer);
    timer = setTimeout(() => { said.textContent = ""; }, FOR_MILLISECONDS);
  });
  place(said, button);
};

for (const command of document.querySelectorAll("pre.command")) {
  const frame = document.createElement("div");
  frame.className = "copied-from";
  command.replaceWith(frame);
  frame.append(command);
  add((said, button) => frame.append(said, button), command, "Copy", () => command.textContent.trim());
}
for (const host of document.querySelectorAll(".copy")) {
  const table = document.getElementById(host.dataset.copy);
  add((said, button) => host.append(button, said), host, host.dataset.label, () => namesOf(table).join("\n"));
}
