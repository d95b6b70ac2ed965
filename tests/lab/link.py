#!/usr/bin/env python3
"""A thin, far link between two network namespaces: rate, delay, a drop-tail queue, random loss.

Kernels without tc's netem cannot delay packets, so this program does: it opens a TUN device in each namespace and
carries packets from one to the other. Both directions are alike.

    link.py NS_A:IF_A NS_B:IF_B --mbit 50 --delay-ms 10 [--queue-ms 60] [--loss-ppm 0]

`--delay-ms` is one way. Prints `ready` when both devices exist; ends with SIGTERM.
"""
import argparse
import collections
import ctypes
import fcntl
import os
import random
import select
import struct
import sys
import time

CLONE_NEWNET = 0x40000000
TUNSETIFF = 0x400454CA
IFF_TUN, IFF_NO_PI = 0x0001, 0x1000
# One packet of a 1500-byte link, with room.
MAX_PACKET = 2048
# Packets read before the other direction gets its turn.
BATCH = 64


def open_tun(end):
    """The TUN device `NS:IF`, made inside that namespace."""
    namespace, name = end.split(":")
    libc = ctypes.CDLL(None, use_errno=True)
    with open(f"/run/netns/{namespace}", "rb") as place:
        if libc.setns(place.fileno(), CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), f"cannot enter namespace {namespace}")
    device = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(device, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TUN | IFF_NO_PI))
    return device


class Direction:
    """Packets from one device to the other."""

    def __init__(self, source, target, a):
        self.source, self.target = source, target
        self.seconds_per_byte = 8e-6 / a.mbit
        self.delay, self.queue, self.loss = a.delay_ms / 1e3, a.queue_ms / 1e3, a.loss_ppm / 1e6
        self.free_at = 0.0
        self.flying = collections.deque()

    def take(self):
        for _ in range(BATCH):
            try:
                packet = os.read(self.source, MAX_PACKET)
            except BlockingIOError:
                return
            now = time.monotonic()
            start = max(self.free_at, now)
            if start - now > self.queue or (self.loss and random.random() < self.loss):
                continue
            self.free_at = start + len(packet) * self.seconds_per_byte
            self.flying.append((self.free_at + self.delay, packet))

    def deliver(self, now):
        flying = self.flying
        while flying and flying[0][0] <= now:
            try:
                os.write(self.target, flying.popleft()[1])
            except OSError:
                pass  # The far device is down: so is the link.

    def due(self):
        return self.flying[0][0] if self.flying else float("inf")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("ends", nargs=2, metavar="NS:IF")
    parser.add_argument("--mbit", type=float, required=True)
    parser.add_argument("--delay-ms", type=float, required=True)
    parser.add_argument("--queue-ms", type=float, default=60)
    parser.add_argument("--loss-ppm", type=float, default=0)
    a = parser.parse_args()
    one, other = (open_tun(end) for end in a.ends)
    directions = [Direction(one, other, a), Direction(other, one, a)]
    print("ready", flush=True)
    poll = select.epoll()
    for device in (one, other):
        poll.register(device, select.EPOLLIN)
    while True:
        now = time.monotonic()
        for direction in directions:
            direction.deliver(now)
        wait = min(d.due() for d in directions) - now
        ready = {device for device, _ in poll.poll(max(0.0, min(wait, 0.2)))}
        for direction in directions:
            if direction.source in ready:
                direction.take()


if __name__ == "__main__":
    try:
        main()
    except (OSError, KeyboardInterrupt) as error:
        sys.exit(f"link.py: {error}")
