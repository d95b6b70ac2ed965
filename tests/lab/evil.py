#!/usr/bin/env python3
"""An evil PC's chunk listener: answers every request for a chunk with wrong bytes of the right kind.

    evil.py STATE_FOLDER IP:PORT

It has a real device's certificate; the device's honest agent advertises this listener instead of its own. Each wrong
chunk that somebody took whole is a line `<asker's address>` on standard output; the file `evil.listens` in the folder says that
it answers.
"""
import http.server
import os
import ssl
import sys

CHUNK = os.urandom(1 << 20)


class Evil(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "application/octet-stream")
        self.send_header("Content-Length", str(len(CHUNK)))
        self.end_headers()
        self.wfile.write(CHUNK)
        self.wfile.flush()
        print(self.client_address[0], flush=True)

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def finish_request(self, request, address):
        # The handshake takes place on the connection's own thread.
        with CONTEXT.wrap_socket(request, server_side=True) as secure:
            self.RequestHandlerClass(secure, address, self)

    def handle_error(self, *_):
        pass  # Askers break off when they have heard enough.


if __name__ == "__main__":
    state, (ip, port) = sys.argv[1], sys.argv[2].split(":")
    CONTEXT = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=os.path.join(state, "ca.pem"))
    CONTEXT.load_cert_chain(os.path.join(state, "device.pem"), os.path.join(state, "device.key"))
    CONTEXT.verify_mode = ssl.CERT_REQUIRED
    CONTEXT.set_alpn_protocols(["http/1.1"])
    server = Server((ip, int(port)), Evil)
    # Whoever is not answered at all would leave this PC alone for a while.
    with open(os.path.join(state, "evil.listens"), "w"):
        pass
    server.serve_forever()
