"""report --serve: it reads, answers this machine alone, and serves what its page may show."""

import re
import signal
import socket
import subprocess
import sys
import threading
from contextlib import contextmanager
from http.client import HTTPConnection
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

import pixelwise as pw
from pixelwise.cli import main
from pixelwise.errors import ArgumentError
from pixelwise.labels.png import read_label
from pixelwise.report.config import ReportConfig
from pixelwise.report.html import rendered
from pixelwise.report.serve import Server, full_pictures
from pixelwise.report.source import find_result, read_result
from report.browse import Browser
from report.clicks import NEEDS_CHROMIUM


@contextmanager
def serving(source):
    """The port of a server of a score."""
    path = find_result(source)
    found = read_result(path)
    page = rendered(ReportConfig(source, worst=1, best=0), path, found, is_served=True)
    with Server(page, full_pictures(found, path), len(found.images)) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()


def asked(port, path, method="GET", host=None, **headers):
    """(status, headers, content) of a request whose path is sent as it is."""
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    connection.putrequest(method, path, skip_host=True)
    for name, value in {"Host": host or f"127.0.0.1:{port}", **headers}.items():
        connection.putheader(name, value)
    connection.endheaders()
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    return answer.status, answer.headers, content


@pytest.fixture(scope="module")
def port(street_score):
    with serving(street_score / "runs/ce") as port:
        yield port


def test_the_page_is_served_with_its_policy(port):
    status, headers, page = asked(port, "/")
    assert (status, headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    policy = headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; img-src data: 'self'")
    assert "frame-ancestors 'none'" in policy
    assert re.search(r"script-src 'sha256-[\w+/=]+'", policy)
    assert b"&#34;full&#34;: true" in page or b'"full":true' in page
    assert b"loads nothing but the pictures of this server" in page
    for name in ("Access-Control-Allow-Origin", "Server"):
        assert "Python" not in headers.get(name, "")
    assert headers["Access-Control-Allow-Origin"] is None
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"


def test_pictures_have_the_full_size_and_labels_the_colours_of_their_classes(port, street_score):
    pictures = {}
    for part in ("image", "label", "prediction", "errors"):
        status, headers, content = asked(port, f"/full/3/{part}")
        assert status == 200
        assert headers["Content-Security-Policy"].startswith("default-src 'none'")
        picture = Image.open(BytesIO(content))
        assert headers["Content-Type"] == f"image/{picture.format.lower()}"
        assert picture.size == (360, 270)
        pictures[part] = np.array(picture.convert("RGB"))
    label = read_label(street_score / "street/labels/seq_0003.png")
    sky = pictures["label"][label == 0]
    assert (sky == (120, 172, 214)).all()
    assert (pictures["label"] != pictures["prediction"]).any()


def test_head_has_no_content(port):
    full, head = asked(port, "/"), asked(port, "/", "HEAD")
    assert (head[0], head[2]) == (200, b"")
    assert head[1]["Content-Length"] == str(len(full[2]))


@pytest.mark.parametrize(
    "path",
    [
        "/full/10/image",
        "/full/-1/image",
        "/full/03/image",
        "/full/99999999999/image",
        "/full/3/secret",
        "/full/3/image/",
        "/full/3/../../../etc/passwd",
        "/full/3/%2e%2e%2fimage",
        "/../../etc/passwd",
        "//etc/passwd",
        "/etc/passwd",
        "/index.html",
        "/?x",
        "http://127.0.0.1/full/3/image",
        "*",
    ],
)
def test_an_address_that_is_not_one_is_nothing(port, path):
    status, headers, content = asked(port, path)
    assert status == 404
    assert headers["Content-Type"].startswith("text/plain")
    assert content in (b"There is nothing at this address.\n", b"There is no such picture.\n")


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:{port}", "127.0.0.1", "localhost", "127.0.0.1:1", ""]
)
def test_another_host_is_refused(port, host):
    """A page from elsewhere may have pointed its name to this machine."""
    status, _, content = asked(port, "/", host=host.format(port=port) or " ")
    assert status == 403
    assert b"<" not in content
    assert asked(port, "/", host=f"LOCALHOST:{port}")[0] == 200


@NEEDS_CHROMIUM
def test_the_viewer_of_the_page_shows_the_full_size(port, tmp_path):
    """Its policy lets it, and a browser has nothing to complain about."""
    with Browser(tmp_path) as browser:
        browser.open(f"http://127.0.0.1:{port}/")
        detail = "{detail: {image: 5, order: [5, 6]}}"
        browser.run(f"document.dispatchEvent(new CustomEvent('open-image', {detail}))")
        browser.until("document.querySelector('dialog[open] img')?.naturalWidth > 0")
        found = browser.run("document.querySelector('dialog[open] img').src")
        width = browser.run("document.querySelector('dialog[open] img').naturalWidth")
        assert (found, width) == (f"http://127.0.0.1:{port}/full/5/image", 360)
        assert browser.console == []


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_only_reading_is_allowed(port, method):
    status, headers, _ = asked(port, "/", method, **{"Content-Length": "0"})
    assert (status, headers["Allow"]) == (405, "GET, HEAD")


def test_a_method_that_nobody_knows_is_refused(port):
    assert asked(port, "/", "TRACE")[0] == 501


def test_it_listens_on_this_machine_alone():
    with Server("", dict, 0) as server:
        assert server.socket.getsockname()[0] == "127.0.0.1"
        assert server.address == f"http://127.0.0.1:{server.server_address[1]}/"


def test_a_file_from_elsewhere_is_not_served(change_score, run_folder, tmp_path):
    secret = tmp_path / "elsewhere" / "secret.png"
    secret.parent.mkdir()
    Image.new("RGB", (9, 9)).save(secret)

    def edit(score):
        score["images"][0]["image"] = str(secret)
        score["images"][1]["image"] = "none.png"

    change_score(edit)
    with serving(run_folder) as port:
        status, _, content = asked(port, "/full/0/image")
        assert (status, b"is not in a folder of this score" in content) == (404, True)
        assert asked(port, "/full/1/image")[::2] == (404, b"The file none.png is not there.\n")
        assert asked(port, "/full/0/label")[0] == 200


def test_a_port_that_is_taken_is_one_sentence(street_score, capsys):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        number = taken.getsockname()[1]
        source = str(street_score / "runs/ce")
        assert main(["report", source, "--worst", "0", "--serve", "--port", str(number)]) == 2
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 1
    assert f"port {number} is in use" in said[0]
    assert "--port" in said[0]


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"serve": True, "out": "a.html"}, "serve writes nothing: leave out out"),
        ({"serve": True, "assets": True}, "leave out assets"),
        ({"port": 80}, "port must be used with serve"),
        ({"serve": True, "port": 70000}, "port must be"),
    ],
)
def test_settings_that_do_not_fit_are_refused(tmp_path, settings, words):
    with pytest.raises(ArgumentError, match=words):
        ReportConfig(tmp_path, **settings)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_the_command_says_its_address_and_ends_by_a_signal(street_score, number, code):
    """Nothing is written."""
    source = street_score / "runs/ce"
    before = sorted(source.rglob("*"))
    words = ["report", str(source), "--worst", "0", "--best", "0", "--serve", "--port", "0"]
    command = [sys.executable, "-m", "pixelwise", *words]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, **pipes) as run:
        line = run.stdout.readline()
        port = int(re.match(r"http://127\.0\.0\.1:(\d+)/", line)[1])
        assert asked(port, "/")[0] == 200
        run.send_signal(number)
        _, said = run.communicate(timeout=60)
    assert (run.returncode, said) == (code, "pixelwise: interrupted\n")
    assert sorted(source.rglob("*")) == before


def test_a_comparison_is_served_with_what_changed(street_score, tmp_path):
    """Its thumbnails lead to the full size."""
    own = street_score / "runs/ce/predictions/val"
    other = tmp_path / "other"
    other.mkdir()
    for path in own.glob("*.png"):
        (other / path.name).write_bytes(path.read_bytes())
    labels = {"labels": street_score / "street/labels", "images": street_score / "street/images"}
    classes = tmp_path / "classes.json"
    read = read_result(own / "score.json")
    read.classes.save(classes)
    pw.score(own, versus=other, **labels, classes=str(classes), out=tmp_path / "comparison.json")
    with serving(tmp_path / "comparison.json") as port:
        page = asked(port, "/")[2].decode()
        assert 'href="full/0/change"' in page
        for part in ("image", "label", "a", "b", "change"):
            status, _, content = asked(port, f"/full/0/{part}")
            assert (status, Image.open(BytesIO(content)).size) == (200, (360, 270))
