"""The signer as a program sees it."""

import base64
import binascii
import os
import threading

from . import dialect
from .connection import Connection, ConnectionLost, SignerError, connector


def _bytes_of(result, name):
    text = result.get(name)
    try:
        if not isinstance(text, str) or not text.startswith("0x") or len(text) < 4:
            raise ValueError
        return bytes.fromhex(text[2:])
    except ValueError:
        raise SignerError(f"what answers is no signer: {name} is missing or no 0x hex") from None


class EnclaveSigner:
    """Keeps one connection and makes a new one when it is gone; safe for threads (one request at a time) and after a fork.

    On every connection the signer is asked for its address first, and no request goes to one of another address than
    `expected_address`, or than the first that was seen. That is a check against mistakes: who controls the machine between
    can answer anything, and what the key is worth is proved by `ensign verify`.

    A request is sent again, once, when a kept connection turns out to be closed before an answer began. Signing the same
    again gives the same signature; a transaction's fee may then be charged to the policy's budget twice.
    """

    def __init__(self, endpoint, timeout_seconds=5.0, expected_address=None):
        self.endpoint = endpoint
        self.timeout_seconds = float(timeout_seconds)
        self.expected_address = (expected_address or "").strip() or None
        self._connect = connector(endpoint)
        self._lock = threading.Lock()
        self._connection = self._address = self._process = None

    # -- the backend's protocol ----------------------------------------------------------------------------------------

    @property
    def address(self):
        """With EIP-55's checksum; asked of the signer each time, so that a signer that has gone is noticed."""
        return self._checked(self.call("address"))

    def sign_transaction(self, tx):
        """The signed bytes."""
        return _bytes_of(self.call("sign_transaction", {"tx": dialect.transaction(tx)}), "raw_tx")

    def sign_message_defunct(self, message_hash, ticket=None):
        """65 bytes, r, s and v, by EIP-191 over the bytes. Under a policy with "messages": "tickets" the ticket whose hash
        it is must stand beside it."""
        params = {"message_hash": dialect.plain(message_hash)}
        if ticket is not None:
            params["ticket"] = dialect.ticket(ticket)
        return _bytes_of(self.call("sign_message_defunct", params), "signature")

    def sign_ticket(self, ticket):
        """65 bytes over the ticket's hash, which the signer computes from the fields that its policy judges."""
        return _bytes_of(self.call("sign_ticket", {"ticket": dialect.ticket(ticket)}), "signature")

    def attestation_document(self, nonce=None):
        """The document's bytes, or None where there is no security module."""
        document = self.call("attestation", {} if nonce is None else {"nonce": dialect.plain(nonce)}).get("document_b64")
        if document in (None, ""):
            return None
        try:
            return base64.b64decode(document, validate=True)
        except (binascii.Error, TypeError, ValueError):
            raise SignerError("what answers is no signer: document_b64 is no base64") from None

    # -- any method ----------------------------------------------------------------------------------------------------

    def call(self, method, params=None):
        """The result of any method of docs/rpc.md."""
        with self._lock:
            is_kept = self._is_kept()
            try:
                return self._ask(method, params or {})
            except ConnectionLost:
                if not is_kept:
                    raise
            return self._ask(method, params or {})

    def close(self):
        with self._lock:
            self._drop()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    # -- the connection ------------------------------------------------------------------------------------------------

    def _drop(self):
        if self._connection is not None:
            self._connection.close()
        self._connection = None

    def _is_kept(self):
        """There is a connection of this process on which nothing has happened since the last answer."""
        if self._connection is not None and (self._process != os.getpid() or not self._connection.is_usable()):
            self._drop()
        return self._connection is not None

    def _ask(self, method, params):
        if self._connection is None:
            self._open()
        try:
            return self._connection.call(method, params)
        except SignerError as error:
            if error.code is None:  # no answer, or none of a signer: whatever comes now would be taken for the next
                self._drop()
            raise

    def _open(self):
        self._connection, self._process = Connection(self._connect, self.timeout_seconds), os.getpid()
        try:
            self._address = self._checked(self._connection.call("address", {}))
        except SignerError:
            self._drop()
            raise

    def _checked(self, result):
        address, expected = result.get("address"), self.expected_address or self._address
        if not isinstance(address, str) or not address:
            raise SignerError("what answers is no signer: it gives no address")
        if expected is not None and address.lower() != expected.lower():
            raise SignerError(f"Remote signer address mismatch: got {address}, expected {expected}")
        return address
