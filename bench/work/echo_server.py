"""A floor: sends back what comes over a unix socket, and nothing else. Ends when its standard input does."""

import os
import socket
import sys
import threading


def serve(listener):
    while True:
        client, _ = listener.accept()
        while True:
            data = client.recv(65536)
            if not data:
                break
            client.sendall(data)


listener = socket.socket(socket.AF_UNIX)
listener.bind(sys.argv[1])
listener.listen()
print("ready", flush=True)
threading.Thread(target=serve, args=(listener,), daemon=True).start()
sys.stdin.read()
os.unlink(sys.argv[1])
