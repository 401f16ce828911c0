"""Frames of audio by Wyoming, as a voice satellite sends them to Home Assistant: plain, over TCP, 20 ms each.

    wyoming_peer.py FRAMES

prints one line of JSON, seconds of the processor that the two ends took: {"sender_s": ..., "receiver_s": ..., "version": "..."}.
Each end is a process of its own.
"""

import asyncio
import json
import subprocess
import sys
import time

from wyoming import __version__
from wyoming.audio import AudioChunk, AudioStart, AudioStop
from wyoming.client import AsyncTcpClient
from wyoming.server import AsyncEventHandler, AsyncTcpServer

HOST = "127.0.0.1"
FRAME_S = 0.02
FRAME = bytes(range(256)) * 2 + bytes(128)
FORMAT = {"rate": 16000, "width": 2, "channels": 1}


class Heard(AsyncEventHandler):
    """One satellite: its audio is made what a recogniser takes, and goes no further."""

    frames = 0
    over = None
    began = 0.0
    used = 0.0

    async def handle_event(self, event):
        if AudioChunk.is_type(event.type):
            chunk = AudioChunk.from_event(event)
            Heard.frames += len(chunk.audio) // len(FRAME)
        elif AudioStart.is_type(event.type):
            Heard.began = time.process_time()
        elif AudioStop.is_type(event.type):
            Heard.used = time.process_time() - Heard.began
            Heard.over.set()
        return True


async def receiver():
    Heard.over = asyncio.Event()
    server = AsyncTcpServer(HOST, 0)
    await server.start(Heard)
    port = server._server.sockets[0].getsockname()[1]
    print(json.dumps({"port": port}), flush=True)
    await Heard.over.wait()
    print(json.dumps({"used": Heard.used, "frames": Heard.frames}), flush=True)


async def sender(port, frames):
    client = AsyncTcpClient(HOST, port)
    await client.connect()
    await client.write_event(AudioStart(**FORMAT).event())
    began, used = time.monotonic(), time.process_time()
    for frame in range(frames):
        await asyncio.sleep(max(0.0, began + frame * FRAME_S - time.monotonic()))
        await client.write_event(AudioChunk(**FORMAT, audio=FRAME).event())
    used = time.process_time() - used
    await client.write_event(AudioStop().event())
    await client.disconnect()
    return used


def main(frames):
    listening = subprocess.Popen([sys.executable, __file__, "receive"], stdout=subprocess.PIPE, text=True)
    try:
        port = json.loads(listening.stdout.readline())["port"]
        used = asyncio.run(sender(port, frames))
        heard = json.loads(listening.stdout.readline())
    finally:
        listening.kill()
        listening.wait()
    if heard["frames"] != frames:
        raise SystemExit(f"{heard['frames']} of {frames} frames were heard")
    print(json.dumps({"sender_s": used, "receiver_s": heard["used"], "version": __version__}))


if __name__ == "__main__":
    if sys.argv[1] == "receive":
        asyncio.run(receiver())
    else:
        main(int(sys.argv[1]))
