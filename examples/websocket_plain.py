"""The realtime wire by hand: JSON over a websocket, push to talk. No SDK.

Install: websockets. Run: python websocket_plain.py SPEECH.wav (16 bit, mono, any rate).
The server is at $SAYWIRE_URL, else http://127.0.0.1:8000; $SAYWIRE_KEY is a key, if it wants one.
"""

import json
import os
import sys
import wave
from base64 import b64encode

from websockets.sync.client import connect

SERVER = os.environ.get("SAYWIRE_URL", "http://127.0.0.1:8000").replace("http", "ws", 1)
KEY = os.environ.get("SAYWIRE_KEY", "none")


def main(file: str) -> None:
    headers = {"Authorization": f"Bearer {KEY}"}
    address = f"{SERVER}/v1/realtime?intent=transcription"
    with connect(address, additional_headers=headers) as socket, wave.open(file) as audio:
        format = {"type": "audio/pcm", "rate": audio.getframerate()}
        listen = {"format": format, "turn_detection": None}  # we say where an utterance ends
        session = {"type": "transcription", "audio": {"input": listen}}
        socket.send(json.dumps({"type": "session.update", "session": session}))
        while data := audio.readframes(audio.getframerate() // 10):
            socket.send(json.dumps({"type": "input_audio_buffer.append", "audio": b64encode(data).decode()}))
        socket.send(json.dumps({"type": "input_audio_buffer.commit"}))
        for message in socket:
            event = json.loads(message)
            if event["type"] == "error":
                sys.exit(event["error"]["message"])
            if event["type"].endswith("input_audio_transcription.completed"):
                print(event["transcript"])
                return


main(sys.argv[1])
