"""The chroot in which the MongoDB-compatible server runs: building it, running things in it."""

import contextlib
import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

SUITE, PACKAGE = "forky", "postgresql-18-documentdb"  # the first Debian release that has it
FERRETDB = "github.com/FerretDB/FerretDB/v2/cmd/ferretdb@v2.7.0"

CACHE = os.environ.get("METERHOUSE_CACHE")
CACHE = CACHE or (os.environ.get("XDG_CACHE_HOME") or "~/.cache") + "/meterhouse"
CACHE = Path(CACHE).expanduser().resolve() / "mongodb"
ROOT = CACHE / "root-1"  # the chroot; count up when the installation changes
TEMPLATE = "var/lib/mongodb-template"  # in the chroot: a prepared data folder without data
ENVIRONMENT = {
    "PATH": "/usr/lib/postgresql/18/bin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "LC_ALL": "C.UTF-8",
    "DEBIAN_FRONTEND": "noninteractive",
}
PRELOAD = {
    "shared_preload_libraries": "pg_cron,pg_documentdb_core,pg_documentdb",
    "cron.database_name": "postgres",
}
# TTL indexes are looked at every 5 s (MongoDB: 60 s). The jobs that build indexes in the
# background every 2 s have nothing to do: FerretDB has them built within the command.
PREPARE = """CREATE EXTENSION documentdb CASCADE;

UPDATE cron.job SET schedule = '5 seconds' WHERE jobname = 'documentdb_ttl_task';

UPDATE cron.job SET active = false WHERE jobname LIKE 'documentdb_index_build_task_%';

"""
# The mounts are private to the process, so there is nothing to unmount however it ends.
# Through the bind mount the folder is reachable for postgres even below a private home.
ENTER = """root=$1 folder=$2 user=$3; shift 3
mount --bind "$folder" "$root/srv"
mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"
mount -t proc proc "$root/proc"
exec chroot --userspec="$user" --groups="${user#*:}" "$root" "$@"
"""


def say(text):
    print(text, file=sys.stderr, flush=True)


def die(text, code=1):
    say(f"mongodb: {text}")
    sys.exit(code)


@contextlib.contextmanager
def locked(folder):
    """Let one command at a time work on a folder; the lock ends with the process."""
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield folder


def postgres_user(root):
    """User and group number: outside the chroot the names may be missing or others'."""
    owned = (root / "var/lib/postgresql").stat()
    return owned.st_uid, owned.st_gid


def inside(root, folder, *argv):
    """Return the command line that runs argv in the chroot as postgres, folder at /srv."""
    user = ":".join(map(str, postgres_user(root)))
    return ["unshare", "--mount", "sh", "-ec", ENTER, "sh", root, folder, user, *argv]


def flags(settings):
    return [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]


def step(title, *argv, env=ENVIRONMENT, text=""):
    """Run a step of the installation: its output to the log, its duration to the terminal."""
    began, log = time.monotonic(), CACHE / "install.log"
    with open(log, "a") as out:
        print(f"\n=== {title}", file=out, flush=True)
        done = subprocess.run(
            argv, input=text, text=True, stdout=out, stderr=out, env=env, check=False
        )
    if done.returncode:
        die(f"the step «{title}» failed with exit code {done.returncode}; see {log}")
    say(f"{title}: {time.monotonic() - began:.0f} s")


def install():
    for tool in "apt-get", "go", "unshare":
        if not shutil.which(tool):
            die(f"the installation needs the command {tool}")
    with locked(CACHE):
        for leftover in CACHE.glob("partial-*"):
            shutil.rmtree(leftover, ignore_errors=True)
        if not ROOT.exists():
            (CACHE / "install.log").write_text("")
            # Only the rename at the end makes it an installation: an interrupted one
            # cannot be taken for a finished one.
            with tempfile.TemporaryDirectory(prefix="partial-", dir=CACHE) as work:
                build(Path(work), Path(work) / "root")
                (Path(work) / "root").rename(ROOT)
    say(f"installed in {ROOT}")


def build(work, root):
    go = {"GOPATH": f"{work}/go", "GOCACHE": f"{work}/go-build", "GOBIN": f"{work}/bin"}
    go = os.environ | go | {"GOFLAGS": "-modcacherw", "CGO_ENABLED": "0"}
    with ThreadPoolExecutor() as pool:  # the one mostly computes, the other mostly waits
        ferretdb = pool.submit(step, "build FerretDB", "go", "install", FERRETDB, env=go)
        build_chroot(root)
        ferretdb.result()
    shutil.move(work / "bin/ferretdb", root / "usr/local/bin")

    template = root / TEMPLATE
    for folder in template, template / "gateway":
        folder.mkdir(mode=0o700)
        os.chown(folder, *postgres_user(root))
    initdb = "initdb", "--pgdata=/srv/pg", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8"
    step("initdb", *inside(root, template, *initdb, "--username=postgres"))
    single = "postgres", "--single", "-j", "-D", "/srv/pg", "-c", "exit_on_error=on"
    create = inside(root, template, *single, *flags(PRELOAD), "postgres")
    step("create extension", *create, text=PREPARE)
    step("try FerretDB", *inside(root, template, "ferretdb", "--version"))


def build_chroot(root):
    if not shutil.which("debootstrap"):
        step("apt-get update", "apt-get", "update")
        tools = "debootstrap", "debian-archive-keyring"  # the newest keys this system has
        step("install debootstrap", "apt-get", "install", "-y", *tools)
    target = "Created-By: Packages", "Origin: Debian", "Label: Debian"
    mirrors = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(SITE)", *target],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    ).stdout.split()
    if not mirrors:
        die("apt knows no Debian mirror; run apt-get update")
    # An older debootstrap does not know the suite's name; the script for sid fits.
    keyring = "--keyring=/usr/share/keyrings/debian-archive-keyring.gpg"
    source = SUITE, root, mirrors[0], "/usr/share/debootstrap/scripts/sid"
    step("debootstrap", "unshare", "--mount", "debootstrap", "--variant=minbase", keyring, *source)

    for same in "etc/hosts", "etc/ssl/certs/ca-certificates.crt":  # to reach the mirror
        if Path("/", same).exists():
            (root / same).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(Path("/", same), root / same)
    policy = root / "usr/sbin/policy-rc.d"  # keeps packages from starting services
    policy.write_text("#!/bin/sh\nexit 101\n")
    policy.chmod(0o755)
    (root / "etc/postgresql-common").mkdir()
    (root / "etc/postgresql-common/createcluster.conf").write_text("create_main_cluster = false\n")
    # The package lists debootstrap has checked are still there: nothing to update.
    apt = "apt-get", "install", "-y", "--no-install-recommends", PACKAGE
    private = "unshare", "--mount", "--pid", "--fork", "--kill-child", f"--mount-proc={root}/proc"
    step(f"install {PACKAGE}", *private, "chroot", root, *apt)
    shutil.rmtree(root / "var/cache/apt")
