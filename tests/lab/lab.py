#!/usr/bin/env python3
"""The swarm on one machine: an origin and offices of PCs in network namespaces, real programs, measured.

Every scenario builds its network anew, publishes a file, and lets the PCs receive or watch it; plain HTTP, a cache box
for each office, aria2 and libtorrent do the same work beside. Prints a table and, as the last line, one JSON object. Exit
codes: 0 every figure is where it must be, 1 one is not, 2 the lab cannot run here.
"""
import argparse
import fcntl
import json
import os
import shutil
import signal
import sys
import tempfile
import time

import net
from measure import Shape, make_payload
from scenarios import SCENARIOS, Lab

CLIENTS = ("curl", "box", "aria2", "libtorrent")
LOCK = "/run/dms-lab.lock"


def arguments():
    parser = argparse.ArgumentParser(
        prog="make lab", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="As make variables: SCENARIO=flash,vod PEERS=5 SITES=2 SIZE_MIB=100 WAN_MBIT=50 RTT_MS=20 LAN_MBIT=1000 "
               "LOSS_PPM=0 CLIENTS=curl,box; scenarios: " + ", ".join(SCENARIOS))
    numbers = (("sites", int, 2, "offices"), ("peers", int, 10, "PCs of an office"), ("size-mib", float, 50, "the file"),
               ("wan-mbit", float, 50, "an office's WAN, each way"), ("rtt-ms", float, 20, "its round trip"),
               ("loss-ppm", float, 0, "packets lost on it"), ("lan-mbit", float, 1000, "a PC's cable, each way"),
               ("bitrate", float, 5e6, "of what is watched, bits a second"))
    for name, kind, default, text in numbers:
        parser.add_argument(f"--{name}", type=kind, default=default, help=f"{text} [{default:g}]")
    parser.add_argument("--scenario", default="", help="some of the scenarios, with commas between [all]")
    parser.add_argument("--clients", default=",".join(CLIENTS), help="who runs beside [%(default)s]; empty: nobody")
    parser.add_argument("--tools", default="target/release", help="where dms, edge-peer and dms-save are")
    parser.add_argument("--check", action="store_true", help="only say whether the lab can run here")
    parser.add_argument("--work", default="", help="a folder for all files, best in memory [a new one]")
    return parser.parse_args()


def refuse(sentence):
    print(f"make lab: {sentence}", file=sys.stderr)
    sys.exit(2)


def check(a):
    if not sys.platform.startswith("linux"):
        refuse("network namespaces need Linux; the simulator (make sim) runs anywhere")
    if sys.version_info < (3, 11):
        refuse("Python 3.11 or newer is needed")
    if os.geteuid() != 0:
        refuse("network namespaces need root: run it with sudo, or in a virtual machine")
    for program in ("ip", "tc", "nsenter", "sysctl", "openssl", "curl"):
        if not shutil.which(program):
            refuse(f"{program} is missing: scripts/setup --lab installs it")
    for program in () if a.check else ("dms", "edge-peer", "dms-save"):
        if not os.access(os.path.join(a.tools, program), os.X_OK):
            refuse(f"{program} is not in {a.tools}: make lab builds it; or name another folder with --tools")
    if not os.path.exists("/dev/net/tun"):
        refuse("/dev/net/tun is missing: load the kernel's module tun")
    wrong = [name for name in names(a.scenario) if name not in SCENARIOS]
    if wrong:
        refuse(f"there is no scenario {wrong[0]}; there are {', '.join(SCENARIOS)}")
    strange = [name for name in names(a.clients) if name not in CLIENTS]
    if strange:
        refuse(f"there is no client {strange[0]}; there are {', '.join(CLIENTS)}")
    if not (1 <= a.sites <= 20 and 2 <= a.peers <= 200 and 0 < a.size_mib <= 4096 and a.wan_mbit > 0 and a.lan_mbit > 0):
        refuse("1 to 20 sites, 2 to 200 peers, up to 4096 MiB and rates above 0 are possible")


def names(text):
    return [word for word in text.split(",") if word]


def payloads(folder):
    """Files of random bytes by length, made once."""
    made = {}

    def of(size):
        if size not in made:
            made[size] = make_payload(os.path.join(folder, f"payload-{size}"), size)
        return made[size]

    return of


def show(bars, took):
    print(f"\n{bars.scenario} ({took:.0f} s)")
    for name, value, bar, fine in bars.checks:
        print(f"  {'ok  ' if fine else 'MISS'} {name:28} {value!s:>12}  {bar}")
    checked = {name for name, *_ in bars.checks}
    for name, value in bars.figures.items():
        if name not in checked:
            text = ", ".join(f"{k} {v}" for k, v in value.items()) if isinstance(value, dict) else value
            print(f"       {name:28} {text}")
    sys.stdout.flush()


def main():
    a = arguments()
    a.tools = os.path.abspath(a.tools)
    check(a)
    if a.check:
        return
    lock = open(LOCK, "w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        refuse("another lab runs on this machine")
    net.remove_all()
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    work = os.path.abspath(a.work) if a.work else tempfile.mkdtemp(prefix="dms-lab-", dir=memory)
    folder = os.path.join(work, "lab")
    os.makedirs(folder, exist_ok=True)
    guard = net.guard(folder)
    for sign in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(sign, lambda *_: sys.exit("stopped"))
    shape = Shape(sites=a.sites, peers=a.peers, size_mib=a.size_mib, wan_mbit=a.wan_mbit, rtt_ms=a.rtt_ms,
                  loss_ppm=a.loss_ppm, lan_mbit=a.lan_mbit, bitrate=a.bitrate, tools=a.tools, lies_in_flight=8)
    lab = Lab(folder, payloads(folder), names(a.clients))
    began, figures, failed = time.time(), {}, 0
    try:
        for name in names(a.scenario) or SCENARIOS:
            started = time.time()
            print(f"{name}: {(SCENARIOS[name].__doc__ or '').strip()}", flush=True)
            try:
                bars = SCENARIOS[name](lab, shape)
            except net.LabError as error:
                print(f"  MISS the scenario did not run: {error}", flush=True)
                figures[name], failed = {"error": str(error).splitlines()[0]}, failed + 1
                continue
            show(bars, time.time() - started)
            figures[name], failed = bars.figures, failed + bars.failed
    finally:
        net.remove_all()
        shutil.rmtree(folder, ignore_errors=True)
        if not a.work:
            shutil.rmtree(work, ignore_errors=True)
        os.close(guard)
    print(json.dumps({"lab": figures, "failed": failed, "seconds": round(time.time() - began, 1)}))
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
