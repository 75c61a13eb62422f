"""Ids that look like frames of one video or tiles of one image."""

import pytest

from pixelwise.labels.splits.groups import likely_groups


@pytest.mark.parametrize(
    ("ids", "found"),
    [
        ([f"0006R0_f{i:05}" for i in range(9)] + [f"0016E5_{i:05}" for i in range(9)], ("_", 2)),
        ([f"aachen/{i}" for i in range(5)] + [f"ulm/{i}" for i in range(5)], ("/", 2)),
        ([f"tile_{i}_{x}" for i in range(4) for x in range(5)], ("_*_", 4)),
        ([f"{i:04}" for i in range(40)], None),
        ([f"image_{i:04}" for i in range(40)], None),
        (["a_1", "a_2", "b_1", "b_2"], None),
        ([], None),
    ],
)
def test_beginnings_that_several_ids_share_are_found(ids, found):
    assert likely_groups(ids) == found
