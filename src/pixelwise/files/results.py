"""Results: the JSON files that commands write, with their origin, and read back as records.

A record that becomes a file is a frozen dataclass with a class attribute `SCHEMA`, such as
"pixelwise.score/1". In the file, its fields stand behind the keys of ORIGIN.
"""

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import fields
from datetime import UTC, datetime
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Any, ClassVar, TypeVar

from pixelwise.errors import RunError
from pixelwise.files.atomic import atomic_write
from pixelwise.files.json_file import read_json
from pixelwise.files.records import from_plain, shown, to_plain

Record = TypeVar("Record")
ORIGIN = ("schema", "version", "command", "created")


class Result(Mapping[str, Any]):
    """A record that knows its origin, and that can be read by key like the file it becomes.

    `score["scores"]["mean_iou"]` is what score.json has there; NaN is None in both. A subclass is a
    frozen dataclass whose first fields are those of `made_by`, with SCHEMA and text(). A field at
    its default is left out of the file. Results are equal if all they hold is.
    """

    SCHEMA: ClassVar[str]

    def text(self) -> str:
        """The result for a terminal."""
        raise NotImplementedError

    def as_dict(self) -> dict[str, Any]:
        """The content of the file."""
        return self._content

    @cached_property
    def _content(self) -> dict[str, Any]:
        absent = {f.name for f in fields(self) if getattr(self, f.name) == f.default}  # type: ignore[arg-type]
        plain = to_plain(self).items()
        return {"schema": self.SCHEMA, **{key: v for key, v in plain if key not in absent}}

    def __getitem__(self, key: str) -> Any:
        return self._content[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._content)

    def __len__(self) -> int:
        return len(self._content)

    def __repr__(self) -> str:
        return self.text()


def made_by(command: str) -> dict[str, Any]:
    """Which release made a result, how and when: the first fields of a Result."""
    return {
        "version": version("pixelwise"),
        "command": command,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def write_json(path: Path, content: Any) -> None:
    """Write a JSON file atomically; records become tables, NaN and infinity null."""
    plain = content.as_dict() if isinstance(content, Result) else to_plain(content)
    text = json.dumps(plain, indent=1, allow_nan=False)
    atomic_write(path, (text + "\n").encode())


def read_record(kind: type[Record], path: Path, hint: str = "") -> Record:
    """A result in a file.

    Args:
        kind: a dataclass with SCHEMA.
        path: the file.
        hint: how to make such a file, a whole sentence.
    Raises:
        RunError: there is no such file, it is damaged, or of another schema.
    """
    try:
        content = read_object(path)
    except RunError as error:
        error.add_hint(hint)
        raise
    return record_of(kind, content, str(path), hint)


def record_of(kind: type[Record], content: dict[str, Any], where: str, hint: str = "") -> Record:
    """The record in the content of a file, or in what a command printed with --json."""
    schema, wanted = content.get("schema"), kind.SCHEMA  # type: ignore[attr-defined]
    if schema != wanted:
        raise RunError(where, "schema", must=repr(wanted), got=shown(schema), hint=hint)
    known = {f.name for f in fields(kind)}  # type: ignore[arg-type]
    own = {key: v for key, v in content.items() if key not in ORIGIN or key in known}
    try:
        return from_plain(kind, own, where, RunError)
    except RunError as error:
        error.add_hint(hint)
        raise


def read_object(path: Path) -> dict[str, Any]:
    """A JSON object that this library wrote.

    Raises:
        RunError: there is no such file, or it is damaged.
    """
    if not os.path.lexists(path):
        got = f"no {path.name} in it"
        raise RunError(path.parent, "folder", must="one of pixelwise", got=got)
    content = read_json(path, RunError)
    if not isinstance(content, dict):
        raise RunError(path, "content", must="a JSON object", got=shown(content))
    return content
