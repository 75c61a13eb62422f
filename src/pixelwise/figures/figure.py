"""Figure: a chart that becomes SVG, an HTML page, or a drawing in the axes of matplotlib."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from pixelwise.errors import ArgumentError, ArgumentTypeError
from pixelwise.files.atomic import atomic_write

Axes = TypeVar("Axes")  # of matplotlib, which is never imported here


@dataclass(frozen=True)
class Figure:
    """A chart. A notebook shows it by itself; `svg()`, `save()` and `draw()` take it elsewhere.

    Args:
        title: what it shows.
    """

    title: str

    def svg(self) -> str:
        """The chart as SVG text: no script, no font and no file from elsewhere."""
        raise NotImplementedError

    def save(self, path: Path | str) -> Path:
        """Write it as .svg, or as .html with the same content.

        Args:
            path: the file.
        Returns:
            path.
        Raises:
            ArgumentError: another suffix.
            RunError: the file system refuses.
        """
        path = Path(path)
        if path.suffix not in (".svg", ".html"):
            hint = "For another format draw it into axes of matplotlib: figure.draw(ax)."
            must = "a .svg or .html file"
            raise ArgumentError("Figure.save", "path", must=must, got=path.name, hint=hint)
        from pixelwise.figures.drawing import page

        content = self.svg() if path.suffix == ".svg" else page(self.title, self.svg())
        atomic_write(path, content.encode())
        return path

    def draw(self, ax: Axes) -> Axes:
        """Draw it into axes of matplotlib.

        Args:
            ax: as of `plt.subplots()`.
        Returns:
            ax.
        Raises:
            ArgumentTypeError: it is something else.
        """
        if not hasattr(ax, "set_title"):
            hint = "Names of classes and other options are given by name: plot(classes=...)."
            must, got = "axes of matplotlib", type(ax).__name__
            raise ArgumentTypeError("plot", "ax", must=must, got=got, hint=hint)
        self._draw(ax)
        return ax

    def _draw(self, ax: Any) -> None:
        raise NotImplementedError

    def _repr_html_(self) -> str:
        return self.svg()

    def _repr_svg_(self) -> str:
        return self.svg()


def drawn(figure: Figure, ax: Axes | None) -> Figure | Axes:
    """The figure; or, with axes, the axes that it was drawn into."""
    return figure if ax is None else figure.draw(ax)


def for_axes(words: str) -> str:
    """Text as matplotlib shows it letter by letter: without formulas, and in the legend."""
    words = words.replace("$", r"\$")
    return f" {words}" if words.startswith("_") else words
