// Where a label stands beside its image, a button lays it on the image.
for (const shots of document.querySelectorAll(".shots")) {
  const [label, image] = ["label", "image"].map(
    (name) => shots.querySelector(`[data-layer=${name}] img`));
  const sizeOf = (picture) => `${picture.getAttribute("width")} ${picture.getAttribute("height")}`;
  if (!label || !image || sizeOf(label) !== sizeOf(image)) continue;
  const button = document.createElement("button");
  Object.assign(button, { type: "button", textContent: "Lay the label on it" });
  button.setAttribute("aria-pressed", "false");
  const laid = label.cloneNode();
  Object.assign(laid, { className: "laid", alt: "", hidden: true });
  image.after(laid);
  button.addEventListener("click", () => {
    laid.hidden = !laid.hidden;
    button.setAttribute("aria-pressed", String(!laid.hidden));
  });
  image.closest("figure").append(button);
}
