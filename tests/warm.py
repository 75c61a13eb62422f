"""Processes that begin with everything imported: forked from one that has imported it and waits.

To import torch and what trains on it takes six seconds of a processor, which every process of a
test would spend again. `Popen` and `run` are those of subprocess for the commands
`[sys.executable, "-c", CODE, ...]`, `[sys.executable, "-m", MODULE, ...]` and
`[sys.executable, FILE, ...]`: pipes, signals, groups, exit codes and the end of Python are real.
Only the start is not, so what a start must prove is tested with subprocess itself; and modules
are not taken apart at the end, which would first copy the memory of all of them.

    test ── Popen ──► the process that waits ── fork ──► the command
                                                          └─ its ranks are started in the same way
"""

import atexit
import contextlib
import ctypes
import gc
import importlib
import inspect
import os
import pickle
import runpy
import select
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import types
from pathlib import Path

TESTS = Path(__file__).parent
IMPORTED = (
    "pixelwise.cli.commands",
    "pixelwise.run.train",
    "pixelwise.run.dry_run",
    "pixelwise.prediction.predict",
    "torch._dynamo",  # the first optimizer imports it
)
WAIT = "import sys; sys.path[:0] = [sys.argv[1]]; import warm; warm.wait(*sys.argv[2:])"
SIGNALS = (signal.SIGINT, signal.SIGTERM)
LENGTH = struct.Struct("I")

# where the process waits that forks, once a test or the process itself has set it
_address: list[str] = []


def _start() -> str:
    """Start the process that waits; it ends with this one."""
    if not _address:
        address = tempfile.mkdtemp(prefix="pixelwise-tests-") + "/socket"
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(address)
        listener.listen(64)
        ours, theirs = socket.socketpair()
        fds = listener.fileno(), theirs.fileno()
        words = [sys.executable, "-c", WAIT, str(TESTS), address, *map(str, fds)]
        process = subprocess.Popen(words, pass_fds=fds, stdin=subprocess.DEVNULL)
        listener.close()
        theirs.close()
        _address.append(address)
        atexit.register(_end, process, ours)
    return _address[0]


def _end(process, connection) -> None:
    """Let the process end that waits."""
    connection.close()
    process.wait()
    shutil.rmtree(Path(_address.pop()).parent)


class Popen(subprocess.Popen):
    """A process that is forked from the one that waits."""

    def _execute_child(self, *given):
        own = inspect.signature(subprocess.Popen._execute_child).bind(self, *given).arguments
        pipes = [own[name] for name in ("p2cread", "c2pwrite", "errwrite")]
        request = {
            "words": [os.fspath(word) for word in own["args"]][1:],
            "cwd": os.fspath(own["cwd"] or os.getcwd()),
            "env": dict(os.environ if own["env"] is None else own["env"]),
            "own_session": own["start_new_session"],
            "parent": os.getpid(),
            "blocked": signal.pthread_sigmask(signal.SIG_BLOCK, ()),
        }
        self._ended = socket.socket(socket.AF_UNIX)
        self._ended.connect(_start())
        content = pickle.dumps(request)
        fds = [number if pipe == -1 else pipe for number, pipe in enumerate(pipes)]
        socket.send_fds(self._ended, [LENGTH.pack(len(content))], fds)
        self._ended.sendall(content)
        self.pid = LENGTH.unpack(_read(self._ended, LENGTH.size))[0]
        self._child_created = True
        names = ("p2cread", "p2cwrite", "c2pread", "c2pwrite", "errread", "errwrite")
        self._close_pipe_fds(*(own[name] for name in names))

    def _try_wait(self, wait_flags):
        if wait_flags & os.WNOHANG and not select.select([self._ended], [], [], 0)[0]:
            return 0, 0
        status = LENGTH.unpack(_read(self._ended, LENGTH.size))[0]
        self._ended.close()
        return self.pid, status

    def _internal_poll(self, _deadstate=None, **_):
        if self.returncode is None and self._waitpid_lock.acquire(False):
            try:
                pid, status = self._try_wait(os.WNOHANG)
                if pid:
                    self._handle_exitstatus(status)
            finally:
                self._waitpid_lock.release()
        return self.returncode


def run(words, *, capture_output=False, check=False, timeout=None, **options):
    """As subprocess.run()."""
    if capture_output:
        options |= {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with Popen(words, **options) as process:
        try:
            stdout, stderr = process.communicate(timeout=timeout)
        except BaseException:
            process.kill()
            raise
    done = subprocess.CompletedProcess(words, process.returncode, stdout, stderr)
    if check:
        done.check_returncode()
    return done


def _read(stream, number):
    content = b""
    while len(content) < number:
        part = stream.recv(number - len(content))
        if not part:
            raise EOFError("the process that waits has ended")
        content += part
    return content


def wait(address, listener, parent):
    """What the process does that waits: fork for each request, tell how each child has ended."""
    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    atexit.register(_leave)
    os.fsync = os.fstat  # type: ignore[assignment]  # as in conftest.py
    for name in IMPORTED:
        importlib.import_module(name)
    from pixelwise.ranks import ranks

    gc.freeze()  # what it looks at is copied
    _address.append(address)
    ranks.Popen = Popen  # type: ignore[misc]
    request = _next_request(socket.socket(fileno=int(listener)), socket.socket(fileno=int(parent)))
    if request is not None:
        _be(request)


def _next_request(listener, parent):
    """In a child, its request; None where the parent has ended."""
    read, write = socket.socketpair()
    for end in (read, write):
        end.setblocking(False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(write.fileno())
    children = {}
    while True:
        ready = select.select([listener, parent, read], [], [])[0]
        if read in ready:
            read.recv(4096)
        while children:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if not pid:
                break
            with children.pop(pid) as client, contextlib.suppress(OSError):
                client.sendall(LENGTH.pack(status))
        if parent in ready:
            return None
        if listener not in ready:
            continue
        client, _ = listener.accept()
        head, fds, *_ = socket.recv_fds(client, LENGTH.size, 3)
        request = pickle.loads(_read(client, LENGTH.unpack(head)[0]))
        pid = os.fork()
        if not pid:
            if request["own_session"]:
                os.setsid()
            client.sendall(LENGTH.pack(os.getpid()))  # who asks may ask for its group at once
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            for number, fd in enumerate(fds):
                os.dup2(fd, number)
            for end in (client, listener, parent, read, write, *children.values()):
                end.close()
            for fd in fds:
                os.close(fd)
            return request
        for fd in fds:
            os.close(fd)
        children[pid] = client


def _leave():
    """The last that Python does before it takes modules apart: let it find none."""
    imported = sys.modules.copy()
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(imported))
    for name in imported.keys() - {"__main__", "builtins", "sys"}:
        del sys.modules[name]
    system = ctypes.CDLL(None)
    system.on_exit(system._exit, None)  # with the exit code, before the destructors of libraries


def _be(request):
    """Run a command, as Python does when it starts."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, request["blocked"])
    own, real = os.getpid(), os.getppid
    # a worker that this process forks watches this process
    os.getppid = lambda: request["parent"] if os.getpid() == own else real()
    os.chdir(request["cwd"])
    os.environ.clear()
    os.environ.update(request["env"])
    sys.stdin = os.fdopen(0, closefd=False)
    sys.stdout = os.fdopen(1, "w", closefd=False)
    sys.stderr = os.fdopen(2, "w", 1, errors="backslashreplace", closefd=False)
    kind, *words = request["words"]
    paths = [path for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path]
    sys.path[:0] = [request["cwd"], *paths]
    if kind == "-m":
        sys.argv = words
        runpy.run_module(words[0], run_name="__main__", alter_sys=True)
        return
    main = sys.modules["__main__"] = types.ModuleType("__main__")
    sys.argv = request["words"] if kind != "-c" else ["-c", *words[1:]]
    code = words[0] if kind == "-c" else Path(kind).read_text(encoding="utf-8")
    exec(compile(code, "<string>" if kind == "-c" else kind, "exec"), main.__dict__)


if sys.platform != "linux":  # elsewhere libraries of the system do not survive a fork
    Popen, run = subprocess.Popen, subprocess.run  # type: ignore[misc, assignment]
