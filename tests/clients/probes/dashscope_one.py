"""The first generation of DashScope's SDK: dashscope_one.py KIND WAV [LANGUAGE]. A line for all it is told.

Text that is taken back is told as ``revised``: each frame's text and stash must begin with the text before.
"""

import base64
import json
import os
import sys
import threading
import wave

import dashscope
from dashscope.audio.asr import Recognition, RecognitionCallback
from dashscope.audio.qwen_omni import MultiModality, OmniRealtimeCallback, OmniRealtimeConversation
from dashscope.audio.qwen_omni.omni_realtime import TranscriptionParams

KIND, FILE, LANGUAGE = (*sys.argv[1:], "en")[:3]
BASE = os.environ["SAYWIRE_URL"].replace("http", "ws", 1) + "/api-ws/v1/"
TEXT = "conversation.item.input_audio_transcription."
dashscope.api_key = os.environ["SAYWIRE_KEY"]
dashscope.base_websocket_api_url = BASE + "inference"


def pcm():
    with wave.open(FILE) as file:
        data = file.readframes(file.getnframes())
        piece = file.getframerate() // 5
    return file.getframerate(), [data[i : i + piece] for i in range(0, len(data), piece)]


class Conversation(OmniRealtimeCallback):
    def __init__(self):
        self.sure, self.error = {}, threading.Event()

    def on_close(self, code, reason):
        print("close", code, flush=True)

    def on_event(self, event):
        event = event if isinstance(event, dict) else json.loads(event)
        kind = event["type"]
        if kind in (TEXT + "text", TEXT + "completed"):
            self.grow(event)
        if kind == "error":
            print("error", event["error"]["code"], event["error"]["message"], flush=True)
            self.error.set()
        elif kind != TEXT + "text":
            print(kind.rpartition(".")[2], event.get("transcript", ""), flush=True)

    def grow(self, event):
        whole = event.get("transcript", event.get("text", "") + event.get("stash", ""))
        if not whole.startswith(self.sure.get(event["item_id"], "")):
            print("revised", whole, flush=True)
        self.sure[event["item_id"]] = event.get("text", "")


def converse():
    rate, pieces = pcm()
    heard = Conversation()
    conversation = OmniRealtimeConversation(
        model="qwen3-asr-flash-realtime", callback=heard, url=BASE + "realtime"
    )
    conversation.connect()
    conversation.update_session(
        output_modalities=[MultiModality.TEXT],
        enable_turn_detection=KIND == "vad",
        turn_detection_threshold=0.0,
        turn_detection_silence_duration_ms=400,
        transcription_params=TranscriptionParams(
            language="klingon" if KIND == "errors" else LANGUAGE,
            sample_rate=rate,
            input_audio_format="pcm",
        ),
    )
    if KIND == "errors":  # told, and the session lives on
        assert heard.error.wait(30)
    for piece in pieces:
        conversation.append_audio(base64.b64encode(piece).decode())
    if KIND == "manual":
        conversation.commit()
    conversation.end_session()
    conversation.close()


class Callback(RecognitionCallback):
    def __init__(self):
        self.ended = threading.Event()

    def on_event(self, result):
        sentence = result.get_sentence()
        print("final" if result.is_sentence_end(sentence) else "partial", sentence["text"], flush=True)

    def on_complete(self):
        print("complete", flush=True)
        self.ended.set()

    def on_error(self, result):
        print("error", result.code, result.message, flush=True)
        self.ended.set()


def recognize():
    rate, pieces = pcm()
    heard = Callback()
    model = "no-such-model" if KIND == "task-failed" else "paraformer-realtime-v2"
    recognition = Recognition(
        model=model, callback=heard, format="pcm", sample_rate=rate, language_hints=[LANGUAGE]
    )
    recognition.start()
    if KIND == "callback":
        for piece in pieces:
            recognition.send_audio_frame(piece)
        recognition.stop()
    assert heard.ended.wait(30)


def call():
    settings = {"model": "fun-asr-realtime", "format": "wav", "sample_rate": pcm()[0]}
    result = Recognition(callback=None, **settings, language_hints=[LANGUAGE]).call(FILE)
    for sentence in result.get_sentence():
        print("final", sentence["text"])


if KIND in ("vad", "manual", "errors"):
    converse()
else:
    call() if KIND == "call" else recognize()
