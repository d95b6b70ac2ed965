"""What others use for the same work: curl from nginx, an nginx cache box in each office, aria2, libtorrent."""
import hashlib
import os
import shutil
import subprocess
import sys

from hosts import Proc
from net import HERE, ORIGIN_IP, peer_host, peer_ip

TRACKER_PORT = 6969
ANNOUNCE = f"http://{ORIGIN_IP}:{TRACKER_PORT}/announce"
URL = f"http://{ORIGIN_IP}:8080/payload.bin"
PIECE = 1 << 20

HEAD = """daemon off; master_process off; pid nginx.pid; error_log stderr warn;
events { worker_connections 1024; }
http {
  access_log off; sendfile on; tcp_nopush on;
  client_body_temp_path b; proxy_temp_path p; fastcgi_temp_path f; uwsgi_temp_path u; scgi_temp_path s;
"""

ORIGIN_CONF = HEAD + "  server { listen 8080; root {root}; }\n}\n"

CACHE_CONF = HEAD + """  proxy_cache_path cache keys_zone=c:8m max_size=8g use_temp_path=off;
  upstream origin { server 10.200.0.2:8080; keepalive 8; }
  server {
    listen 8080;
    location / {
      slice 1m; proxy_cache c; proxy_cache_key $uri$slice_range; proxy_set_header Range $slice_range;
      proxy_set_header Connection ""; proxy_http_version 1.1; proxy_cache_valid 200 206 1h;
      proxy_cache_lock on; proxy_cache_lock_timeout 60s; proxy_cache_lock_age 60s; proxy_pass http://origin;
    }
  }
}
"""


def missing(client):
    """Why a client cannot run here; empty when it can."""
    if client in ("curl", "box") and not shutil.which("nginx"):
        return "nginx is not installed (scripts/setup --lab)"
    if client == "aria2" and not (shutil.which("aria2c") and shutil.which("nginx")):
        return "aria2c or nginx is not installed (scripts/setup --lab)"
    if client == "libtorrent" and libtorrent_python() is None:
        return "no Python here has libtorrent (scripts/setup --lab)"
    return ""


def libtorrent_python():
    """A Python that has libtorrent: this one, or the system's, whose package scripts/setup installs."""
    for python in (sys.executable, "/usr/bin/python3"):
        if os.path.exists(python) and subprocess.run([python, "-c", "import libtorrent"], capture_output=True).returncode == 0:
            return python
    return None


def nginx(host, folder, text):
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "nginx.conf"), "w") as conf:
        conf.write(text)
    return Proc(host, "nginx", ["nginx", "-p", folder, "-c", "nginx.conf"], folder)


def bencode(value):
    if isinstance(value, int):
        return b"i%de" % value
    if isinstance(value, str):
        value = value.encode()
    if isinstance(value, bytes):
        return b"%d:%s" % (len(value), value)
    if isinstance(value, list):
        return b"l" + b"".join(map(bencode, value)) + b"e"
    return b"d" + b"".join(bencode(key) + bencode(value[key]) for key in sorted(value)) + b"e"


def torrent(payload, path):
    """A torrent of the payload with the origin as its web seed and tracker."""
    with open(payload, "rb") as file:
        pieces = b"".join(hashlib.sha1(piece).digest() for piece in iter(lambda: file.read(PIECE), b""))
    info = {"name": "payload.bin", "length": os.path.getsize(payload), "piece length": PIECE, "pieces": pieces}
    with open(path, "wb") as file:
        file.write(bencode({"announce": ANNOUNCE, "info": info, "url-list": URL}))


class Others:
    """One client on all PCs: its servers, and how a PC's download is started."""

    def __init__(self, shape, client, folder, payload):
        self.shape, self.client, self.folder = shape, client, folder
        self.payload, self.torrent = payload, os.path.join(folder, "payload.torrent")
        os.makedirs(folder, exist_ok=True)
        self.servers = [nginx("origin", os.path.join(folder, "origin"), self.origin_conf())]
        if client == "box":
            for site in range(1, shape.sites + 1):
                self.servers.append(nginx(f"r{site}", os.path.join(folder, f"box{site}"), CACHE_CONF))
        if client in ("aria2", "libtorrent"):
            torrent(payload, self.torrent)
            tracker = [sys.executable, os.path.join(HERE, "tracker.py"), ORIGIN_IP, TRACKER_PORT]
            self.servers.append(Proc("origin", "tracker", tracker, folder))

    def origin_conf(self):
        return ORIGIN_CONF.replace("{root}", os.path.dirname(self.payload))

    def download(self, site, number):
        """Starts a PC's download."""
        folder = os.path.join(self.folder, peer_host(site, number))
        os.makedirs(folder)
        process = Proc(peer_host(site, number), self.client, self.command(site, number, folder), folder)
        process.out = os.path.join(folder, "payload.bin")
        process.mark = os.path.join(folder, "DONE")
        return process

    def command(self, site, number, folder):
        out = os.path.join(folder, "payload.bin")
        if self.client == "curl":
            return ["curl", "-sf", "-o", out, URL]
        if self.client == "box":
            return ["curl", "-sf", "-o", out, f"http://10.{10 + site}.0.254:8080/payload.bin"]
        if self.client == "libtorrent":
            peer = os.path.join(HERE, "libtorrent_peer.py")
            return [libtorrent_python(), peer, self.torrent, folder, peer_ip(site, number)]
        done = os.path.join(folder, "done.sh")
        with open(done, "w") as script:
            script.write("#!/bin/sh\n: >DONE\n")
        os.chmod(done, 0o755)
        # Seeding to others goes on when its own download is complete.
        return ["aria2c", "--quiet", "--dir", folder, "--seed-ratio=0", "--bt-enable-lpd=true", "--enable-dht=false",
                "--file-allocation=none", "--on-bt-download-complete", done, self.torrent]

    def done_at(self, process):
        """When a PC had the payload, seconds since 1970; none while it has not, 0 when it failed."""
        code = process.poll()
        if self.client in ("aria2", "libtorrent"):
            if os.path.exists(process.mark):
                return os.stat(process.mark).st_mtime
            return None if code is None else 0
        return None if code is None else process.ended if code == 0 else 0

    def stop(self):
        for server in self.servers:
            server.stop()
