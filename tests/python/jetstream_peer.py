"""Messages that JetStream keeps on the disk, each synced before it is acknowledged.

    jetstream_peer.py SERVER FOLDER MESSAGES BYTES

prints one line of JSON: {"per_s": ..., "version": "..."}. SERVER is NATS's own program, 2.10 or later.
"""

import asyncio
import json
import subprocess
import sys
import time
from pathlib import Path

import nats
from nats.js.api import StreamConfig

# As many as Loqa's store puts into one transaction at most.
WAITING = 4096


async def connected(url):
    for _ in range(200):
        try:
            return await nats.connect(url, allow_reconnect=False, connect_timeout=1)
        except OSError:
            await asyncio.sleep(0.05)
    raise SystemExit("the server does not answer")


async def published(url, messages, size):
    client = await connected(url)
    version = client.connected_server_version
    version = f"{version.major}.{version.minor}.{version.patch}"
    stream = client.jetstream(publish_async_max_pending=WAITING)
    await stream.add_stream(StreamConfig(name="events", subjects=["events"]))
    payload = bytes(size)
    begun = time.perf_counter()
    told = [await stream.publish_async("events", payload, wait_stall=60) for _ in range(messages)]
    await asyncio.gather(*told)
    took = time.perf_counter() - begun
    await client.close()
    return {"per_s": messages / took, "version": version}


def main(server, folder, messages, size):
    folder = Path(folder)
    settings = folder / "nats.conf"
    ports = folder / "ports"
    ports.mkdir(parents=True)
    settings.write_text(
        f'host: 127.0.0.1\nport: -1\nports_file_dir: "{ports}"\n'
        f'jetstream {{ store_dir: "{folder / "store"}", sync_interval: always }}\n'
    )
    running = subprocess.Popen([server, "-c", settings], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(200):
            if found := list(ports.glob("*.ports")):
                break
            time.sleep(0.05)
        url = json.loads(found[0].read_text())["nats"][0]
        print(json.dumps(asyncio.run(published(url, messages, size))))
    finally:
        running.terminate()
        running.wait()


main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
