// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

/// A broker with the functions and the checks that a signer's output has to satisfy. For tests on a local chain: it is
/// stricter than Livepeer's (a batch reverts whole, auxData must be 64 bytes, msg.value where none belongs reverts), so
/// that a ticket which is wrong in any way cannot go by unnoticed.
contract TicketBroker {
    struct Ticket {
        address recipient;
        address sender;
        uint256 faceValue;
        uint256 winProb;
        uint256 senderNonce;
        bytes32 recipientRandHash;
        bytes auxData;
    }

    struct Sender {
        uint256 deposit;
        uint256 withdrawRound;
    }

    uint256 constant HALF_ORDER = 0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0;
    uint256 constant UNLOCK_PERIOD = 1; // blocks

    mapping(address => Sender) public senders;
    mapping(address => uint256) public earned;
    mapping(bytes32 => bool) public usedTickets;

    event DepositFunded(address indexed sender, uint256 amount);
    event WinningTicketRedeemed(address indexed sender, address indexed recipient, uint256 faceValue, bytes32 ticketHash);
    event Unlock(address indexed sender);
    event Withdrawal(address indexed sender, uint256 amount);

    function fundDeposit() external payable {
        require(msg.value > 0, "nothing sent");
        senders[msg.sender].deposit += msg.value;
        senders[msg.sender].withdrawRound = 0;
        emit DepositFunded(msg.sender, msg.value);
    }

    function unlock() external {
        require(senders[msg.sender].deposit > 0, "no deposit");
        require(senders[msg.sender].withdrawRound == 0, "already unlocking");
        senders[msg.sender].withdrawRound = block.number + UNLOCK_PERIOD;
        emit Unlock(msg.sender);
    }

    function withdraw() external {
        Sender storage sender = senders[msg.sender];
        require(sender.withdrawRound != 0 && block.number >= sender.withdrawRound, "locked");
        uint256 amount = sender.deposit;
        sender.deposit = 0;
        sender.withdrawRound = 0;
        (bool sent, ) = payable(msg.sender).call{value: amount}("");
        require(sent, "transfer failed");
        emit Withdrawal(msg.sender, amount);
    }

    function redeemWinningTicket(Ticket memory ticket, bytes memory sig, uint256 recipientRand) public {
        bytes32 hash = getTicketHash(ticket);
        require(ticket.recipient != address(0), "no recipient");
        require(ticket.sender != address(0), "no sender");
        require(ticket.auxData.length == 64, "auxData is not 64 bytes");
        require(keccak256(abi.encodePacked(recipientRand)) == ticket.recipientRandHash, "wrong preimage");
        require(!usedTickets[hash], "ticket used");
        require(signerOf(hash, sig) == ticket.sender, "signature is not the sender's");
        require(uint256(keccak256(abi.encodePacked(sig, recipientRand))) < ticket.winProb, "ticket did not win");
        require(senders[ticket.sender].deposit >= ticket.faceValue, "deposit too small");

        usedTickets[hash] = true;
        senders[ticket.sender].deposit -= ticket.faceValue;
        earned[ticket.recipient] += ticket.faceValue;
        emit WinningTicketRedeemed(ticket.sender, ticket.recipient, ticket.faceValue, hash);
    }

    function batchRedeemWinningTickets(
        Ticket[] memory tickets,
        bytes[] memory sigs,
        uint256[] memory recipientRands
    ) external {
        require(tickets.length == sigs.length && sigs.length == recipientRands.length, "lengths differ");
        require(tickets.length > 0, "empty batch");
        for (uint256 i = 0; i < tickets.length; i++) redeemWinningTicket(tickets[i], sigs[i], recipientRands[i]);
    }

    function getTicketHash(Ticket memory t) public pure returns (bytes32) {
        return
            keccak256(
                abi.encodePacked(
                    t.recipient,
                    t.sender,
                    t.faceValue,
                    t.winProb,
                    t.senderNonce,
                    t.recipientRandHash,
                    t.auxData
                )
            );
    }

    function signerOf(bytes32 hash, bytes memory sig) public pure returns (address) {
        require(sig.length == 65, "signature is not 65 bytes");
        bytes32 r;
        bytes32 s;
        uint8 v;
        assembly {
            r := mload(add(sig, 32))
            s := mload(add(sig, 64))
            v := byte(0, mload(add(sig, 96)))
        }
        require(uint256(s) <= HALF_ORDER, "s in the upper half");
        require(v == 27 || v == 28, "v is neither 27 nor 28");
        address signer = ecrecover(keccak256(abi.encodePacked("\x19Ethereum Signed Message:\n32", hash)), v, r, s);
        require(signer != address(0), "no such signer");
        return signer;
    }
}
