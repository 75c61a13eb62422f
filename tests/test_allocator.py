"""The C library keeps freed memory for a while, unless the user has set how it allocates."""

import pytest

from pixelwise import allocator


@pytest.fixture
def calls(monkeypatch):
    """The calls of mallopt, in an environment that says nothing about it."""
    found = []

    class Library:
        @staticmethod
        def mallopt(what, value):
            found.append((what, value))
            return 1

    for name in [name for name in allocator.os.environ if name.startswith("MALLOC_")]:
        monkeypatch.delenv(name)
    monkeypatch.delenv("GLIBC_TUNABLES", raising=False)
    monkeypatch.setattr(allocator.sys, "platform", "linux")
    monkeypatch.setattr(allocator.ctypes, "CDLL", lambda _: Library)
    return found


def test_memory_is_kept_inside_and_returned_at_the_end(calls):
    with allocator.freed_memory_kept():
        inside = list(calls)
    assert dict(inside)[allocator._TRIM_THRESHOLD] == allocator._NEVER
    assert dict(calls)[allocator._TRIM_THRESHOLD] == allocator._USUAL_TRIM


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MALLOC_ARENA_MAX", "2"),
        ("MALLOC_TRIM_THRESHOLD_", "131072"),
        ("GLIBC_TUNABLES", "glibc.malloc.trim_threshold=131072"),
    ],
)
def test_what_the_user_has_set_stays(name, value, calls, monkeypatch):
    monkeypatch.setenv(name, value)
    with allocator.freed_memory_kept():
        pass
    assert calls == []


def test_tunables_of_other_parts_are_none_of_the_allocator(calls, monkeypatch):
    monkeypatch.setenv("GLIBC_TUNABLES", "glibc.cpu.x86_shstk=on")
    with allocator.freed_memory_kept():
        pass
    assert calls
