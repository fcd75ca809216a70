"""A headless Chromium whose microphone plays a recording to a page. Arguments: the page, the recording.

The page has a client secret, and is of another origin than the server. Printed is what it shows, and what
comes over its data channel; it hangs up when there are two finals.
"""

import json
import os
import shutil
import sys
import threading
import urllib.request
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlencode

from playwright.sync_api import ConsoleMessage, sync_playwright

URL, KEY = os.environ["SAYWIRE_URL"], os.environ["SAYWIRE_KEY"]
PATIENCE = 60_000
LISTEN = """
const create = RTCPeerConnection.prototype.createDataChannel;
RTCPeerConnection.prototype.createDataChannel = function (...about) {
  const channel = create.apply(this, about);
  channel.addEventListener("message", (message) => console.log(message.data));
  return channel;
};
"""


class Pages(SimpleHTTPRequestHandler):
    def log_message(self, *about):
        pass


def make_secret() -> str:
    request = urllib.request.Request(
        f"{URL}/v1/realtime/client_secrets", b"{}", {"authorization": f"Bearer {KEY}"}, method="POST"
    )
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)["value"]


def tell(message: ConsoleMessage) -> None:
    event = json.loads(message.text) if message.text.startswith("{") else {"type": message.text}
    print(event["type"].rpartition(".")[2], event.get("transcript", event.get("delta", "")), flush=True)


def main(page: Path, recording: Path) -> None:
    pages = ThreadingHTTPServer(("127.0.0.1", 0), partial(Pages, directory=page.parent))
    threading.Thread(target=pages.serve_forever, daemon=True).start()
    flags = (
        "--use-fake-device-for-media-stream",
        "--use-fake-ui-for-media-stream",
        f"--use-file-for-fake-audio-capture={recording}%noloop",
        "--allow-loopback-in-peer-connection",
    )
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=flags)
        tab = chromium.new_page()
        tab.set_default_timeout(PATIENCE)
        tab.add_init_script(LISTEN)
        tab.on("console", tell)
        asked = urlencode({"server": URL, "key": make_secret()})
        tab.goto(f"http://127.0.0.1:{pages.server_port}/{page.name}?{asked}")
        tab.click("#talk")
        tab.get_by_text("connected in").wait_for()
        print("state", tab.inner_text("#state"))
        tab.wait_for_function("(document.getElementById('text').textContent.match(/\\n/g) ?? []).length == 2")
        print("shown", json.dumps(tab.inner_text("#text").splitlines()))
        tab.click("#talk")
        tab.get_by_text("closed").wait_for()
        chromium.close()
    pages.shutdown()


main(Path(sys.argv[1]), Path(sys.argv[2]))
