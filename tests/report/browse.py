"""A page in a browser as a reader has it: from its file or address, with real keys and clicks."""

import base64
import fcntl
import json
import os
import select
import subprocess

from report.clicks import CHROMIUM

SECONDS = 120  # that the browser may take to answer
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]
FLAGS += ["--hide-scrollbars", "--remote-debugging-pipe", "--no-first-run"]
CODES = {"Escape": 27, "Enter": 13, "ArrowLeft": 37, "ArrowUp": 38, "ArrowRight": 39}
CODES |= {"ArrowDown": 40, "Tab": 9}


class Browser:
    """One page of a headless Chromium, spoken to over a pipe.

    Args:
        folder: for its files.
        width, height: of the window.
        dark: whether it prefers dark colours.
    """

    def __init__(self, folder, width=1280, height=900, dark=False):
        to_read, self._write = os.pipe()
        own, to_write = os.pipe()
        # Chromium reads from 3 and writes to 4: nothing else may have these numbers before
        ends = [fcntl.fcntl(end, fcntl.F_DUPFD, 10) for end in (to_read, to_write)]
        line = 'exec "$0" "$@" 3<&{} 4>&{}'.format(*ends)
        command = ["bash", "-c", line, CHROMIUM, *FLAGS, f"--user-data-dir={folder / 'browser'}"]
        self._process = subprocess.Popen(command, pass_fds=ends, stderr=subprocess.DEVNULL)
        for end in (to_read, to_write, *ends):
            os.close(end)
        self._read, self._got, self._loaded = own, b"", False
        self._number, self._session, self.console = 0, None, []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        attached = self.call("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            self.call(f"{domain}.enable")
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self.call("Emulation.setDeviceMetricsOverride", **size)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[scheme])

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self._process.kill()
        self._process.wait()
        os.close(self._read)
        os.close(self._write)

    def call(self, method, **parameters):
        """The result of a method of the DevTools protocol."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._write, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._next()
            if answer.get("id") == self._number:
                assert "error" not in answer, answer
                return answer["result"]

    def _next(self):
        while b"\0" not in self._got:
            ready, _, _ = select.select([self._read], [], [], SECONDS)
            assert ready, "the browser says nothing"
            part = os.read(self._read, 1 << 16)
            assert part, "the browser has ended"
            self._got += part
        text, _, self._got = self._got.partition(b"\0")
        answer = json.loads(text)
        said = json.dumps(answer.get("params", {}))
        is_error = answer.get("method") == "Log.entryAdded" and '"level": "error"' in said
        if is_error or answer.get("method") == "Runtime.exceptionThrown":
            self.console.append(said[:500])
        self._loaded |= answer.get("method") == "Page.loadEventFired"
        return answer

    def open(self, address):
        """Go to an address and wait for the page."""
        self._loaded = False
        self.call("Page.navigate", url=address)
        while not self._loaded:
            self._next()

    def run(self, script):
        """The value of an expression of JavaScript; a promise is waited for."""
        found = self.call(
            "Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True
        )
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")

    def until(self, script):
        """Wait until an expression is true."""
        self.run(
            "new Promise((done) => { const look = () => "
            f"({script}) ? done(true) : setTimeout(look, 20); look(); }})"
        )

    def key(self, *keys):
        """Press keys."""
        for key in keys:
            event = {"key": key, "windowsVirtualKeyCode": CODES.get(key, ord(key[0].upper()))}
            text = (
                {"text": "\r" if key == "Enter" else key} if len(key) == 1 or key == "Enter" else {}
            )
            self.call("Input.dispatchKeyEvent", type="keyDown", **event, **text)
            self.call("Input.dispatchKeyEvent", type="keyUp", **event)

    def picture(self, path):
        """Write what is seen as a PNG."""
        path.write_bytes(base64.b64decode(self.call("Page.captureScreenshot")["data"]))
