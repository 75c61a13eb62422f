"""What is known of a folder while its splits are found."""

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from pixelwise.labels.description import Split
from pixelwise.survey.folder_names import split_of
from pixelwise.survey.given import Given
from pixelwise.survey.layout.candidates import Link
from pixelwise.survey.layout.choice import Choice
from pixelwise.survey.layout.evidence import Evidence
from pixelwise.survey.layout.placing import Place
from pixelwise.survey.layout.tree import Parts, Tree
from pixelwise.survey.statements import Statement

# Before the name of a split whose folder is another one, as a person has said.
ANOTHER = "another "


@dataclass
class Draft:
    """What is known of a folder so far.

    Args:
        tree, given, choice, evidence: of the folder.
        places: of each split.
        statements: so far.
        lists: to be written.
        splits: of the description.
        used: names of lists that are used.
        folds: the folders of each fold, where the folder has folds.
    """

    tree: Tree
    given: Given
    choice: Choice
    evidence: Evidence
    places: dict[str, Place] = field(default_factory=dict)
    statements: list[Statement] = field(default_factory=list)
    lists: dict[str, tuple[str, ...]] = field(default_factory=dict)
    splits: dict[str, Split] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)
    folds: dict[str, list[Link]] = field(default_factory=dict)

    @cached_property
    def given_folders(self) -> dict[str, Path]:
        """Folders that a person has given for splits."""
        several = self.given.splits.items()
        return {name: path for name, path in several if (self.tree.root / path).is_dir()}

    def split_of(self, parts: Parts) -> str:
        """The split of a folder, as given or by its name."""
        for name, path in self.given_folders.items():
            if parts[: len(path.parts)] == path.parts:
                return name
        name = split_of(parts)
        return f"{ANOTHER}{name}" if name in self.given_folders else name
