"""Client of ensign, an Ethereum signer in an AWS Nitro Enclave. Standard library only.

    from ensign_signer import EnclaveSigner
    signer = EnclaveSigner("vsock://16:5000", expected_address="0x…")
    raw = signer.sign_transaction({"chainId": 42161, …})
    signature = signer.sign_ticket(ticket)
"""

from .connection import SignerError
from .signer import EnclaveSigner

__all__ = ["EnclaveSigner", "SignerError"]
