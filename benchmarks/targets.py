"""What the figures of RESULTS.md must be."""

from itertools import product

from benchmarks.summary import (
    COMPILED,
    DENSE,
    EAGER,
    FLOOR,
    PREDICTED,
    UPSAMPLED,
    Target,
)

BARE = "bare decoding"
EXTRA = "extra memory"
LARGE_FILES = ("indexed 512", "grey 512", "16-bit 512", "1-bit 512")
SMALL_FILES = ("indexed 256", "indexed 64", "grey 64", "16-bit 64")
LARGE = (
    "inflating a flat label takes as long as counting its pixels, which is done by runs or in four "
    "counters at a time; the ratio depends on whether the process gives memory back after a file"
)
SMALL = (
    "of 64 × 64 pixels the work beside decoding (checks, records, another file) takes longer than "
    "decoding; fewer calls of the system and none of Pillow where inflating is enough were tried"
)
PASSES = (
    "beside the exponentials of both passes labels are read and a new gradient is mapped; fewer "
    "operations in exp and asking for memory ahead gained 20 % for many classes, and made two "
    "classes slower"
)
INTERPOLATED = (
    "the exponentials of every pixel at full resolution take most of the time; fewer operations in "
    "exp were tried, blocks of another form were not"
)
PREDICTION = (
    "two products and a comparison for each class and pixel, in vector registers; other forms were "
    "not tried"
)
SMALL_STEP = "some 90 calls of Python and NumPy are left of a step, and what autograd itself takes"
FIRST_USE = (
    "two thirds are LLVM; formulas in NumPy and tables made outside the kernels saved 5 s, scratch "
    "memory made outside them a second more, but made steps 5 % slower"
)
LATER = "numba's own import and registries take 0.45 s; SciPy is no longer imported"
FOLDER = (
    "reading and writing need the cores that the network uses: 17 ms of CPU for a PNG beside some "
    "55 ms; more threads and batches gained nothing on two cores"
)
ON_A_GPU = "`python -m benchmarks.gpu` measures it, where there is one"


def dense(classes: int) -> list[Target]:
    """CE + Dice at the resolution of the logits."""
    work, table = f"CE + Dice {DENSE[classes]}", DENSE[classes]
    if classes == 2:
        speed = [Target(work, "≥ 6 × the fastest of all", table, (COMPILED, *EAGER), why=PASSES)]
    else:
        speed = [
            Target(work, "≥ 8 × torch.compile", table, (COMPILED,), why=PASSES),
            Target(work, "≥ 12 × the fastest eager library", table, EAGER, why=PASSES),
        ]
    floor = "≤ 1.3 × the exp floor" if classes == 2 else "≤ 1.2 × the exp floor"
    return [
        *speed,
        Target(work, floor, table, (FLOOR,), inverse=True, why=PASSES),
        Target(work, "≤ 1.05 × logits of memory", table, ("pixelwise",), EXTRA),
    ]


def upsampled(classes: int, times: int) -> list[Target]:
    """CE + Dice four times as large as the logits, and prediction."""
    work, table = f"×4 upsampled CE + Dice, {classes} classes", UPSAMPLED[classes]
    predicted = f"prediction ×4, {classes} classes"
    memory = "≤ 0.1 × full-resolution logits of memory"
    return [
        Target(work, f"≥ {times} × torch eager", table, ("torch eager",), why=INTERPOLATED),
        Target(work, memory, table, ("pixelwise",), EXTRA),
        Target(
            predicted,
            "≥ 9 × interpolate + argmax",
            PREDICTED[classes],
            ("interpolate + argmax",),
            why=PREDICTION,
        ),
        Target(predicted, memory, PREDICTED[classes], ("pixelwise",), EXTRA),
    ]


def labels() -> list[Target]:
    """Folders of label images."""
    found = []
    for column, processes in product(("read_label", "count_labels", "score"), (1, 2)):
        aim = f"≥ 0.8 × {BARE}, processes: {processes}"
        table = f"label PNGs, processes: {processes}"
        found.append(
            Target(f"{column}, worst of 4 kinds", aim, table, LARGE_FILES, column, why=LARGE)
        )
        small = f"{column}, worst of 4 kinds of small files"
        found.append(Target(small, aim, table, SMALL_FILES, column, why=SMALL))
    for processes in (1, 2):
        aim = f"≥ 0.8 × {BARE}, processes: {processes}"
        found.append(
            Target(
                "audit",
                aim,
                f"clean folder, processes: {processes}",
                ("indexed 512",),
                "audit",
                why=LARGE,
            )
        )
    found.append(
        Target("audit", f"≥ 0.8 × {BARE}, small files", "clean folder, processes: 1",
               ("indexed 64", "16-bit 64"), "audit", why=SMALL)
    )  # fmt: skip
    return [
        *found,
        Target("audit --quick", "≥ 40,000 headers a second", "headers of", ("audit",), "rate"),
        Target("audit of 5,000 small labels", "≤ 100 MiB of memory", "audit of 5,000", ("audit",),
               "peak"),
        Target("init of 100,000 files", "≤ 30 s", "init of 100,000 files", ("indexed", "16-bit"),
               "time"),
        Target("colour → index", "≥ 150 × the loop over classes", "colour → index",
               ("np.all per class",)),
    ]  # fmt: skip


TARGETS = (
    *(target for classes in (19, 150, 2) for target in dense(classes)),
    Target("CE + Dice (1, 2, 64, 64), CPU time of the thread", "≤ 1 × torch eager",
           "(1, 2, 64, 64)", ("torch eager",), inverse=True, why=SMALL_STEP),
    Target("first use of a loss", "≤ 8 s of compiling", "first step", ("compiled",), "time",
           why=FIRST_USE),
    Target("start of later processes", "≤ 0.3 s", "first step", ("cached",), "time",
           why=LATER),
    *upsampled(150, 40),
    *upsampled(19, 28),
    Target("GPU, counted: kernels of a step CE + Dice", "≤ 8", "step of a loss",
           ("ce+dice, C = 19",), "kernels"),
    *(
        Target(f"GPU, modelled: share of copies, {work}", f"≥ {share} %", "work", (row,), "of copy")
        for work, share, row in (
            ("19 classes, float32", 80, "C = 19 float32 contiguous"),
            ("150 classes, float32", 85, "C = 150 float32 contiguous"),
            ("19 classes, bfloat16", 55, "C = 19 bfloat16 contiguous"),
        )
    ),
    Target("GPU, measured: 19 classes", "≥ 80 % of copy bandwidth", "part", ("step",),
           "of copy bandwidth", why=ON_A_GPU),
    *(
        Target(f"GPU, measured: {work}", aim, "", (), why=ON_A_GPU)
        for work, aim in (
            ("CE + Dice", "≥ 1.5 × torch.compile"),
            ("×4 upsampled", "≥ 7 × torch.compile"),
        )
    ),
    Target("training examples, 1024×2048 PNG", "≥ 1.5 × torchvision v2", "1024×2048 PNG",
           ("torchvision",)),
    Target("training examples, 1024×2048 JPEG", "≥ 1.5 × torchvision v2",
           "1024×2048 JPG, crop 512×1024", ("torchvision",)),
    Target("training examples, 360×480 PNG", "≥ 1.5 × torchvision v2", "360×480 PNG",
           ("torchvision",)),
    Target("predict of a folder, PNG", "≥ 0.9 × the network alone", "predict, 60 PNG",
           ("predict",), "rate / network", why=FOLDER),
    Target("predict of a folder, JPEG", "≥ 0.9 × the network alone", "predict, 60 JPG",
           ("predict",), "rate / network", why=FOLDER),
    Target("prediction in tiles, 20,000 × 20,000, 19 classes", "≤ 1 GiB beside the network", "", (),
           why="there is no prediction in tiles yet"),
    *labels(),
)  # fmt: skip
