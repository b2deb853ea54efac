"""A real Dovecot of the test's own: Debian's ``dovecot-imapd`` on free ports, its mail in a temporary folder."""

from __future__ import annotations

import imaplib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

PASSWORD = "s3creto-ñ"
PROGRAM = shutil.which("dovecot", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")

CONFIG = """\
protocols = imap
listen = 127.0.0.1
base_dir = {folder}/run
state_dir = {folder}/run
log_path = {folder}/dovecot.log
ssl = yes
ssl_cert = <{folder}/cert.pem
ssl_key = <{folder}/key.pem
disable_plaintext_auth = no
auth_mechanisms = plain login {mechanisms}
default_internal_user = {internal}
default_internal_group = {group}
default_login_user = {login}
first_valid_uid = 1
mail_location = maildir:~/Maildir
mail_max_keyword_length = 50
maildir_copy_with_hardlinks = yes
{passdb}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={folder}/home/%u
}}
namespace inbox {{
  inbox = yes
  prefix = {prefix}
  separator = {separator}
}}
service imap-login {{
  chroot =
  process_min_avail = 1
  service_count = 0
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = {tls_port}
  }}
}}
service anvil {{
  chroot =
}}
service auth {{
  client_limit = 4000
}}
service imap {{
  process_limit = 200
}}
service stats {{
  chroot =
}}
{more}
"""

STATIC = """\
passdb {{
  driver = static
  args = password={password}
}}
"""


@dataclass
class Dovecot:
    """A server that runs; ``deliver`` puts a mail where a mail server would."""

    folder: Path
    port: int
    tls_port: int
    uid: int
    gid: int
    process: subprocess.Popen[bytes]
    _count: int = field(default=0)

    @property
    def ca_file(self) -> Path:
        return self.folder / "cert.pem"

    def maildir(self, user: str) -> Path:
        return self.folder / "home" / user / "Maildir"

    def deliver(self, user: str, mail: bytes, *, into: str = "") -> str:
        """Deliver a mail as a mail server does: written elsewhere, then moved in."""
        box = self.maildir(user) / into if into else self.maildir(user)
        for name in ("cur", "new", "tmp"):
            self._owned(box / name)
        self._count += 1
        name = f"{time.time():.6f}.{self._count}.example"
        written = box / "tmp" / name
        written.write_bytes(mail)
        os.chown(written, self.uid, self.gid)
        written.rename(box / "new" / name)
        return name

    def client(self, user: str, folder: str | None = "INBOX", *, readonly: bool = False) -> imaplib.IMAP4:
        """Return a client of the standard library, as another program would connect."""
        self._owned(self.maildir(user).parent)
        client = imaplib.IMAP4("127.0.0.1", self.port, timeout=20)
        try:
            client.authenticate("PLAIN", lambda _: f"\0{user}\0{PASSWORD}".encode())
            assert folder is None or client.select(folder, readonly)[0] == "OK"
        except BaseException:
            client.shutdown()
            raise
        return client

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def _owned(self, folder: Path) -> None:
        """Make a folder that belongs to the user whose mail it is."""
        missing = []
        while not folder.exists():
            missing.append(folder)
            folder = folder.parent
        for path in reversed(missing):
            path.mkdir(mode=0o700)
            os.chown(path, self.uid, self.gid)


def start(folder: Path, settings: Mapping[str, str] | None = None) -> Dovecot:
    """Start a server, parts of its configuration replaced by ``settings``; raise ``RuntimeError`` with its log."""
    assert PROGRAM is not None
    folder.chmod(0o755)
    uid, gid, users = _users()
    home = folder / "home"
    home.mkdir()
    os.chown(home, uid, gid)
    _certificate(folder)
    port, tls_port = _free_ports()
    values = {"mechanisms": "", "prefix": "", "separator": "/", "more": "", **users, **(settings or {})}
    values.setdefault("passdb", STATIC.format(password=PASSWORD))
    config = folder / "dovecot.conf"
    config.write_text(CONFIG.format(folder=folder, uid=uid, gid=gid, port=port, tls_port=tls_port, **values))
    with (folder / "errors").open("wb") as errors:
        process = subprocess.Popen(
            [PROGRAM, "-F", "-c", str(config)], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=errors
        )
    server = Dovecot(folder, port, tls_port, uid, gid, process)
    _wait_for(server)
    return server


def running(settings: Mapping[str, str] | None = None) -> Iterator[Dovecot]:
    """Yield a server, and take everything away afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="recupera-dovecot-"))
    try:
        server = start(folder, settings)
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def why_not() -> str | None:
    """Return why Dovecot can't be started here; ``None`` if it can."""
    if PROGRAM is None:
        return "Dovecot is not installed: apt-get install dovecot-imapd"
    version = subprocess.run([PROGRAM, "--version"], capture_output=True, text=True, check=False).stdout
    if not version.startswith("2.3"):
        return f"these tests configure Dovecot 2.3, not {version.strip()}"
    return None


def _users() -> tuple[int, int, dict[str, str]]:
    """Return whose mail it is, and whose processes; all of them ours where we are not root."""
    if os.getuid() == 0:
        nobody = pwd.getpwnam("nobody")
        return nobody.pw_uid, nobody.pw_gid, {"internal": "dovecot", "group": "dovecot", "login": "dovenull"}
    me = pwd.getpwuid(os.getuid())
    import grp

    group = grp.getgrgid(os.getgid()).gr_name
    return os.getuid(), os.getgid(), {"internal": me.pw_name, "group": group, "login": me.pw_name}


def _certificate(folder: Path) -> None:
    command = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
        "-days",
        "2",
    ]
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    files = ["-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem")]
    subprocess.run([*command, *names, *files], check=True, capture_output=True)


def _free_ports() -> tuple[int, int]:
    with socket.socket() as one, socket.socket() as two:
        one.bind(("127.0.0.1", 0))
        two.bind(("127.0.0.1", 0))
        return one.getsockname()[1], two.getsockname()[1]


def _wait_for(server: Dovecot) -> None:
    until = time.monotonic() + 15
    while time.monotonic() < until and server.process.poll() is None:
        try:
            server.client("probe", None).logout()
        except (OSError, imaplib.IMAP4.error):
            time.sleep(0.05)
        else:
            return
    log = server.folder / "dovecot.log"
    said = (server.folder / "errors").read_text() + (log.read_text() if log.exists() else "")
    server.process.kill()
    server.process.wait()
    raise RuntimeError(f"Dovecot did not start: {said[-2000:]}")
