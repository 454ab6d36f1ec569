"""ensignd runs with no file but its settings, no resolver and no environment; it says what is wrong with its command
line, settings or machine, and leaves with the documented codes."""

import json
import os
import pathlib
import resource
import shutil
import signal
import socket
import subprocess
import time

from scene import SANITIZED, Client, Scene, anonymous_kib, cases, descendants, frame, program, request, run, skip, within_reach

ENSIGND = program("ENSIGND")
INSECURE = os.environ.get("ENSIGND_INSECURE") == "true"
STATIC = os.environ.get("ENSIGND_STATIC") == "true"
OPEN = '{"mode":"open"}'


def answers(where):
    with Client(where) as client:
        assert client.ask("address")["error"]["message"] == "signer not provisioned"


def refused(*arguments, settings=OPEN, **more):
    """What ensignd says when it does not start; it leaves with 2, and says nothing on standard output."""
    with Scene() as scene:
        path = scene.write("settings.json", settings)
        code, out, err = run(ENSIGND, "--settings", path, "--listen", f"unix:{scene.folder}/s", *arguments, **more)
        assert (code, out) == (2, ""), (code, out, err)
        error = [line for line in err.splitlines() if line.startswith("ensignd: error: ")]
        assert len(error) == 1, err
        return error[0][len("ensignd: error: "):]


def settings_are_the_only_file():
    """In an empty folder as its root, with nothing there but the settings, and standard streams closed."""
    if os.getuid() != 0:
        print("      skipped: only root may change the root folder")
        return
    if not STATIC:
        print("      skipped: this build needs shared libraries")
        return
    with Scene() as scene:
        scene.write("settings.json", OPEN)
        binary = os.open(ENSIGND, os.O_RDONLY)
        pid = os.fork()
        if pid == 0:
            os.chroot(scene.folder)
            os.chdir("/")
            os.closerange(0, 3)
            os.execve(binary, ["ensignd", "--listen", "unix:/s"], {})
        os.close(binary)
        try:
            where, end = scene.folder / "s", time.monotonic() + 5
            while not where.exists() and time.monotonic() < end:
                time.sleep(0.01)
            time.sleep(0.05)
            for _ in range(3):
                answers(where)
            for fd in pathlib.Path(f"/proc/{pid}/fd").iterdir():
                assert int(fd.name) > 2 or "eventpoll" in os.readlink(fd), (fd.name, os.readlink(fd))
            assert sorted(path.name for path in scene.folder.iterdir()) == ["s", "settings.json"]
        finally:
            os.kill(pid, signal.SIGTERM)
            assert os.waitpid(pid, 0)[1] == 0


def no_file_is_opened_and_no_name_resolved():
    """The same, as strace sees it, from the first instruction to the end, with a provisioning that fails for want of a
    stream to KMS."""
    if shutil.which("strace") is None or not STATIC:
        print("      skipped: strace is not here, or this build needs shared libraries")
        return
    with Scene() as scene:
        path, where, trace = scene.write("settings.json", OPEN), scene.folder / "s", scene.folder / "trace"
        process = scene.start("strace", "-f", "-qq", "-o", trace, "-e", "trace=%file,socket,connect", ENSIGND,
                              "--settings", path, "--listen", f"unix:{where}", "--kms-stream", "unix:/nowhere",
                              env={"PATH": os.environ["PATH"]})
        scene.wait_for("ensignd", lambda: "listening on" in process.log.read_text(), process)
        answers(where)
        with Client(where) as client:
            answer = client.ask("provision", region="us-east-2", ciphertext_b64="AAAA", aws_access_key_id="AKIDEXAMPLE",
                                aws_secret_access_key="x" * 40, aws_session_token="token")
        assert "error" in answer
        os.kill(descendants(process.pid)[1], signal.SIGTERM)
        process.wait(5)
        lines = [line.split(None, 1)[1] for line in trace.read_text().splitlines()]
        files = [line for line in lines if line.startswith(("open", "stat", "access", "readlink", "newfstatat"))]
        # besides: whether there is an NSM, the C library's look at its own name, and fstat
        expected = (f'"{path}"', 'access("/dev/nsm"', 'readlink("/proc/self/exe"', 'newfstatat(')
        assert not [line for line in files if line.startswith("newfstatat(") and ', "", ' not in line], files
        opened = [line for line in files if not any(name in line for name in expected)]
        assert not opened, opened
        sockets = [line for line in lines if line.startswith("socket(") and "AF_UNIX" not in line]
        assert not sockets, sockets


def the_environment_is_not_read():
    """Variables that libraries listen to change nothing, not even into an error."""
    hostile = {"OPENSSL_CONF": "/etc/hostname", "SSL_CERT_FILE": "/etc/hostname", "OPENSSL_MODULES": "/tmp",
               "SIGNER_PRIVATE_KEY": "0x" + "11" * 32, "SIGNER_ALLOW_REPROVISION": "1", "ENSIGN_SETTINGS": "/x",
               "HTTPS_PROXY": "http://127.0.0.1:9", "TZ": ":/etc/hostname", "MALLOC_ARENA_MAX": "x"}
    with Scene() as scene:
        path, where = scene.write("settings.json", OPEN), scene.folder / "s"
        process = scene.start(ENSIGND, "--settings", path, "--listen", f"unix:{where}", env=hostile)
        scene.wait_for("ensignd", lambda: "listening on" in process.log.read_text(), process)
        answers(where)
        assert "address=None" in process.log.read_text()
        assert scene.stop(process) == 0


def no_dump_no_trace_no_new_privileges():
    with Scene() as scene:
        process = scene.ensignd()
        for pid in descendants(process.pid):
            status = dict(line.split(":\t", 1) for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines())
            assert status["NoNewPrivs"] == "1", pid
            limits = pathlib.Path(f"/proc/{pid}/limits").read_text()
            assert any(line.split()[:6] == ["Max", "core", "file", "size", "0", "0"] for line in limits.splitlines())
            # a process that is not dumpable belongs to root in /proc, whoever runs it
            assert os.stat(f"/proc/{pid}/mem").st_uid == 0


def idle_memory_is_small():
    with Scene() as scene:
        process = scene.ensignd()
        answers(process.socket)
        time.sleep(0.5)
        used = anonymous_kib(process.pid)
        if used is not None:
            print(f"      idle: {used} KiB of anonymous memory, both processes")
            assert used <= 8192, used


def is_running(pid):
    """False too for one that has ended and that its new parent has not asked about."""
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def told_to_stop_it_leaves_with_0():
    for by in (signal.SIGTERM, signal.SIGINT):
        with Scene() as scene:
            process = scene.ensignd()
            tree = descendants(process.pid)
            idle = Client(process.socket)
            assert scene.stop(process, by) == 0
            assert idle.is_closed()
            end = time.monotonic() + 2
            while any(map(is_running, tree[1:])):
                assert time.monotonic() < end, "the TLS process outlives its parent"
                time.sleep(0.01)


def the_banner_is_the_originals():
    with Scene() as scene:
        process = scene.ensignd()
        assert f"[enclave-signer] listening on unix:{process.socket} address=None\n" in process.log.read_text()


def a_stale_socket_is_replaced_and_a_live_one_left_alone():
    with Scene() as scene:
        first = scene.ensignd()
        first.kill()
        first.wait()
        second = scene.ensignd()
        answers(second.socket)
        code, _, err = run(ENSIGND, "--settings", scene.folder / "signer.json", "--listen", f"unix:{second.socket}")
        assert code == 2 and str(second.socket) in err, err
        answers(second.socket)


def several_listeners_and_tcp():
    with Scene() as scene, socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        free.close()
        process = scene.ensignd("--listen", f"tcp://127.0.0.1:{port}", "--workers", "1")
        answers(process.socket)
        answers(("127.0.0.1", port))


def pipelined_and_half_closed_as_the_original_allows():
    with Scene() as scene:
        process = scene.ensignd()
        with Client(process.socket) as client:
            client.send(request("address") + request("nope") + frame(b"") + request("status"))
            client.socket.shutdown(socket.SHUT_WR)
            said = [json.loads(client.receive()) for _ in range(4)]
            assert [one.get("error", {}).get("message") for one in said[:3]] == [
                "signer not provisioned", "unknown method", "Expecting value: line 1 column 1 (char 0)"], said
            assert said[3]["result"]["mode"] == "open"
            assert client.is_closed()


def what_is_wrong_is_said():
    assert "is no option of ensignd" in refused("--mode", "open")
    assert "--workers: found \"many\", wanted is a number from 1 to 256" in refused("--workers", "many")
    assert "--nsm tcp://1.2.3.4:5: wanted is /dev/nsm or unix:PATH" in refused("--nsm", "tcp://1.2.3.4:5")
    assert "the NSM's random numbers: " in refused("--nsm", "unix:/nowhere/nsm.sock")
    if not os.path.exists("/dev/nsm"):
        assert "--nsm /dev/nsm: " in refused("--nsm", "/dev/nsm")
    if not INSECURE:
        assert "\"--insecure-key-file\" is no option" in refused("--insecure-key-file", "/etc/hostname")
    taken = refused("--listen", "tcp://192.0.2.1:5000")  # an address of nobody's
    assert "192.0.2.1" in taken, taken


def rule_01_settings_that_are_none_stop_the_start():
    for settings, expected in (("", "Expecting value"), ("{}", "mode"), ('{"mode":"loose"}', "mode"),
                               ('{"mode":"open","lease":5}', "lease"), ('{"mode":"open","mode":"open"}', "mode"),
                               ('{"mode":"open"} x', "Extra data"), ('{"mode":"strict"}', "kms_key"),
                               ('{"mode":"open","kms_trust_roots":"none"}', "kms_trust_roots"),
                               ('{"mode":"open","limits":{"connections":0}}', "connections")):
        said = refused(settings=settings)
        assert "settings" in said and expected in said, (settings, said)
    with Scene() as scene:
        code, out, err = run(ENSIGND, "--settings", scene.folder / "none", "--listen", f"unix:{scene.folder}/s")
        assert (code, out) == (2, "") and "is not there" in err and "docs/settings.md" in err, err
        code, out, err = run(ENSIGND, "--settings", scene.folder, "--listen", f"unix:{scene.folder}/s")
        assert (code, out) == (2, "") and "is not a regular file" in err, err
        large = scene.write("large", b" " * (1 << 20) + b"x")
        code, out, err = run(ENSIGND, "--settings", large, "--listen", f"unix:{scene.folder}/s")
        assert (code, out) == (2, "") and "is larger than 1048576 bytes" in err, err


def a_page_that_cannot_be_locked_is_no_place_for_a_key():
    if SANITIZED or os.getuid() != 0:
        print("      skipped: a sanitizer makes mlock do nothing; only root can become somebody without the right to lock memory")
        return

    def as_nobody():
        resource.setrlimit(resource.RLIMIT_MEMLOCK, (0, 0))
        os.setgroups([])
        os.setgid(65534)
        os.setuid(65534)

    with Scene() as scene:
        path = scene.write("settings.json", OPEN)
        code, _, err = run(within_reach(ENSIGND, scene.folder), "--settings", path, "--listen", f"unix:{scene.folder}/s",
                           preexec_fn=as_nobody)
        assert code == 2 and "cannot be locked (RLIMIT_MEMLOCK has to allow one page)" in err, err


def the_insecure_key_serves_wiring_tests_only():
    if not INSECURE:
        print("      skipped: this build has no --insecure-key-file")
        return
    with Scene() as scene:
        key = scene.write("key", "0x" + "11" * 32 + "\n")
        where = scene.folder / "s"
        process = scene.start(ENSIGND, "--insecure-key-file", key, "--listen", f"unix:{where}")
        scene.wait_for("ensignd", lambda: "listening on" in process.log.read_text(), process)
        assert "address=0x19E7E376E7C213B7E7e7e46cc70A5dD086DAff2A\n" in process.log.read_text()
        with Client(where) as client:
            assert client.ask("status")["result"]["insecure"] is True
            signature = client.ask("sign_message_defunct", message_hash="0x" + "00" * 32)["result"]["signature"]
            assert len(signature) == 132
        code, _, err = run(ENSIGND, "--insecure-key-file", key, "--nsm", "unix:/n", "--listen", f"unix:{where}2")
        assert code == 2 and "an NSM's documents must not vouch for a key from a file" in err, err
        wrong = scene.write("wrong", "0x" + "00" * 32)
        code, _, err = run(ENSIGND, "--insecure-key-file", wrong, "--listen", f"unix:{where}3")
        assert code == 2 and "--insecure-key-file: " in err and "0000" not in err, err


def help_and_version():
    code, out, err = run(ENSIGND, "--help")
    assert code == 0 and err == "" and "usage: ensignd" in out and "exit codes" in out
    assert ("--insecure-key-file" in out) == INSECURE
    code, out, err = run(ENSIGND, "--version")
    assert code == 0 and err == "" and out.startswith("ensignd ")


if subprocess.run([ENSIGND, "--version"], capture_output=True).returncode != 0:
    skip("ensignd does not run here")
cases([settings_are_the_only_file, no_file_is_opened_and_no_name_resolved, the_environment_is_not_read,
       no_dump_no_trace_no_new_privileges, idle_memory_is_small, told_to_stop_it_leaves_with_0,
       the_banner_is_the_originals, a_stale_socket_is_replaced_and_a_live_one_left_alone, several_listeners_and_tcp,
       pipelined_and_half_closed_as_the_original_allows, what_is_wrong_is_said,
       rule_01_settings_that_are_none_stop_the_start, a_page_that_cannot_be_locked_is_no_place_for_a_key,
       the_insecure_key_serves_wiring_tests_only, help_and_version])
