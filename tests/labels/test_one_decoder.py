"""Image files are decoded in one module: what is checked there cannot be forgotten elsewhere."""

import ast
from pathlib import Path

import pixelwise

SOURCE = Path(pixelwise.__file__).parent
DECODER = "labels/decode.py"
RUNNER = "export/runner.py"  # is copied into artefacts, where this library is not
FILES = sorted(p.relative_to(SOURCE).as_posix() for p in SOURCE.rglob("*.py"))


def pillow_openers(module):
    """Calls of Image.open, and plugins of Pillow that are imported."""
    found = []
    for node in ast.walk(ast.parse((SOURCE / module).read_text())):
        if isinstance(node, ast.ImportFrom):
            found += [f"{node.module}.{name.name}" for name in node.names]
        elif isinstance(node, ast.Import):
            found += [name.name for name in node.names]
        elif isinstance(node, ast.Attribute):
            found.append(ast.unparse(node))
    return [text for text in found if text in ("Image.open", "PIL.Image.open") or "Plugin" in text]


def test_no_other_module_opens_images_with_pillow():
    others = [file for file in FILES if file not in (DECODER, RUNNER)]
    assert {module: calls for module in others if (calls := pillow_openers(module))} == {}


def test_the_decoder_names_the_plugins_itself():
    """Image.open would ask other formats too, one of which starts another program."""
    assert "Image.open" not in pillow_openers(DECODER)
    assert "PIL.JpegImagePlugin.JpegImageFile" in pillow_openers(DECODER)
