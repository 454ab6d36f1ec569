"""go-livepeer's external signer calls, to the byte: the bodies that go-ethereum 1.13.5's client writes, sent over one kept
connection as it does, and the whole body of each answer, computed here from the key. First under `messages: any`, which
go-livepeer needs as it is; then under `messages: tickets`, where a ticket passes with its fields as a third parameter."""

import http.client
import json
import time

import ethereum as eth
from expect import claim, done
from gateway import Gateway
from stack import Stack

KEY = bytes.fromhex("5e" * 31 + "0d")
LOW = eth.address_of_key(KEY).lower()
BROKER = eth.BROKER.lower()
TYPED = ('{"types":{"EIP712Domain":[{"name":"name","type":"string"},{"name":"chainId","type":"uint256"}],'
         '"Note":[{"name":"text","type":"string"},{"name":"round","type":"uint256"}]},"primaryType":"Note",'
         '"domain":{"name":"Livepeer","chainId":"0xa4b1"},"message":{"round":"0x7","text":"a \\u003c b \\u0026 c"}}')


class Geth:
    """Its HTTP client: the headers that it sends, ids that count up, one connection."""

    def __init__(self, port):
        self.connection, self.id = http.client.HTTPConnection("127.0.0.1", port, timeout=5), 0

    def post(self, method, params):
        """`params` as JSON text; None: no such member, as when there are none."""
        self.id += 1
        member = "" if params is None else f',"params":{params}'
        body = f'{{"jsonrpc":"2.0","id":{self.id},"method":"{method}"{member}}}'
        self.connection.request("POST", "/", body, {"Accept": "application/json", "Content-Type": "application/json",
                                                    "User-Agent": "Go-http-client/1.1", "Accept-Encoding": "gzip"})
        answer = self.connection.getresponse()
        return answer.status, answer.getheader("Content-Type"), answer.read().decode()

    def says(self, sentence, method, params, member):
        """The whole answer is this member beside version and id, with HTTP 200: any other status it takes for no answer."""
        found = self.post(method, params)
        wanted = 200, "application/json", f'{{"jsonrpc":"2.0","id":{self.id},{member}}}'
        claim(sentence, found == wanted, "" if found == wanted else f"{found}, wanted {wanted}")


def result(text):
    return f'"result":"{text}"'


def refused(message):
    return '"error":' + json.dumps({"code": -32000, "message": message}, separators=(",", ":"))


def message_signature(message):
    return eth.sign(KEY, eth.eip191(message))


def number(value):
    return value.to_bytes((value.bit_length() + 7) // 8, "big")


def signed(fields, kind):
    """The raw transaction of these fields; legacy ones are of EIP-155."""
    chain = 42161
    prefix, unsigned = (b"\x02", fields) if kind else (b"", fields + [number(chain), b"", b""])
    signature = eth.unhex(eth.sign(KEY, eth.keccak(prefix + eth.rlp_encode(unsigned))))
    parity = signature[64] - 27
    ends = [number(parity if kind else 35 + 2 * chain + parity), signature[:32].lstrip(b"\0"), signature[32:64].lstrip(b"\0")]
    return "0x" + (prefix + eth.rlp_encode(fields + ends)).hex()


def typed_signature():
    word = lambda text: eth.keccak(text.encode())
    domain = eth.keccak(word("EIP712Domain(string name,uint256 chainId)") + word("Livepeer") + eth.word(42161))
    note = eth.keccak(word("Note(string text,uint256 round)") + word("a < b & c") + eth.word(7))
    return eth.sign(KEY, eth.keccak(b"\x19\x01" + domain + note))


def messages_it_signs(ticket):
    """The ticket's hash; the hash of an address as text; a segment's; and the state of a payment as JSON."""
    return (("a ticket's hash", eth.ticket_hash(ticket)), ("the hash of its address", eth.keccak(LOW.encode())),
            ("a segment's credentials", eth.keccak(b"manifest" + eth.word(3) + eth.keccak(b"segment"))),
            ("a payment's state", b'{"manifestID":"27_live","senderNonce":7,"lastUpdate":"2024-01-01T00:00:00Z"}'))


def transactions(geth):
    call = "0x" + eth.FUND_DEPOSIT
    geth.says("eth_signTransaction with EIP-1559's fees: bare raw hex", "eth_signTransaction",
              f'[{{"from":"{LOW}","to":"{BROKER}","gas":"0x3d090","gasPrice":null,"maxFeePerGas":"0x5f5e100",'
              f'"maxPriorityFeePerGas":"0x0","value":"0x2386f26fc10000","nonce":"0x7","data":"{call}","chainId":"0xa4b1"}}]',
              result(signed([number(n) for n in (42161, 7, 0, 10**8, 250000)] + [eth.unhex(BROKER), number(10**16),
                                                                               eth.unhex(call), []], 2)))
    geth.says("eth_signTransaction with a gas price", "eth_signTransaction",
              f'[{{"from":"{LOW}","to":"{BROKER}","gas":"0x3d090","gasPrice":"0x5f5e100","maxFeePerGas":null,'
              f'"maxPriorityFeePerGas":null,"value":"0x1","nonce":"0x0","data":"{call}","chainId":"0xa4b1"}}]',
              result(signed([number(n) for n in (0, 10**8, 250000)] + [eth.unhex(BROKER), number(1), eth.unhex(call)], 0)))
    geth.says("another destination is refused in the policy's words", "eth_signTransaction",
              f'[{{"from":"{LOW}","to":"{LOW}","gas":"0x5208","gasPrice":"0x1","maxFeePerGas":null,"maxPriorityFeePerGas":null,'
              f'"value":"0x1","nonce":"0x0","data":"0x","chainId":"0xa4b1"}}]',
              refused(f"the signer refused: tx.to not allowed (got {LOW}, expected {BROKER}) [ticket_broker]"))


def under_any(gateway):
    geth = Geth(gateway.port)
    geth.says("eth_accounts, without params", "eth_accounts", None, f'"result":["{LOW}"]')
    for sentence, message in messages_it_signs(eth.ticket(LOW)):
        geth.says(f"eth_sign: {sentence}", "eth_sign", f'["{LOW}","0x{message.hex()}"]', result(message_signature(message)))
    transactions(geth)
    geth.says("eth_signTypedData", "eth_signTypedData", f'["{LOW}",{TYPED}]', result(typed_signature()))
    stranger = "0x" + "11" * 20
    geth.says("another address is refused", "eth_sign", f'["{stranger}","0x00"]',
              refused(f"no key for {eth.checksum(eth.unhex(stranger))} here, only for {eth.checksum(eth.unhex(LOW))}"))
    payment = [eth.ticket_hash(eth.ticket(LOW, number=n)) for n in range(100)]
    start = time.monotonic()
    answers = [json.loads(geth.post("eth_sign", f'["{LOW}","0x{hash_.hex()}"]')[2])["result"] for hash_ in payment]
    spent = time.monotonic() - start
    claim("a payment's hundred calls, one after another on that connection", answers[::9] == [
        message_signature(hash_) for hash_ in payment[::9]] and len(set(answers)) == 100)
    claim("none of which waits for an acknowledgement (40 ms each)", spent < 2, f"{spent:.2f} s")


def fields(ticket):
    return ('{"ticket":{"recipient":"%s","sender":"%s","faceValue":"%s","winProb":"%s","senderNonce":%d,'
            '"recipientRandHash":"%s","auxData":"%s"}}' % (
                ticket["recipient"], LOW, hex(ticket["faceValue"]), hex(ticket["winProb"]), ticket["senderNonce"],
                ticket["recipientRandHash"], ticket["auxData"]))


def under_tickets(gateway):
    geth = Geth(gateway.port)
    ticket, other = eth.ticket(LOW), eth.ticket(LOW, recipient="0x" + "d4" * 20)
    hash_, other_hash = eth.ticket_hash(ticket), eth.ticket_hash(other)
    geth.says("eth_accounts", "eth_accounts", None, f'"result":["{LOW}"]')
    geth.says("a ticket with its fields as the third parameter", "eth_sign", f'["{LOW}","0x{hash_.hex()}",{fields(ticket)}]',
              result(message_signature(hash_)))
    for sentence, message in messages_it_signs(ticket):
        geth.says(f"not without it: {sentence}", "eth_sign", f'["{LOW}","0x{message.hex()}"]',
                  refused(NO_TICKET % len(message)))
    geth.says("nor a ticket to somebody else", "eth_sign", f'["{LOW}","0x{other_hash.hex()}",{fields(other)}]',
              refused(NO_RECIPIENT))
    transactions(geth)
    geth.says("typed data is the policy's to allow", "eth_signTypedData", f'["{LOW}",{TYPED}]', refused(NO_TYPED))


NO_TICKET = ('the signer refused: message not allowed by policy (got %d bytes and no ticket, and messages is "tickets"): a 32-byte message may be the '
             "hash of a ticket to anybody, so send the ticket's fields beside it as `ticket`, or call sign_ticket; for messages "
             'signed blindly the policy must say messages "any"')
NO_RECIPIENT = f"the signer refused: ticket.recipient not in allowlist (got 0x{'d4' * 20}, allowed 1 in allowed_recipients)"
NO_TYPED = 'the signer refused: typed data not allowed by policy (typed_data is "none")'

for policy, calls in ((Stack.policy(messages="any", typed_data="any"), under_any), (Stack.policy(), under_tickets)):
    with Stack(policy=policy) as stack:
        stack.provision(stack.seal(key_text="0x" + KEY.hex()))
        print(f"      under messages: {policy['messages']}")
        calls(Gateway(stack))
done()
