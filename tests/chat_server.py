"""A real server with OpenAI's chat API on loopback, slow, rude and broken as a test wants it."""

from __future__ import annotations

import hashlib
import json
import socket
import struct
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


def said(body: dict) -> str:
    """What the server answers: the same for the same request, so that faults can't hide behind other answers."""
    return "echo " + hashlib.sha256(json.dumps(body["messages"]).encode()).hexdigest()[:12]


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def __init__(self, fault):
        super().__init__(("127.0.0.1", 0), Handler)
        self.fault, self.seen, self.lock = fault, Counter(), threading.Lock()
        self.running = self.most = 0
        self.bodies, self.keys = [], set()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def model(self) -> str:
        return f"openai:some/model:7b@http://127.0.0.1:{self.server_port}/v1"

    def handle_error(self, request, client_address):
        pass  # connections that the client closes are part of the tests


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        server: Server = self.server
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        key = json.dumps(body["messages"])
        with server.lock:
            attempt = server.seen[key]
            server.seen[key] += 1
            server.running += 1
            server.most = max(server.most, server.running)
            server.bodies.append(body)
            server.keys.add(self.headers.get("Authorization"))
        try:
            server.fault(self, attempt, body)
        finally:
            with server.lock:
                server.running -= 1

    def reply(self, body: dict, text: str | None = None, finish: str = "stop", **more) -> None:
        message = {"role": "assistant", "content": said(body) if text is None else text, **more}
        usage = {"prompt_tokens": 7, "completion_tokens": 3}
        self.send(200, {"choices": [{"index": 0, "message": message, "finish_reason": finish}], "usage": usage})

    def send(self, status: int, content: object, **headers: str) -> None:
        encoded = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(status)
        for name, value in {"Content-Length": str(len(encoded)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(encoded)

    def drop(self) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.connection.close()

    def log_message(self, *arguments):
        pass
