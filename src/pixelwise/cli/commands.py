"""COMMANDS: settings, function, help and examples of every command."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from pixelwise.files.records import to_plain


def show_record(record: Any) -> tuple[Any, str]:
    """Show a record: its fields behind its schema, or its text."""
    if hasattr(record, "as_dict"):
        return record.as_dict(), record.text()
    return {"schema": record.SCHEMA, **to_plain(record)}, record.text()


@dataclass(frozen=True)
class Command:
    """A row of COMMANDS. Modules are named, not imported, so that --help is fast.

    Attributes:
        help: one clause.
        examples: command lines for the end of --help, each with a comment.
        config: module:class of its configuration.
        run: module:function that takes the configuration.
        show: result -> (what --json prints, what is printed otherwise).
        check: module:function that takes the configuration too, before the packages that run needs
            are imported; "" = nothing.
        is_folder_job: whether run also takes progress=, which it calls with (done, all).
    """

    help: str
    examples: tuple[str, ...]
    config: str
    run: str
    show: Callable[[Any], tuple[Any, str]] = show_record
    is_folder_job: bool = False
    check: str = ""


def resolve(name: str) -> Any:
    """What "module:attribute" names, imported now."""
    module, attribute = name.split(":")
    return getattr(import_module(module), attribute)


def show_path(key: str) -> Callable[[Path], tuple[Any, str]]:
    """Show a result that is a path."""
    return lambda path: ({key: str(path)}, str(path))


def show_init(survey: Any) -> tuple[Any, str]:
    """Show what `init` found, and how sure it is."""
    path = survey.description.root / "dataset.toml"
    content = {"path": str(path), "notes": survey.notes, "unsure": survey.unsure}
    text = f"wrote {path}\n{survey.text()}"
    if survey.open:
        root, given = survey.description.root, survey.given.options()
        commands_of = resolve("pixelwise.survey.ask:answer_commands")
        content["open"] = [
            {
                "question": question.text,
                "answers": [
                    {"answer": answer.text, "command": command}
                    for answer, command in zip(question.answers, commands_of(root, question, given))
                ],
            }
            for question in survey.open
        ]
        lines = resolve("pixelwise.survey.ask:question_lines")(root, survey.open, given)
        text += "\n\n" + "\n".join(lines)
    return content, text


def show_train(run: Any) -> tuple[Any, str]:
    """Show the run folder and its best score, or a plan; of several ranks the first alone does."""
    if not isinstance(run, Path):
        return show_record(run)
    if resolve("pixelwise.ranks.distributed:rank_and_world")()[0] > 0:
        return None, ""
    if (run / "folds.json").is_file():
        folds = resolve("pixelwise.folds.record:read_folds")(run)
        return {"run": str(run), **to_plain(folds)}, f"{run}\n{folds.text()}"
    best = resolve("pixelwise.run.run_folder:best_of")(run)
    return {"run": str(run), "best": best}, (
        f"{run}  best val mIoU {100 * best['val/miou']:.2f} (present) in epoch {best['epoch']}"
        if best
        else f"{run}  no epoch had a score"
    )


def show_predict(found: Any) -> tuple[Any, str]:
    """Show where the predictions are, and what their probabilities are worth if that was asked."""
    folder = found.folder
    content: dict[str, Any] = {"predictions": str(folder)}
    if found.failed:
        content["failed"] = to_plain(found.failed)
    text = str(folder)
    for name, record in (("calibration", "Calibration"), ("confidence", "Confidence")):
        if (folder / f"{name}.json").is_file():
            kind = resolve(f"pixelwise.score.{name}:{record}")
            result = resolve("pixelwise.files.results:read_record")(kind, folder / f"{name}.json")
            content[name] = result.as_dict()
            text += f"\n\n{result.text()}"
    return content, text


COMMANDS = {
    "init": Command(
        "look at a folder of images and labels and write its dataset.toml",
        (
            "pixelwise init street/           # finds images, labels, classes, splits, void",
            "pixelwise init street/ --force   # replaces an earlier dataset.toml",
        ),
        "pixelwise.init.config:InitConfig",
        "pixelwise.init.command:init_or_ask",
        show_init,
    ),
    "convert": Command(
        "turn annotation files of other tools into label images",
        (
            "pixelwise convert street.json       # the format is detected, here COCO",
            "pixelwise convert drawn/ --format labelme --images photos/ --out street/",
        ),
        "pixelwise.convert.config:ConvertConfig",
        "pixelwise.convert.command:convert",
        is_folder_job=True,
    ),
    "audit": Command(
        "find defects of label files, labels, pairs and splits",
        (
            "pixelwise audit street/ --html audit.html      # shows the findings",
            "pixelwise audit street/ --fix street-repaired  # writes a repaired copy",
        ),
        "pixelwise.audit.config:AuditConfig",
        "pixelwise.report.audit_page:run_audit",
        is_folder_job=True,
    ),
    "weights": Command(
        "count the pixels of each class and compute class weights",
        (
            "pixelwise weights street/              # pixels, and weights of all methods",
            "pixelwise weights street/ --method enet --out weights.json",
        ),
        "pixelwise.weights.config:WeightsConfig",
        "pixelwise.report.weights_page:weights",
        is_folder_job=True,
    ),
    "train": Command(
        "train a network",
        (
            "pixelwise train street/ --loss ce+dice --class-weights median_frequency",
            "pixelwise train --resume runs/street-1  # continues a stopped run",
        ),
        "pixelwise.plan.config:TrainConfig",
        "pixelwise.folds.command:train_or_plan",
        show_train,
        check="pixelwise.plan.preflight:check_early",
    ),
    "predict": Command(
        "predict label images with a trained network",
        (
            "pixelwise predict runs/street-1        # split val of its dataset",
            "pixelwise predict runs/street-1 --images photos/ --out predicted/",
        ),
        "pixelwise.prediction.config:PredictConfig",
        "pixelwise.prediction.predict:predict_images",
        show_predict,
    ),
    "next": Command(
        "choose which images of a folder to label next",
        (
            "pixelwise next runs/street-1 --images pool/              # the 50 least sure ones",
            "pixelwise next runs/street-1 --images pool/ --budget 20 --out next.txt",
        ),
        "pixelwise.selection.config:NextConfig",
        "pixelwise.selection.command:next_images",
    ),
    "score": Command(
        "compare predicted label images with labels",
        (
            "pixelwise score runs/street-1/predictions/val  # IoU of each class, mean IoU",
            "pixelwise score runs/street-1 runs/street-2    # differences, with intervals",
        ),
        "pixelwise.score.config:ScoreConfig",
        "pixelwise.score.command:score",
        is_folder_job=True,
    ),
    "report": Command(
        "make one self-contained HTML page of a score",
        (
            "pixelwise report runs/street-1         # writes runs/street-1/report.html",
            "pixelwise report runs/street-2 --compare runs/street-1 --worst 20",
        ),
        "pixelwise.report.config:ReportConfig",
        "pixelwise.report.html:report",
        show_path("report"),
    ),
    "export": Command(
        "make a trained network one file that labels images, and prove it",
        (
            "pixelwise export runs/street-1                   # writes runs/street-1/export",
            "pixelwise export runs/street-1 --size 720 1280 --precision fp16",
        ),
        "pixelwise.export.config:ExportConfig",
        "pixelwise.export.command:export",
    ),
    "run": Command(
        "label an image with what export made; needs no torch",
        (
            "pixelwise run runs/street-1/export photo.jpg     # writes photo_label.png",
            "pixelwise run model/ photo.jpg --out label.png",
        ),
        "pixelwise.export.config:RunConfig",
        "pixelwise.export.run:run_artefact",
    ),
    "demo": Command(
        "draw a dataset, train two networks and compare them (2 minutes)",
        (
            "pixelwise demo                             # writes demo/report.html",
            "pixelwise demo --out small --epochs 4      # faster, with lower scores",
        ),
        "pixelwise.demo.command:DemoConfig",
        "pixelwise.demo.command:demo",
    ),
    "list": Command(
        "list losses, networks, formats, class tables, audit rules and more",
        (
            "pixelwise list losses         # the names that train --loss takes",
            "pixelwise list rules --json   # what audit looks for",
        ),
        "pixelwise.cli.listing:ListConfig",
        "pixelwise.cli.listing:list_names",
    ),
    "completion": Command(
        "print a script with which a shell completes commands and options",
        (
            'eval "$(pixelwise completion bash)"   # in ~/.bashrc; zsh: in ~/.zshrc',
            "pixelwise completion fish | source    # in ~/.config/fish/config.fish",
        ),
        "pixelwise.cli.completion:CompletionConfig",
        "pixelwise.cli.completion:completion",
    ),
}
