"""Network namespaces of one run: an origin, a core, and offices of PCs behind thin WAN links.

    origin --veth-- core --link.py-- router of an office --bridge-- PCs (HTB on both ends of each cable)

No namespace has a route to the real network. Every name begins with `PREFIX`; `remove_all` removes what any run left.
"""
import glob
import json
import os
import signal
import subprocess
import sys
import time

PREFIX = "dmslab-"
HERE = os.path.dirname(os.path.abspath(__file__))
ORIGIN_IP = "10.200.0.2"


class LabError(Exception):
    """What keeps the lab from running, in a sentence."""


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise LabError(f"{' '.join(command)}: {done.stderr.strip() or done.returncode}")
    return done.stdout


def namespace(host):
    return PREFIX + host


def inside(host, command):
    """`command` as run on a host; it keeps the process id."""
    return ["nsenter", f"--net=/run/netns/{namespace(host)}", *map(str, command)]


def peer_ip(site, number):
    return f"10.{10 + site}.0.{number}"


def peer_host(site, number):
    return f"s{site}p{number}"


def remove_all():
    """Kills what runs in namespaces of the lab, and removes them."""
    for path in glob.glob(f"/run/netns/{PREFIX}*"):
        name = os.path.basename(path)
        pids = subprocess.run(["ip", "netns", "pids", name], capture_output=True, text=True).stdout
        for pid in pids.split():
            try:
                os.kill(int(pid), signal.SIGKILL)
            except ProcessLookupError:
                pass
        subprocess.run(["ip", "netns", "del", name], capture_output=True)


class Net:
    """The network of one run; use it as a context."""

    def __init__(self, shape):
        self.shape, self.links = shape, []

    def __enter__(self):
        try:
            self.build()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        for link in self.links:
            link.kill()
            link.wait()
        self.links = []
        remove_all()

    def build(self):
        shape = self.shape
        for level in (1, 2, 3):
            # Everybody's neighbours stand in one table of the kernel.
            run("sysctl", "-qw", f"net.ipv4.neigh.default.gc_thresh{level}={16384 * level}")
        self.add_host("origin")
        self.add_host("core")
        self.cable("origin", "eth0", "core", "origin")
        self.address("origin", "eth0", f"{ORIGIN_IP}/24", "10.200.0.1")
        self.address("core", "origin", "10.200.0.1/24")
        for site in range(1, shape.sites + 1):
            self.add_office(site)

    def add_office(self, site):
        shape, router = self.shape, f"r{site}"
        self.add_host(router)
        ends = [f"{namespace('core')}:wan{site}", f"{namespace(router)}:wan"]
        link = [sys.executable, os.path.join(HERE, "link.py"), *ends, "--mbit", shape.wan_mbit,
                "--delay-ms", shape.rtt_ms / 2, "--loss-ppm", shape.loss_ppm]
        process = subprocess.Popen(["nice", "-n", "-15", *map(str, link)], stdout=subprocess.PIPE, text=True)
        self.links.append(process)
        if process.stdout.readline().strip() != "ready":
            raise LabError("the WAN link does not start: is /dev/net/tun there?")
        self.address("core", f"wan{site}", f"10.201.{site}.1/30")
        self.address(router, "wan", f"10.201.{site}.2/30", f"10.201.{site}.1")
        run("ip", "-n", namespace("core"), "route", "add", f"10.{10 + site}.0.0/16", "via", f"10.201.{site}.2")
        run("ip", "-n", namespace(router), "link", "add", "br0", "type", "bridge", "mcast_snooping", "0")
        self.address(router, "br0", f"10.{10 + site}.0.254/16")
        for number in range(1, shape.peers + 1):
            host, port = peer_host(site, number), f"p{number}"
            self.add_host(host)
            self.cable(host, "eth0", router, port)
            run("ip", "-n", namespace(router), "link", "set", port, "master", "br0")
            self.address(host, "eth0", f"{peer_ip(site, number)}/16", f"10.{10 + site}.0.254")
            mbit = shape.slow_mbit if number in shape.slow_peers else shape.lan_mbit
            self.limit(host, "eth0", mbit)
            self.limit(router, port, mbit)

    def add_host(self, host):
        run("ip", "netns", "add", namespace(host))
        run("ip", "-n", namespace(host), "link", "set", "lo", "up")
        settings = ["net.ipv6.conf.all.disable_ipv6=1", "net.ipv4.ip_forward=1", "net.ipv4.conf.all.rp_filter=0",
                    "net.ipv4.conf.default.rp_filter=0"]
        run(*inside(host, ["sysctl", "-qw", *settings]))

    def cable(self, one, its, other, theirs):
        run("ip", "link", "add", its, "netns", namespace(one), "type", "veth",
            "peer", "name", theirs, "netns", namespace(other))
        for host, device in ((one, its), (other, theirs)):
            run("ip", "-n", namespace(host), "link", "set", device, "up")

    def address(self, host, device, cidr, gateway=None):
        run("ip", "-n", namespace(host), "addr", "add", cidr, "dev", device)
        run("ip", "-n", namespace(host), "link", "set", device, "up")
        if gateway:
            run("ip", "-n", namespace(host), "route", "add", "default", "via", gateway)

    def limit(self, host, device, mbit):
        tc = ["tc", "-n", namespace(host), "qdisc", "add", "dev", device]
        run(*tc, "root", "handle", "1:", "htb", "default", "1")
        run("tc", "-n", namespace(host), "class", "add", "dev", device, "parent", "1:", "classid", "1:1",
            "htb", "rate", f"{mbit}mbit", "burst", "128k", "cburst", "128k", "quantum", "60000")
        run(*tc, "parent", "1:1", "handle", "10:", "pfifo", "limit", "300")

    def wan_in(self, site):
        """Bytes that came over an office's WAN so far, headers included."""
        shown = run("ip", "-n", namespace(f"r{site}"), "-s", "-j", "link", "show", "wan")
        return json.loads(shown)[0]["stats64"]["rx"]["bytes"]

    def cut_wan(self, site):
        """The office's WAN goes down and stays down."""
        run("ip", "-n", namespace(f"r{site}"), "link", "set", "wan", "down")


def guard(work):
    """A process that cleans up when this one is gone, even when it was killed."""
    reading, writing = os.pipe()
    if os.fork():
        os.close(reading)
        return writing
    try:
        os.setsid()
        os.close(writing)
        os.read(reading, 1)
        time.sleep(0.2)
        remove_all()
        subprocess.run(["rm", "-rf", "--", work])
    finally:
        os._exit(0)
