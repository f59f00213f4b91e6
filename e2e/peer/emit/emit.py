"""The architecture that the product replaces: Flask-SocketIO on eventlet, with one emit for each user who wants an event.

The program peer starts it with `python3 -c` and its job on the standard input (type told in emit.go). It matches nothing and
encodes nothing in advance but what the library encodes for each emit: who wants an event, and what the event says, are in the job.
It prints its addresses as the other servers do and ends when it is asked to.
"""

import eventlet

eventlet.monkey_patch()

import ctypes
import gc
import json
import os
import signal
import sys
import traceback

import eventlet.wsgi
from flask import Flask, request
from flask_socketio import SocketIO

signal.signal(signal.SIGTERM, lambda *_: os._exit(0))  # the connections go with the process
job = json.load(sys.stdin)
sids = [None] * job["users"]  # by user: the room that only this user's connection is in

app = Flask("emit")
socketio = SocketIO(app, async_mode="eventlet")


@socketio.on("connect")
def connect(auth):
    sids[auth["user"]] = request.sid


def publish(text):
    """Takes a producer's text. Its last string is the event's id, and the end of that the event's number."""
    end = text.rindex(b'"')
    name = text[text.rindex(b'"', 0, end) + 1 : end].decode()
    shape = job["shapes"][job["events"][int(name[-12:], 16)]]
    event = shape["event"]
    event["id"] = name
    for user in shape["users"]:
        socketio.emit("pattern_alert", event, to=sids[user])


def answer(conn):
    """Serves one publisher, who speaks what Redis speaks."""
    with conn, conn.makefile("rb") as commands:
        while line := commands.readline():
            parts = []
            for _ in range(int(line[1:])):
                size = int(commands.readline()[1:])
                parts.append(commands.read(size + 2)[:size])
            if parts[0] == b"PUBLISH":
                publish(parts[2])
                conn.sendall(b":1\r\n")
            else:
                conn.sendall(b"+PONG\r\n")


def publishers(listener):
    """Serves publishers, one after the other. Without it there is nothing to measure: what it raises ends the program."""
    try:
        while True:
            answer(listener.accept()[0])
    except Exception:
        traceback.print_exc()
        os._exit(1)


@app.route("/readyz")
@app.route("/metrics")
def told_by_kernel():
    """CPU time and memory are the kernel's to tell."""
    return ""


@app.route("/debug/pprof/heap")
def give_back():
    """Collects the garbage and gives its memory back."""
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    return ""


# No collection looks at the job: a server in earnest would not hold it.
gc.collect()
gc.freeze()
page, publisher = eventlet.listen(("127.0.0.1", 0)), eventlet.listen(("127.0.0.1", 0))
eventlet.spawn(publishers, publisher)
print("page http://%s:%d" % page.getsockname())
print("redis redis://%s:%d" % publisher.getsockname(), flush=True)
eventlet.wsgi.server(page, app, log_output=False, max_size=job["users"] + 24)  # each connection keeps its place
