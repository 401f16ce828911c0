"""A real Home Assistant for a test: a house in a folder of its own, and a door that everything that is
said to it goes through and is written down at.

    house.py HASS FOLDER RECORDING

Says `ready URL TOKEN` once the door is open. Then each line of standard input changes something, from the
other side of the house, and is answered with `done`; the end of the input is the end of the house.

    set ENTITY STATE        turned on or off there
    alias ENTITY NAME       another name for it
    away, back              Home Assistant ends; it is there again
"""

import asyncio
import json
import pathlib
import signal
import socket
import subprocess
import sys

import aiohttp
from aiohttp import web

CONFIGURATION = """
homeassistant: {name: Test, unit_system: metric, time_zone: UTC, latitude: 0, longitude: 0, elevation: 0}
http: {server_host: 127.0.0.1, server_port: PORT}
websocket_api:
config:
onboarding:
conversation:
input_boolean:
  kitchen: {name: Kitchen Power}
  hall: {name: Hall Power}
  bolt: {name: Bolt, initial: true}
  heater: {name: Heater}
input_number:
  kitchen: {name: Kitchen Level, min: 0, max: 255, initial: 128}
  blind: {name: Blind Position, min: 0, max: 100, initial: 0}
light:
  - platform: template
    lights:
      kitchen_light:
        unique_id: kitchen_light
        friendly_name: Kitchen Light
        value_template: "{{ states('input_boolean.kitchen') }}"
        level_template: "{{ states('input_number.kitchen') | int }}"
        turn_on: {service: input_boolean.turn_on, target: {entity_id: input_boolean.kitchen}}
        turn_off: {service: input_boolean.turn_off, target: {entity_id: input_boolean.kitchen}}
        set_level:
          - {service: input_number.set_value, target: {entity_id: input_number.kitchen}, data: {value: "{{ brightness }}"}}
          - {service: input_boolean.turn_on, target: {entity_id: input_boolean.kitchen}}
      hall_light:
        unique_id: hall_light
        friendly_name: Hall Light
        value_template: "{{ states('input_boolean.hall') }}"
        turn_on: {service: input_boolean.turn_on, target: {entity_id: input_boolean.hall}}
        turn_off: {service: input_boolean.turn_off, target: {entity_id: input_boolean.hall}}
      attic_light:
        unique_id: attic_light
        friendly_name: Attic Light
        value_template: "{{ false }}"
        turn_on: [{delay: 30}]
        turn_off: [{delay: 30}]
      cellar_light:
        unique_id: cellar_light
        friendly_name: Cellar Light
        availability_template: "{{ false }}"
        turn_on: []
        turn_off: []
      porch_light:
        unique_id: porch_light
        friendly_name: Porch Light
        value_template: "{{ false }}"
        turn_on: [{service: light.explode}]
        turn_off: [{service: light.explode}]
cover:
  - platform: template
    covers:
      bedroom_blind:
        unique_id: bedroom_blind
        friendly_name: Bedroom Blind
        device_class: blind
        position_template: "{{ states('input_number.blind') | int }}"
        open_cover: {service: input_number.set_value, target: {entity_id: input_number.blind}, data: {value: 100}}
        close_cover: {service: input_number.set_value, target: {entity_id: input_number.blind}, data: {value: 0}}
        set_cover_position: {service: input_number.set_value, target: {entity_id: input_number.blind}, data: {value: "{{ position }}"}}
lock:
  - platform: template
    name: Front Door
    unique_id: front_door
    value_template: "{{ states('input_boolean.bolt') }}"
    lock: {service: input_boolean.turn_on, target: {entity_id: input_boolean.bolt}}
    unlock: {service: input_boolean.turn_off, target: {entity_id: input_boolean.bolt}}
template:
  - sensor:
      - {name: Outside Temperature, unique_id: outside, device_class: temperature, unit_of_measurement: "°C", state: "{{ 7.5 }}"}
climate:
  - {platform: generic_thermostat, name: Thermostat, unique_id: thermostat, heater: input_boolean.heater, target_sensor: sensor.outside_temperature, target_temp: 19, initial_hvac_mode: heat}
scene:
  - {id: movie_time, name: Movie Time, entities: {input_boolean.kitchen: "off"}}
script:
  water_the_plants: {alias: Water The Plants, sequence: []}
"""
AREAS = {
    "kitchen": ["light.kitchen_light"],
    "bedroom": ["cover.bedroom_blind"],
    "living_room": ["climate.thermostat"],
}
EXPOSED = ["scene.movie_time", "script.water_the_plants", "input_boolean.heater"]
# So often is it looked whether Home Assistant is there, and so long, in seconds.
OFTEN, LONG = 0.3, 300


class House:
    def __init__(self, hass, folder, recording):
        self.hass, self.folder = hass, pathlib.Path(folder)
        self.recording = open(recording, "w", encoding="utf-8")
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.token = None
        self.process = None
        self.sockets = set()
        text = CONFIGURATION.replace("PORT", str(self.port))
        (self.folder / "configuration.yaml").write_text(text, encoding="utf-8")

    def write(self, line):
        line = line.replace(self.token or "\0", "TOKEN").replace(str(self.folder), "FOLDER")
        print(line, file=self.recording, flush=True)

    async def begin(self):
        command = [self.hass, "--config", str(self.folder), "--log-file", str(self.folder / "log")]
        quiet = subprocess.DEVNULL
        self.process = subprocess.Popen(command, stdin=quiet, stdout=quiet, stderr=quiet)
        for _ in range(int(LONG / OFTEN)):
            if self.process.poll() is not None:
                sys.exit(f"Home Assistant has ended: see {self.folder / 'log'}")
            try:
                async with self.http.get(self.url + "/api/onboarding") as answer:
                    if answer.status in (200, 404):
                        return
            except aiohttp.ClientError:
                pass
            await asyncio.sleep(OFTEN)
        sys.exit("Home Assistant does not come")

    def end(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait()

    async def settle(self):
        """Somebody lives here, and gives Loqa a token."""
        client = self.url + "/"
        user = {"client_id": client, "name": "Test", "username": "test", "password": "a password", "language": "en"}
        async with self.http.post(self.url + "/api/onboarding/users", json=user) as answer:
            code = (await answer.json())["auth_code"]
        grant = {"client_id": client, "grant_type": "authorization_code", "code": code}
        async with self.http.post(self.url + "/auth/token", data=grant) as answer:
            access = (await answer.json())["access_token"]
        async with Connection(self, access) as there:
            # It answers before everything in it is there.
            for _ in range(int(LONG / OFTEN)):
                if (await there.ask("get_config"))["state"] == "RUNNING":
                    break
                await asyncio.sleep(OFTEN)
            name = {"client_name": "Loqa", "lifespan": 365}
            self.token = await there.ask("auth/long_lived_access_token", **name)
            await there.ask("config/area_registry/update", area_id="kitchen", aliases=["galley"])
            for area, entities in AREAS.items():
                for entity in entities:
                    await there.ask("config/entity_registry/update", entity_id=entity, area_id=area)
            expose = {"assistants": ["conversation"], "should_expose": True}
            await there.ask("homeassistant/expose_entity", entity_ids=EXPOSED, **expose)

    async def change(self, words):
        if words == ["away"]:
            await asyncio.to_thread(self.end)
            for socket in list(self.sockets):
                await socket.close()
        elif words == ["back"]:
            await self.begin()
        else:
            what, entity, *rest = words
            async with Connection(self, self.token) as there:
                if what == "set":
                    await there.ask("call_service", domain="homeassistant", service=f"turn_{rest[0]}", target={"entity_id": entity})
                else:
                    await there.ask("config/entity_registry/update", entity_id=entity, aliases=[" ".join(rest)])

    async def door(self, request):
        try:
            if request.path == "/api/websocket":
                return await self.listen(request)
            headers = {"Authorization": request.headers.get("Authorization", "")}
            async with self.http.get(self.url + request.path, headers=headers) as answer:
                body = await answer.text()
                if answer.status == 200:
                    self.write(f"GET {request.path}\n< {body}")
                return web.Response(status=answer.status, text=body)
        except aiohttp.ClientError:
            # Nobody is at home: the connection ends without an answer.
            request.transport.close()
            return web.Response(status=503)

    async def listen(self, request):
        async with self.http.ws_connect(self.url + request.path, max_msg_size=0) as inside:
            outside = web.WebSocketResponse(max_msg_size=0)
            await outside.prepare(request)
            self.sockets.add(outside)
            self.write("WS")

            async def carry(source, sink, mark):
                async for message in source:
                    if message.type != aiohttp.WSMsgType.TEXT:
                        break
                    if json.loads(message.data).get("type") not in ("ping", "pong"):
                        self.write(f"{mark} {message.data}")
                    await sink.send_str(message.data)

            ways = [carry(outside, inside, ">"), carry(inside, outside, "<")]
            ways = [asyncio.ensure_future(way) for way in ways]
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            for way in ways:
                way.cancel()
            self.sockets.discard(outside)
            await outside.close()
            return outside

    async def run(self):
        self.http = aiohttp.ClientSession()
        await self.begin()
        await self.settle()
        app = web.Application()
        app.router.add_get("/{path:.*}", self.door)
        runner = web.AppRunner(app)
        await runner.setup()
        port = free_port()
        await web.TCPSite(runner, "127.0.0.1", port).start()
        async with self.http.get(self.url + "/api/config", headers={"Authorization": f"Bearer {self.token}"}) as answer:
            version = (await answer.json())["version"]
        self.write(f"# What Home Assistant {version} and Loqa said to each other; written by house.py.")
        print(f"ready http://127.0.0.1:{port} {self.token}", flush=True)
        while line := await asyncio.to_thread(sys.stdin.readline):
            self.write(f"= {line.strip()}")
            await self.change(line.split())
            print("done", flush=True)


class Connection:
    """Another one who speaks with Home Assistant."""

    def __init__(self, house, token):
        self.house, self.token, self.last = house, token, 0

    async def __aenter__(self):
        self.socket = await self.house.http.ws_connect(self.house.url + "/api/websocket")
        await self.socket.receive_json()
        await self.socket.send_json({"type": "auth", "access_token": self.token})
        await self.socket.receive_json()
        return self

    async def __aexit__(self, *_):
        await self.socket.close()

    async def ask(self, kind, **data):
        self.last += 1
        await self.socket.send_json({"id": self.last, "type": kind, **data})
        answer = await self.socket.receive_json()
        if not answer["success"]:
            sys.exit(f"{kind}: {answer['error']}")
        return answer["result"]


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


async def main():
    house = House(*sys.argv[1:])
    try:
        await house.run()
    finally:
        house.end()
        await house.http.close()


asyncio.run(main())
