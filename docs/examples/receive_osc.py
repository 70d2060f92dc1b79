"""Print what `landmark-emotion webcam --send osc://127.0.0.1:9000` sends; needs python-osc."""

import sys

from pythonosc.dispatcher import Dispatcher
from pythonosc.osc_server import BlockingOSCUDPServer

port = int(sys.argv[1]) if len(sys.argv) > 1 else 9000


def show_faces(address, count):
    if not count:
        print("no face", flush=True)


def show_happiness(address, happiness):
    number = address.split("/")[2]
    print(f"face {number}: {happiness:.2f}", flush=True)


dispatcher = Dispatcher()
dispatcher.map("/faces", show_faces)
dispatcher.map("/face/*/p_happiness", show_happiness)
with BlockingOSCUDPServer(("127.0.0.1", port), dispatcher) as server:
    server.serve_forever()
