// What lies in a .stage is zoomed by the wheel, two fingers and the event "zoom", and moved by dragging.
const MOST = 40, STEP = 1.0015;

const start = (stage) => {
  const sheet = stage.firstElementChild;
  let scale = 1, x = 0, y = 0, least = 1;
  const place = () => {
    sheet.style.transform = `translate(${x}px, ${y}px) scale(${scale})`;
    sheet.classList.toggle("near", scale > 2);
  };
  const fit = () => {
    const { clientWidth: width, clientHeight: height } = stage;
    scale = Math.min(width / sheet.offsetWidth, height / sheet.offsetHeight) || 1;
    least = Math.min(scale, 1) / 2;
    x = (width - sheet.offsetWidth * scale) / 2;
    y = (height - sheet.offsetHeight * scale) / 2;
    place();
  };
  // The point (px, py) of the stage stays where it is.
  const zoom = (factor, px = stage.clientWidth / 2, py = stage.clientHeight / 2) => {
    const next = Math.max(least, Math.min(MOST, scale * factor));
    x = px - (px - x) * next / scale;
    y = py - (py - y) * next / scale;
    scale = next;
    place();
  };
  const point = (event) => {
    const { left, top } = stage.getBoundingClientRect();
    return [event.clientX - left, event.clientY - top];
  };
  stage.addEventListener("fit", fit);
  stage.addEventListener("zoom", (event) => zoom(event.detail));
  stage.addEventListener("wheel", (event) => {
    event.preventDefault();
    zoom(STEP ** -event.deltaY, ...point(event));
  }, { passive: false });
  const fingers = new Map();
  stage.addEventListener("pointerdown", (event) => {
    fingers.set(event.pointerId, point(event));
    stage.setPointerCapture(event.pointerId);
    event.preventDefault();
  });
  stage.addEventListener("pointermove", (event) => {
    const before = fingers.get(event.pointerId);
    if (!before) return;
    const now = point(event);
    const other = [...fingers].find(([id]) => id !== event.pointerId)?.[1];
    if (other) {
      const far = ([a, b]) => Math.hypot(a - other[0], b - other[1]);
      zoom(far(now) / Math.max(1, far(before)), ...other);
    } else {
      x += now[0] - before[0];
      y += now[1] - before[1];
      place();
    }
    fingers.set(event.pointerId, now);
  });
  for (const name of ["pointerup", "pointercancel"]) {
    stage.addEventListener(name, (event) => fingers.delete(event.pointerId));
  }
  new ResizeObserver(fit).observe(stage);
};

document.querySelectorAll(".stage").forEach(start);
