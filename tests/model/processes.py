"""Processes for sessions to be: real ones that the test starts and kills, and identities that name none.

The model judges an identity by what it did to its own processes and by what the kernel says of this host,
not by asking Tenure.
"""

import os
import signal
import socket
import subprocess

NAMES = "p0 p1".split()
NOBODY = 2147483647  # a pid that no kernel gives
COLUMNS = "host boot_id pid pid_start_ticks".split()


def start_ticks(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
        return int(stat.read().rsplit(")", 1)[1].split()[19])


class Processes:
    """The processes of a test, by name; those that died are started anew by renew()."""

    def __init__(self):
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as boot:
            self.uuid = boot.read().strip()
        self.space = str(os.stat("/proc/self/ns/pid").st_ino)
        self.host = socket.gethostname()
        self.children, self.live, self.ticks = {}, set(), {}

    def renew(self):
        """Every name has a living process."""
        for name in NAMES:
            child = self.children.get(name)
            if child is None or (child.pid, self.ticks[name]) not in self.live:
                if child is not None:
                    child.wait()
                child = subprocess.Popen(["sleep", "infinity"])
                self.children[name], self.ticks[name] = child, start_ticks(child.pid)
                self.live.add((child.pid, self.ticks[name]))

    def kill(self, name, reap):
        """Kills one; not reaped it stays a zombie."""
        child = self.children[name]
        if (child.pid, self.ticks[name]) in self.live:
            child.send_signal(signal.SIGKILL)
            os.waitid(os.P_PID, child.pid, os.WEXITED | (0 if reap else os.WNOWAIT))
            self.live.discard((child.pid, self.ticks[name]))

    def pause(self, name):
        """A process that is stopped lives."""
        child = self.children[name]
        if (child.pid, self.ticks[name]) in self.live:
            child.send_signal(signal.SIGSTOP)

    def close(self):
        for name, child in self.children.items():
            self.kill(name, True)
            child.wait()

    def identity(self, word):
        """The columns of an identity: p0, p1, or one that is wrong in some way."""
        name, _, flaw = word.partition("-")
        if name == "nobody":
            pid, ticks = NOBODY, 5
        else:
            pid, ticks = self.children[name].pid, self.ticks[name]
        row = {"host": self.host, "boot_id": f"{self.uuid}/{self.space}", "pid": pid, "pid_start_ticks": ticks}
        other = ("0" if self.uuid[0] != "0" else "1") + self.uuid[1:]
        row.update({"": {}, "host": {"host": "elsewhere"}, "boot": {"boot_id": f"{other}/{self.space}"},
                    "space": {"boot_id": f"{self.uuid}/{int(self.space) + 1}"},
                    "reused": {"pid_start_ticks": ticks + 1}, "ticks": {"pid_start_ticks": None},
                    "bare": {"host": None, "boot_id": None, "pid_start_ticks": None}}[flaw])
        return row

    def state(self, row):
        """live, dead or unknown: what the identity on a row of sessions is."""
        if row.pid is None or None in (row.pid_start_ticks, row.boot_id, row.host) or row.host != self.host:
            return "unknown"
        uuid, space = row.boot_id.split("/")
        if uuid != self.uuid:
            return "dead"
        if space != self.space:
            return "unknown"
        return "live" if (row.pid, row.pid_start_ticks) in self.live else "dead"
