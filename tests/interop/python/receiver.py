"""A receiver of deliveries on loopback. It acknowledges genuine deliveries only."""

import contextlib
import http.server
import queue
import threading

import webhook


@contextlib.contextmanager
def receiver(sign_key: str):
    """Yields its address and a queue of (headers, body)."""
    deliveries: queue.Queue = queue.Queue()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            genuine = webhook.is_genuine(sign_key, self.headers, body)
            reply = b'{"retcode":200,"retmsg":"SUCCESS"}' if genuine else b""
            self.send_response(200 if genuine else 401)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(reply)))
            self.end_headers()
            self.wfile.write(reply)
            deliveries.put((self.headers, body))

        def log_message(self, *arguments):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/", deliveries
        finally:
            server.shutdown()
