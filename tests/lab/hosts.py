"""Processes on the hosts of the lab: started, watched, measured and ended."""
import os
import signal
import subprocess
import time

from net import LabError, inside

TICK = os.sysconf("SC_CLK_TCK")


class Proc:
    """A program on a host, in a session of its own, with its log in a file."""

    def __init__(self, host, name, command, folder, env=None):
        os.makedirs(folder, exist_ok=True)
        self.name, self.log_path = name, os.path.join(folder, f"{name}.log")
        self.cpu, self.rss_mib, self.code, self.ended = 0.0, 0.0, None, None
        with open(self.log_path, "ab") as log:
            self.began = time.time()
            self.child = subprocess.Popen(inside(host, command), cwd=folder, stdin=subprocess.DEVNULL, stdout=log,
                                          stderr=log, start_new_session=True, env=env)
        self.pid = self.child.pid

    def poll(self):
        """The exit code, or none while it runs. CPU time and memory are as of now."""
        if self.code is not None:
            return self.code
        self.sample()
        pid, status, usage = os.wait4(self.pid, os.WNOHANG)
        if pid:
            self.ended = time.time()
            self.code = self.child.returncode = os.waitstatus_to_exitcode(status)
            self.cpu = usage.ru_utime + usage.ru_stime
            self.rss_mib = max(self.rss_mib, usage.ru_maxrss / 1024)
        return self.code

    def sample(self):
        try:
            with open(f"/proc/{self.pid}/stat") as stat:
                fields = stat.read().rsplit(")", 1)[1].split()
            with open(f"/proc/{self.pid}/status") as status:
                peak = [line for line in status if line.startswith("VmHWM:")]
        except (FileNotFoundError, ProcessLookupError):
            return
        self.cpu = sum(map(int, fields[11:15])) / TICK
        if peak:
            self.rss_mib = max(self.rss_mib, int(peak[0].split()[1]) / 1024)

    def need(self):
        """Fails, with the end of its log, when it has ended."""
        if self.poll() is not None:
            raise LabError(f"{self.name} ended with {self.code}:\n{self.tail()}")

    def tail(self):
        with open(self.log_path, errors="replace") as log:
            return log.read()[-1500:]

    def kill(self):
        """At once, as a power cut would."""
        self.stop(signal.SIGKILL)

    def stop(self, first=signal.SIGTERM):
        for sign, patience in ((first, 4.0), (signal.SIGKILL, 4.0)):
            if self.poll() is not None:
                return
            try:
                os.killpg(self.pid, sign)
            except ProcessLookupError:
                pass
            end = time.time() + patience
            while self.poll() is None and time.time() < end:
                time.sleep(0.02)


def wait_all(procs, timeout, every=0.02, meanwhile=None):
    """Waits until all have ended, or the time is over. `meanwhile` is called now and then with the seconds gone."""
    began = time.time()
    while any(p.poll() is None for p in procs):
        gone = time.time() - began
        if gone > timeout:
            return False
        if meanwhile:
            meanwhile(gone)
        time.sleep(every)
    return True


def until(what, done, timeout=60.0, every=0.05):
    """Waits for something that shows itself only when it is asked for."""
    end = time.time() + timeout
    while time.time() < end:
        found = done()
        if found:
            return found
        time.sleep(every)
    raise LabError(f"{what} did not come within {timeout:.0f} s")
