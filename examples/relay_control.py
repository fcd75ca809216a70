"""A program at the local websocket of a relay: begin to capture, print what is said.

Install: websockets. Run: saywire relay system --wait, and python relay_control.py [URL] [HOW_MANY].
"""

import json
import sys

from websockets.sync.client import connect

ADDRESS = sys.argv[1] if len(sys.argv) > 1 else "ws://127.0.0.1:8765/"
HOW_MANY = int(sys.argv[2]) if len(sys.argv) > 2 else None

with connect(ADDRESS) as relay:
    relay.send(json.dumps({"type": "start_system_audio"}))
    said = 0
    while said != HOW_MANY:
        told = json.loads(relay.recv())
        if told["type"] == "transcript":
            said += 1
            print(told["text"], flush=True)
        elif told["type"] in ("status", "error"):
            print(told["message"], flush=True)
    relay.send(json.dumps({"type": "stop_system_audio"}))
