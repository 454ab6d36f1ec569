"""ensign journal --follow as a service: it outlives the signer that it follows, its cursor outlives it, nothing is printed
twice, and a signer that was started again is said."""

import json
import subprocess
import time

import ethereum as eth
from expect import claim, done
from stack import BUILD, CLEAN, Stack


class Follower:
    def __init__(self, s, name, *flags):
        self.out, self.err = s.folder / f"{name}.out", s.folder / f"{name}.err"
        with open(self.out, "wb") as out, open(self.err, "wb") as err:
            self.process = subprocess.Popen(
                [BUILD / "ensign", "journal", "--endpoint", s.signer.endpoint, "--follow", "--interval", "1", "--json", *flags],
                stdin=subprocess.DEVNULL, stdout=out, stderr=err, env=CLEAN)
        s.processes.append(self.process)
        self.process.log = self.err

    def entries(self):
        return [json.loads(line) for line in self.out.read_text().splitlines()]

    def numbers(self):
        return [entry["seq"] for entry in self.entries()]

    def said(self):
        return self.err.read_text()

    def end(self):
        self.process.terminate()
        self.process.wait(10)


def until(sentence, test, found, seconds=15):
    end = time.monotonic() + seconds
    while not test() and time.monotonic() < end:
        time.sleep(0.05)
    return claim(sentence, test(), str(found()))


def sign(s, *numbers):
    for number in numbers:
        s.signer.call("sign_ticket", ticket=eth.ticket(s.signer.address, number, face_value=1))


def restart(s):
    s.stop_signer()
    s.start_signer()
    s.provision(s.sealed)


with Stack(policy=Stack.policy()) as stack:
    cursor = stack.folder / "cursor"
    kept = ("--wait", "--cursor", cursor)
    stack.provision()
    sign(stack, 1, 2, 3)
    first = Follower(stack, "first", *kept)
    until("what is in the journal is printed", lambda: first.numbers() == [1, 2, 3], first.numbers)
    sign(stack, 4)
    until("and what comes", lambda: first.numbers() == [1, 2, 3, 4], first.numbers)

    unwaiting = Follower(stack, "unwaiting")
    until("another follower, without --wait", lambda: unwaiting.numbers() == [1, 2, 3, 4], unwaiting.numbers)
    stack.stop_signer()
    until("a signer that is away is said once, and waited for",
          lambda: first.said().count("waiting for it after entry 4") == 1, first.said)
    claim("without --wait it ends with 3", unwaiting.process.wait(10) == 3, unwaiting.said())
    time.sleep(2.5)
    claim("once, however long it lasts", first.said().count("waiting for it") == 1 and first.process.poll() is None,
          first.said())
    stack.start_signer()
    stack.provision(stack.sealed)
    sign(stack, 11, 12, 13, 14, 15, 16)
    until("a signer that was started again, and has signed more than before, is followed from its beginning",
          lambda: first.numbers() == [1, 2, 3, 4, 1, 2, 3, 4, 5, 6], first.numbers)
    claim("and that is said, with the entry up to which the old journal was followed",
          "reached again" in first.said() and first.said().count("followed up to entry 4 is over") == 1, first.said())

    until("the cursor says where it stands", lambda: json.loads(cursor.read_text())["seq"] == 6, cursor.read_text)
    first.end()
    sign(stack, 17, 18)
    second = Follower(stack, "second", *kept)
    until("the next follower goes on from there: nothing twice, nothing lost", lambda: second.numbers() == [7, 8],
          second.numbers)
    until("and so the cursor", lambda: json.loads(cursor.read_text())["seq"] == 8, cursor.read_text)
    claim("and finds the chain whole", second.said() == "", second.said())
    second.end()

    restart(stack)
    third = Follower(stack, "third", *kept)
    until("a signer started again meanwhile, with an empty journal, is said", lambda: "up to entry 8 is over" in third.said(),
          third.said)
    claim("with nothing to print", third.numbers() == [], str(third.numbers()))
    until("and the cursor begins again", lambda: json.loads(cursor.read_text()) == {"head": "00" * 32, "seq": 0},
          cursor.read_text)
    third.end()
    sign(stack, 21, 22)
    fourth = Follower(stack, "fourth", *kept)
    until("from where the next goes on", lambda: fourth.numbers() == [1, 2] and fourth.said() == "", fourth.said)
    until("and notes it", lambda: json.loads(cursor.read_text())["seq"] == 2, cursor.read_text)
    fourth.end()

    restart(stack)
    sign(stack, 31, 32, 33)
    fifth = Follower(stack, "fifth", *kept)
    until("one that has grown past the cursor is no less another", lambda: fifth.numbers() == [1, 2, 3], fifth.numbers)
    claim("and said to be", "up to entry 2 is over" in fifth.said(), fifth.said())
    fifth.end()

    def refused(sentence, code, *flags):
        run = stack.ensign("journal", "--endpoint", stack.signer.endpoint, *flags, check=False)
        claim(f"{sentence}: exit code {code}", run.returncode == code and run.stdout == "" and run.stderr != "", run.stderr)

    refused("--wait without --follow", 2, "--wait")
    refused("--after beside --cursor", 2, "--after", "1", "--cursor", cursor)
    cursor.write_text('{"seq":3}')
    refused("a cursor that is none", 4, "--cursor", cursor)
    refused("a cursor in no folder", 4, "--cursor", stack.folder / "no/cursor")
done()
