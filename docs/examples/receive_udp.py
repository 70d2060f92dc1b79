"""Print what `landmark-emotion webcam --send udp://127.0.0.1:9000` sends."""

import json
import socket
import sys

port = int(sys.argv[1]) if len(sys.argv) > 1 else 9000

with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
    receiver.bind(("127.0.0.1", port))
    while True:
        message = json.loads(receiver.recv(65535))
        if message["face"] is None:
            print(f"{message['time']:.3f} s: no face", flush=True)
        else:
            happiness = message["probabilities"]["happiness"]
            print(f"{message['time']:.3f} s: face {message['face']}: {happiness:.2f}", flush=True)
