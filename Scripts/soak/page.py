"""The page of `tinylora serve` in a real browser.

    Scripts/soak/page.py TINYLORA [--browser chromium] [--pictures DIRECTORY]

Trains an adapter on Abacus for a few steps, opens the page in Chromium without a window, and asks both models as a person does:
through the fields and buttons. Answers must be those of the API, errors must be shown as text, and the browser must have no
complaint. --pictures keeps a picture of each state for a look. Ends with 1 when something does not hold. Needs no Python package:
it speaks the DevTools protocol through a pipe.
"""

import argparse
import base64
import contextlib
import http.client
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

QUESTION = "Anna has 14 pears. She gives 5 away. How many pears does Anna have now?"
failed, crowds = [], []


def check(holds, what):
    print(("ok     " if holds else "FAILED ") + what, flush=True)
    if not holds:
        failed.append(what)


class Browser:
    """One page of a browser; commands and answers are JSON that ends with a zero byte."""

    def __init__(self, program, profile):
        self.process = subprocess.Popen(
            ["sh", "-c", 'exec "$@" 3<&0 4>&1 </dev/null >/dev/null 2>&1', "sh", program, "--headless=new", "--no-sandbox",
             "--disable-gpu", "--no-first-run", "--remote-debugging-pipe", f"--user-data-dir={profile}"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.count, self.session, self.complaints = 0, None, []

    def open_page(self):
        target = self.tell("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.tell("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ["Page", "Runtime", "Log"]:
            self.tell(f"{domain}.enable")

    def tell(self, method, **parameters):
        self.count += 1
        message = {"id": self.count, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        self.process.stdin.write(json.dumps(message).encode() + b"\0")
        self.process.stdin.flush()
        while True:
            event = json.loads(self.receive())
            if event.get("id") == self.count:
                assert "error" not in event, event["error"]
                return event["result"]
            if event.get("method") in ["Runtime.exceptionThrown", "Log.entryAdded"]:
                self.complaints.append(json.dumps(event["params"])[:500])

    def receive(self):
        data = b""
        while not data.endswith(b"\0"):
            byte = self.process.stdout.read(1)
            assert byte, "the browser has ended"
            data += byte
        return data[:-1]

    def value(self, expression):
        result = self.tell("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in result, result
        return result["result"].get("value")

    def wait(self, expression, seconds=60):
        end = time.time() + seconds
        while not self.value(expression):
            if time.time() > end:
                return False
            time.sleep(0.05)
        return True

    def write(self, selector, text):
        """Replaces a field's text by typing."""
        self.value(f"document.querySelector({json.dumps(selector)}).focus(), document.activeElement.select()")
        self.tell("Input.insertText", text=text)

    def click(self, selector):
        place = self.value(
            "(r => [r.x + r.width / 2, r.y + r.height / 2])"
            f"(document.querySelector({json.dumps(selector)}).getBoundingClientRect())")
        for kind in ["mousePressed", "mouseReleased"]:
            self.tell("Input.dispatchMouseEvent", type=kind, x=place[0], y=place[1], button="left", clickCount=1)

    def picture(self, path):
        if path:
            path.write_bytes(base64.b64decode(self.tell("Page.captureScreenshot", captureBeyondViewport=True)["data"]))

    def stop(self):
        self.process.terminate()
        self.process.wait()


def answers(browser):
    """The text and the note of both."""
    return browser.value(
        '[...document.querySelectorAll("section")].map('
        '  part => ["pre", ".note"].map(name => part.querySelector(name).textContent))')


def ask(browser, seconds=60):
    browser.click("#ask")
    return browser.wait("!get('ask').disabled", seconds)


def api(url, model, limit):
    body = {"model": model, "messages": [{"role": "user", "content": QUESTION}], "temperature": 0, "seed": 1, "max_tokens": limit}
    request = urllib.request.Request(f"{url}/v1/chat/completions", json.dumps(body).encode(), {"authorization": "Bearer page"})
    return json.loads(urllib.request.urlopen(request, timeout=60).read())["choices"][0]["message"]["content"]


def crowd(url):
    """Keeps the server busy for a while: 512 long answers."""
    body = json.dumps({"prompt": "1", "n": 64, "max_tokens": 200, "ignore_eos": True, "stream": True}).encode()
    for _ in range(8):
        connection = http.client.HTTPConnection(url.removeprefix("http://"))
        connection.request("POST", "/v1/completions", body, {"authorization": "Bearer page"})
        crowds.append(connection)
    time.sleep(0.2)


def person(browser, server, url, picture):
    """What a person does with the page of a server that has a token."""
    browser.tell("Emulation.setDeviceMetricsOverride", width=1100, height=700, deviceScaleFactor=1, mobile=False)
    browser.tell("Page.navigate", url=url)
    browser.wait("document.readyState === 'complete' && document.querySelector('.note').textContent")
    check("token" in answers(browser)[0][1], f"without the token the page says so: {answers(browser)[0][1]}")
    picture("no-token")
    browser.complaints.clear()  # the browser notes the status 401
    browser.write("#token", "page")
    browser.write("#question", QUESTION)
    check(ask(browser), "both answers end")
    names = browser.value('[...document.querySelectorAll(".model")].map(field => field.value)')
    check(names == ["abacus", "trained"], f"the fields name the model and the adapter: {names}")
    listed = browser.value('[...document.querySelectorAll("#models option")].map(option => option.value)')
    check(listed == ["abacus", "trained"], f"models that can be chosen: {listed}")
    found = answers(browser)
    expected = [api(url, name, 128) for name in names]
    check([text for text, _ in found] == expected and all(expected), "both answers are the API's")
    check(expected[0] != expected[1], "the adapter answers differently")
    check(all("tokens in" in note for _, note in found), f"notes: {found[0][1]}; {found[1][1]}")
    picture("answers")

    browser.write("#limit", "3")
    ask(browser)
    check(all("token limit" in note for _, note in answers(browser)), "a short answer is said to have reached the token limit")
    browser.write("section:last-of-type .model", "<img src=x>")
    complaints = list(browser.complaints)
    ask(browser)
    check("<img src=x>" in answers(browser)[1][1] and not browser.value("document.images.length"),
          f"an unknown adapter is an error, as text: {answers(browser)[1][1]}")
    picture("unknown")
    browser.complaints = complaints  # the browser notes the status 404

    browser.write("section:last-of-type .model", "trained")
    browser.write("#limit", "128")
    crowd(url)
    browser.click("#ask")
    time.sleep(0.2)
    browser.click("#stop")
    stops = browser.wait("!get('ask').disabled", 5)
    notes = [note for _, note in answers(browser)]
    check(stops and notes == ["stopped", "stopped"], f"Stop stops answers that others hold up: {notes}")

    browser.tell("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark"}])
    browser.tell("Emulation.setDeviceMetricsOverride", width=400, height=1300, deviceScaleFactor=1, mobile=True)
    check(ask(browser) and [text for text, _ in answers(browser)] == expected, "the same answers afterwards")
    check(browser.value("document.documentElement.scrollWidth <= innerWidth"), "nothing is wider than a telephone")
    picture("telephone")
    check(not browser.complaints, f"the browser complains of nothing {browser.complaints or ''}")

    crowd(url)
    browser.click("#ask")
    time.sleep(0.2)
    server.kill()
    ends = browser.wait("!get('ask').disabled", 5)
    check(ends and browser.value("document.querySelectorAll('.error').length") == 2,
          f"answers of a killed server end with an error: {[note for _, note in answers(browser)]}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("tinylora")
    parser.add_argument("--browser", default="chromium")
    parser.add_argument("--pictures", type=Path)
    options = parser.parse_args()
    if options.pictures:
        options.pictures.mkdir(parents=True, exist_ok=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that no process is left
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder, contextlib.ExitStack() as started:
        subprocess.run(
            [options.tinylora, "train", "--steps", "20", "--eval-problems", "0", "--parameters", "13",
             "--output", f"{folder}/runs/trained"], check=True, capture_output=True)
        server = subprocess.Popen(
            [options.tinylora, "serve", "--adapters", f"{folder}/runs", "--port", "0"], stdout=subprocess.PIPE, text=True,
            env=dict(os.environ, TINYLORA_SERVE_TOKEN="page"))
        started.callback(server.wait)
        started.callback(server.kill)  # the last callback is called first
        browser = Browser(options.browser, f"{folder}/profile")
        started.callback(browser.stop)
        browser.open_page()
        person(
            browser, server, server.stdout.readline().strip(),
            lambda name: browser.picture(options.pictures and options.pictures / f"{name}.png"))
    sys.exit(1 if failed else 0)


main()
