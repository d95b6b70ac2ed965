"""Evil PCs in an office: their certificates are good, and what they send is not."""
import hashlib
import os
import re
import subprocess
import sys
import time

from hosts import Proc
from measure import Bars
from net import HERE, inside, peer_ip

EVIL_PORT = 7746


def evil_office(lab, shape, share):
    """Honest PCs receive the file among evil ones, which are in the roster like any other."""
    evil = max(1, round(shape.peers * share))
    bars = Bars(f"poison{round(share * 100)}")
    extra = lambda site, number: evil_words(site, number) if number <= evil else ()
    with lab.office(shape, extra) as office:
        liars, honest = office.pcs[:evil], office.pcs[evil:]
        servers = [start_liar(pc) for pc in liars]
        office.helpers += servers
        office.pcs = honest
        office.save_all()
        ours = office.results()
        lies = [told(server) for server in servers]
        bad = sum(bad_files(pc) for pc in honest)
        told_dms = reports(office)
        office.pcs = liars + honest
    bars.add(ours=ours, evil=evil)
    bars.at_least("wrong_chunks_sent", sum(sum(l.values()) for l in lies), 1)
    bars.exactly("whole", ours["done"], ours["of"])
    bars.exactly("bad_bytes_stored", bad, 0)
    # Requests that were on their way when the first lie was found out cannot know of it.
    bars.at_most("lies_to_one_pc_max", max((n for l in lies for n in l.values()), default=0), shape.lies_in_flight)
    bars.add(reports=told_dms)
    bars.at_most("bound_ratio", ours["last_s"] and ours["last_s"] / shape.bound(), 2.0)
    return bars


def evil_words(site, number):
    return ("--advertise", f"{peer_ip(site, number)}:{EVIL_PORT}")


def start_liar(pc):
    command = [sys.executable, os.path.join(HERE, "evil.py"), pc.state, f"{pc.ip}:{EVIL_PORT}"]
    server, listens = Proc(pc.host, "evil", command, pc.folder), os.path.join(pc.state, "evil.listens")
    for _ in range(200):
        if os.path.exists(listens):
            return server
        time.sleep(0.05)
    raise RuntimeError(f"the evil listener of {pc.host} does not come up: see {server.log_path}")


def told(server):
    """How many wrong chunks each PC took whole."""
    counts = {}
    with open(server.log_path, errors="replace") as log:
        for line in log:
            counts[line.strip()] = counts.get(line.strip(), 0) + 1
    return counts


def bad_files(pc):
    """Chunks in a PC's cache that are not what their names say."""
    bad, folder = 0, os.path.join(pc.state, "cache", "chunks")
    for place, _, files in os.walk(folder):
        for name in files:
            if len(name) != 64:
                continue
            with open(os.path.join(place, name), "rb") as file:
                bad += hashlib.file_digest(file, "sha256").hexdigest() != name
    return bad


def reports(office):
    """Wrong chunks that the DMS was told of."""
    ask = inside("origin", ["curl", "-s", "http://127.0.0.1:9464/metrics"])
    text = subprocess.run(ask, capture_output=True, text=True).stdout
    counts = re.findall(r"^dms_bad_chunks_total\{[^}]*\} (\S+)", text, re.M)
    return round(sum(map(float, counts)))
