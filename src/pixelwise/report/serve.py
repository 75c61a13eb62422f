"""A page of a score on this machine, with its images at full size: `pixelwise report --serve`.

It answers 127.0.0.1 alone, and only requests that name it: a page from elsewhere cannot reach it by
a name that it has pointed to this machine. It reads and never writes. An address holds the number
of an image and what is asked of it, and no path; what a page may not show is not served.
"""

import errno
import re
import sys
import threading
from base64 import b64decode
from collections.abc import Callable
from functools import lru_cache, partial
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NoReturn

from pixelwise.errors import RunError, setting
from pixelwise.pictures.reduce import Box
from pixelwise.report.explore.layers import Layers
from pixelwise.report.pictures import Picture, channels_of, compared_pictures, four_pictures
from pixelwise.report.planes import compared_members, member_pictures
from pixelwise.report.reach import reach
from pixelwise.report.source import Source
from pixelwise.score.compare import Comparison
from pixelwise.score.members import MultilabelScore
from pixelwise.score.record import Score

HOST = "127.0.0.1"
NAMES = (HOST, "localhost")
# A browser shows no larger picture well; a larger image is made smaller.
LARGEST: Box = (8192, 8192)
SECONDS = 30  # that a request may take to arrive
ADDRESS = re.compile(r"/full/(0|[1-9][0-9]{0,8})/([a-z]{1,16})")
POLICY = re.compile(r'http-equiv="Content-Security-Policy" content="([^"]*)"')
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}
NOTHING = "default-src 'none'; frame-ancestors 'none'"

Pictures = Callable[[int], dict[str, Picture]]


def full_pictures(found: Score | MultilabelScore | Comparison, path: Path) -> Pictures:
    """What gives the pictures of an image of a score, by its number; keys are their captions.

    Args:
        found: the score or comparison.
        path: of its file.
    """
    folder, classes, channels = path.parent, found.classes, channels_of(found.dataset, path.parent)
    compared = isinstance(found, Comparison)
    predictions = (found.a, found.b) if isinstance(found, Comparison) else (found.predictions,)
    within = reach(folder, predictions, found.dataset)
    draw: Any = compared_pictures if compared else partial(four_pictures, errors_box=LARGEST)
    if isinstance(found, Score):
        classes = Layers(Source(path, found)).classes
    elif classes.files:
        draw = compared_members if compared else member_pictures

    def pictures(number: int) -> dict[str, Picture]:
        image = found.images[number]
        drawn = draw(image, folder, classes, lambda name: within(name, image.id), channels, LARGEST)
        return {picture.caption.lower(): picture for picture in drawn}

    # a browser asks for several pictures of one image at once
    one_at_a_time, kept = threading.Lock(), lru_cache(maxsize=2)(pictures)

    def one_by_one(number: int) -> dict[str, Picture]:
        with one_at_a_time:
            return kept(number)

    return one_by_one


class Server(ThreadingHTTPServer):
    """Answers / with a page, and /full/NUMBER/PART with a picture.

    Args:
        page: HTML.
        pictures: of an image.
        number: of images.
        port: 0 takes any that is free.
    Raises:
        RunError: the port cannot be had.
    """

    daemon_threads = True
    block_on_close = False

    def __init__(self, page: str, pictures: Pictures, number: int, port: int = 0) -> None:
        self.page, self.pictures, self.number = page.encode(), pictures, number
        policy = POLICY.search(page)
        self.policy = f"{policy[1]}; frame-ancestors 'none'" if policy else NOTHING
        try:
            super().__init__((HOST, port), Handler)
        except OSError as error:
            busy = error.errno == errno.EADDRINUSE
            event = f"port {port} is in use" if busy else f"port {port} cannot be had ({error})"
            hint = f"Name another one by {setting('port')}; 0 takes any that is free."
            raise RunError("report", event=event, hint=hint) from None

    @property
    def address(self) -> str:
        """Of the page."""
        return f"http://{HOST}:{self.server_address[1]}/"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A browser that goes away before it has its answer is not an error."""
        if not isinstance(sys.exception(), ConnectionError | TimeoutError):
            super().handle_error(request, client_address)


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    server: Server
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "pixelwise", ""
    timeout = SECONDS

    def do_GET(self) -> None:
        """The page, a picture, or why there is none."""
        if not self._is_meant():
            self._say(HTTPStatus.FORBIDDEN, "This server answers requests to 127.0.0.1 alone.")
            return
        if self.path == "/":
            self._send(HTTPStatus.OK, self.server.page, "text/html", self.server.policy)
            return
        if self.path == "/favicon.ico":  # browsers ask for it
            self._send(HTTPStatus.NO_CONTENT, b"", "image/x-icon")
            return
        asked = ADDRESS.fullmatch(self.path)
        if asked is None or int(asked[1]) >= self.server.number:
            self._say(HTTPStatus.NOT_FOUND, "There is nothing at this address.")
            return
        picture = self.server.pictures(int(asked[1])).get(asked[2])
        if picture is None or not picture.data:
            reason = "There is no such picture." if picture is None else picture.text
            self._say(HTTPStatus.NOT_FOUND, reason)
            return
        head, _, data = picture.data.partition(",")
        kind = head.removeprefix("data:").removesuffix(";base64")
        self._send(HTTPStatus.OK, b64decode(data), kind)

    do_HEAD = do_GET

    def refuse(self) -> None:
        """Nothing here can be changed."""
        self.close_connection = True  # what it sends is not read
        self._say(HTTPStatus.METHOD_NOT_ALLOWED, "This server only reads.", Allow="GET, HEAD")

    do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = refuse

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing is printed for a request."""

    def _is_meant(self) -> bool:
        port = self.server.server_address[1]
        hosts = self.headers.get_all("Host", [])
        meant = {f"{name}:{port}" for name in NAMES} | ({*NAMES} if port == 80 else set())
        return len(hosts) == 1 and hosts[0].lower() in meant

    def _say(self, status: HTTPStatus, words: str, **more: str) -> None:
        self._send(status, f"{words}\n".encode("utf-8", "replace"), "text/plain", **more)

    def _send(
        self, status: HTTPStatus, data: bytes, kind: str, policy: str = NOTHING, **more: str
    ) -> None:
        self.send_response(status)
        form = f"{kind}; charset=utf-8" if kind.startswith("text/") else kind
        own = {"Content-Type": form, "Content-Length": str(len(data))}
        own = {} if status == HTTPStatus.NO_CONTENT else own
        for name, value in {**own, **HEADERS, "Content-Security-Policy": policy, **more}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)


def serve(
    page: str, found: Score | MultilabelScore | Comparison, path: Path, port: int
) -> NoReturn:
    """Serve a page until Ctrl-C or SIGTERM, which are raised.

    Args:
        page: HTML.
        found: what it is of.
        path: of its file.
        port: 0 takes any that is free.
    Raises:
        RunError: the port cannot be had.
    """
    with Server(page, full_pictures(found, path), len(found.images), port) as server:
        print(f"{server.address}  (Ctrl-C ends it)", flush=True)
        while True:
            server.serve_forever()
