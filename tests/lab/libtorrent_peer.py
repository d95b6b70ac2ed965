#!/usr/bin/env python3
"""A libtorrent client with its default settings: `libtorrent_peer.py TORRENT FOLDER IP`. Writes FOLDER/DONE, seeds on."""
import os
import sys
import time

import libtorrent

torrent, folder, ip = sys.argv[1:]
session = libtorrent.session({"listen_interfaces": f"{ip}:6881", "enable_dht": False, "enable_upnp": False,
                              "enable_natpmp": False})
handle = session.add_torrent({"ti": libtorrent.torrent_info(torrent), "save_path": folder})
while not handle.status().is_seeding:
    time.sleep(0.02)
with open(os.path.join(folder, "DONE"), "w"):
    pass
while True:
    time.sleep(60)
