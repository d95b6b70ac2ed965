#!/usr/bin/env python3
"""A BitTorrent tracker for the clients that the swarm is compared with: `tracker.py IP PORT`. Keeps peers in memory."""
import http.server
import socket
import struct
import sys
from urllib.parse import parse_qs, urlsplit

# The most peers named in one answer, as trackers usually do.
MAX_NAMED = 50
INTERVAL_S = 5

swarms = {}


class Tracker(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        asked = parse_qs(urlsplit(self.path).query, encoding="latin-1")
        peers = swarms.setdefault(asked.get("info_hash", [""])[0], {})
        us = (self.client_address[0], int(asked.get("port", ["0"])[0]))
        named = [peer for peer in peers if peer != us][-MAX_NAMED:]
        if asked.get("event", [""])[0] == "stopped":
            peers.pop(us, None)
        else:
            peers[us] = True
        compact = b"".join(socket.inet_aton(ip) + struct.pack(">H", port) for ip, port in named)
        body = b"d8:intervali%de5:peers%d:%se" % (INTERVAL_S, len(compact), compact)
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


if __name__ == "__main__":
    http.server.ThreadingHTTPServer((sys.argv[1], int(sys.argv[2])), Tracker).serve_forever()
