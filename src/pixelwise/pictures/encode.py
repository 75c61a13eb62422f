"""A picture in an address."""

from base64 import b64encode
from io import BytesIO
from typing import Any

from PIL import Image


def data_uri(picture: Image.Image, form: str, **options: Any) -> str:
    """A picture in an address, as PNG or JPEG."""
    file = BytesIO()
    picture.save(file, form, optimize=True, **options)
    return f"data:image/{form.lower()};base64,{b64encode(file.getvalue()).decode()}"
