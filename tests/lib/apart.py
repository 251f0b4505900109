"""A process namespace of their own for programs that may signal the wrong process, or that choose process numbers."""

import os
import subprocess

# Put in front of a bash script. The shell takes care of orphans, as the first process there must.
APART = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc"]
APART += ([] if os.geteuid() == 0 else ["--user", "--map-root-user"]) + ["bash", "-c"]


def may_be_apart():
    """Whether this machine allows it."""
    return subprocess.run(APART + ["true"], capture_output=True, check=False).returncode == 0
