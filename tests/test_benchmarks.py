"""The benchmarks' own machinery, with a clock that is told what time it is."""

import csv
from functools import partial

import pytest
import torch
from benchmarks import gpu
from benchmarks.gpu_model import resident
from benchmarks.gpu_rows import Task, guarded, measured, table, write
from benchmarks.gpu_static import into_results
from benchmarks.gpu_works import Work
from benchmarks.sass import Listing

TWO_LOOPS = """
        /*0000*/                   IMAD R1, R2, R3, R4 ;
.L_x_1:
        /*0010*/                   LDG.E R5, desc[UR4][R6.64] ;
.L_x_2:
        /*0020*/                   FADD R5, R5, R1 ;
        /*0030*/                   MUFU.EX2 R5, R5 ;
        /*0040*/              @P0  BRA `(.L_x_2) ;
        /*0050*/                   CALL.REL.NOINC `($__internal_0_$divide) ;
        /*0060*/              @!P1 BRA `(.L_x_1) ;
        /*0070*/                   EXIT ;
$__internal_0_$divide:
        /*0080*/                   IADD3 R1, R2, R3, R4 ;
        /*0090*/                   RET.REL.NODEC R20 `(kernel) ;
.L_x_3:
        /*00a0*/                   BRA `(.L_x_3);
"""


class Clock:
    """Seconds that pass only where a task says so."""

    now = 0.0

    def __call__(self):
        return self.now

    def task(self, name, takes, seconds=1.0, rows=({},)):
        def run():
            self.now += takes
            yield from rows

        return Task("step", name, seconds, run)


def test_a_task_that_does_not_fit_is_named_and_shorter_ones_still_run():
    clock = Clock()
    tasks = [clock.task("a", 6), clock.task("b", 9, seconds=9), clock.task("c", 1)]
    rows = measured(tasks, 10, lambda _: None, clock)
    assert [(row["work"], row.get("note")) for row in rows] == [
        ("a", None),
        ("b", "left out: it takes about 9 s, 4 s were left"),
        ("c", None),
    ]


def test_a_failing_row_says_its_error_and_those_before_and_after_it_stay():
    def fails():
        yield {"row": "ours", "device ms": 1.0}
        raise RuntimeError("CUDA error: an illegal memory access\nwith more lines")

    clock = Clock()
    tasks = [Task("step", "a", 1, fails), clock.task("b", 1)]
    seen = []
    rows = measured(tasks, 10, lambda found: seen.append(len(found)), clock)
    assert [row.get("note") for row in rows] == [
        None,
        "failed: RuntimeError: CUDA error: an illegal memory access",
        None,
    ]
    assert seen == [2, 3]  # what is there is kept after every task


def test_an_interruption_is_no_failing_row():
    def stops():
        raise KeyboardInterrupt
        yield

    with pytest.raises(KeyboardInterrupt, match=r"^$"):
        guarded(stops)


def test_the_table_has_the_columns_that_are_filled_and_the_file_all_of_them(tmp_path):
    rows = [
        {"part": "step", "work": "C = 19", "row": "ours", "device ms": 0.12345},
        {"part": "step", "work": "C = 2", "of copy bandwidth": 0.8, "note": "a|b"},
    ]
    assert table(rows).splitlines() == [
        "| part | work | row | device ms | of copy bandwidth | note |",
        "| --- | --- | --- | --- | --- | --- |",
        "| step | C = 19 | ours | 0.123 |  |  |",
        "| step | C = 2 |  |  | 80% | a\\|b |",
    ]
    write(tmp_path / "new", rows, "## Heading", "Targets.")
    text = (tmp_path / "new" / "gpu.md").read_text()
    assert text.startswith("## Heading\n\n| part")
    assert text.endswith("a\\|b |\n\nTargets.\n")
    with (tmp_path / "new" / "gpu.csv").open(newline="") as file:
        first, second = csv.DictReader(file)
    assert (first["device ms"], first["wall ms"], second["note"]) == ("0.12345", "", "a|b")


def test_a_section_of_the_results_takes_the_place_of_its_former_self(tmp_path, monkeypatch):
    results = tmp_path / "RESULTS.md"
    results.write_text("# Results\n\n## A\n\nold\n\n## B\n\nkept\n")
    monkeypatch.setattr("benchmarks.gpu_static.RESULTS", results)
    into_results("## A\n\nnew\n", "## A")
    assert results.read_text() == "# Results\n\n## A\n\nnew\n\n## B\n\nkept\n"
    into_results("## C\n\nmore\n", "## C")
    assert results.read_text() == "# Results\n\n## A\n\nnew\n\n## B\n\nkept\n\n## C\n\nmore\n"


def test_loops_of_machine_code_are_found_and_their_instructions_multiplied():
    """1 before, 10 × (load, call and its 2, branch), 10 × 4 × 3 inside, EXIT, the endless end."""
    listing = Listing(TWO_LOOPS)
    assert listing.deepest == 2
    cost = listing.cost((10, 4), lambda _: 500)
    assert cost.issued == 1 + 10 * 5 + 10 * 4 * 3 + 1 + 1
    assert cost.pipes["special"] == 10 * 4 * 8
    assert cost.busiest() == ("special", 320)
    assert listing.cost((10, (4, 7)), lambda _: 500) == cost  # there is one inner loop
    assert listing.cost((10, 0), lambda _: 500).issued == 1 + 10 * 5 + 1 + 1


def test_the_wait_of_a_warp_grows_with_the_time_of_a_load():
    listing = Listing(TWO_LOOPS)
    slow, fast = (listing.cost((10, 4), lambda _, t=t: t).cycles for t in (600, 100))
    assert slow >= fast


@pytest.mark.parametrize(
    ("registers", "warps", "shared", "programs"),
    [(64, 1, 0, 32), (128, 1, 0, 16), (255, 4, 0, 2), (32, 1, 64 * 1024, 3), (16, 16, 0, 4)],
)
def test_programs_of_an_sm_by_what_they_hold(registers, warps, shared, programs):
    assert resident(registers, warps, shared) == programs


def test_a_work_is_what_its_name_says():
    work = Work("step", 19, "bfloat16", "channels_last", 4)
    assert Work.parse(str(work)) == work
    assert work.in_words() == "C = 19 bfloat16 channels_last ×4"
    assert (work.logits, work.item_size) == (8 * 19 * 512 * 1024, 2)


@pytest.fixture
def gpu_of_the_cpu(monkeypatch):
    """The GPU benchmark with tensors on the CPU, small shapes, and times that are told."""
    shapes = {19: (1, 19, 32, 48), 2: (1, 2, 32, 48), 150: (1, 150, 32, 48), 1: (1, 1, 32, 48)}
    fakes = {
        "DEVICE": "cpu",
        "SHAPES": shapes,
        "SMALL": (1, 19, 32, 48),
        "device_ms": lambda run, *_: (run(), 2.0)[1],
        "wall_ms": lambda run, *_: (run(), 3.0)[1],
        "peak": lambda run: (run(), 1000)[1],
        "copy_bandwidth": lambda: 1e6,
        "kernels_of": lambda _: [("forward_block", 80.0)] * 3 + [("fill", 2.0)] * 4,
    }
    for name, fake in fakes.items():
        monkeypatch.setattr(gpu, name, fake)


@pytest.mark.parametrize("scale", [1, 4])
@pytest.mark.usefixtures("gpu_of_the_cpu")
def test_values_of_a_gpu_are_those_of_the_definition_or_wrong(scale, monkeypatch):
    work = Work("step", 19, "float32", "channels_last", scale)
    (row,) = gpu.values_row(work)
    assert row["note"] == ""
    assert 0 <= row["error of gradient"] < 1e-4
    right = gpu.ours
    monkeypatch.setattr(gpu, "ours", lambda w, b="auto": partial(skewed, right(w, b), b))
    (row,) = gpu.values_row(work)
    assert row["note"] == "WRONG"


def skewed(loss, backend, logits, target):
    """A loss that is one percent off unless it is the definition."""
    return loss(logits, target) * {"torch": 1.0}.get(backend, 1.01)


@pytest.mark.usefixtures("gpu_of_the_cpu")
def test_every_row_of_a_gpu_run_can_be_made():
    """All but the values and what inductor compiles, on the CPU."""
    tasks = [t for t in gpu.all_tasks() if t.part != "values" and t.seconds < 25]
    rows = measured(tasks, 1e9, lambda _: None)
    assert [row["note"] for row in rows if str(row.get("note")).startswith("failed")] == []
    assert {row["part"] for row in rows} == {"step", "beside", "host", "prediction"}
    profiled = [row for row in rows if row["row"] == "profiled"]
    assert len(profiled) == 13
    assert profiled[0]["kernels"] == 7
    assert profiled[0]["note"].endswith("fill 2 µs, fill 2 µs, others 4 µs")
    assert "| step | C = 19 float32 contiguous | pixelwise | 2.000 | 3.000 |" in table(rows)


def test_a_gpu_run_has_the_most_decisive_rows_first_and_fits_into_four_minutes():
    tasks = gpu.all_tasks()
    parts = list(dict.fromkeys(task.part for task in tasks))
    assert parts == ["values", "step", "beside", "host", "prediction"]
    assert len(gpu.VALUES) == 28
    assert sum(task.seconds for task in tasks) < 240


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_without_a_gpu_one_sentence_says_so():
    with pytest.raises(SystemExit, match=r"^There is no CUDA GPU here; python -m benchmarks.gpu_"):
        gpu.main([])
