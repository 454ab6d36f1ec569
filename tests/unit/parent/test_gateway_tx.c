/* Dialects of transaction objects: each pair is an object as some client writes it and the signer's dictionary that it
 * must become; each refusal is the first object with one thing wrong. */
#include "parent/gateway_tx.h"

#include "check.h"

#include <string.h>

static const struct address OURS = { { 0x53, 0x1a, 0x9c, 0xd2, 0x12, 0x1c, 0xc1, 0xd9, 0x83, 0xee,
                                       0x36, 0x38, 0x9c, 0xf7, 0xdd, 0x7f, 0xbb, 0xa1, 0x56, 0x80 } };
#define FROM   "\"from\":\"0x531a9cd2121cc1d983ee36389cf7dd7fbba15680\""
#define TO     "\"to\":\"0xa8bb618b1520e284046f3dfc448851a1ff26e41b\""
#define TO_OUT "\"to\":\"0xa8bB618B1520E284046F3dFc448851A1Ff26e41B\""

static bool settled(const char *text, bool chain_is_known, struct gateway_tx *tx, struct fault *why)
{
    struct json object;
    const struct u256 chain = u256_of(42161);
    if (!json_read(bytes_of_text(text), &object, why)) {
        CHECK_ROW(text, false);
        return false;
    }
    return gateway_tx_read(object, tx, why) && gateway_tx_settle(tx, &OURS, chain_is_known ? &chain : NULL, why) &&
           gateway_tx_is_complete(tx, why);
}

static const struct {
    const char *who, *in, *out;
} dialects[] = {
    { "go-livepeer (geth's SendTxArgs, null fee fields)",
      "{" FROM "," TO ",\"gas\":\"0x3d090\",\"gasPrice\":null,\"maxFeePerGas\":\"0x5f5e100\",\"maxPriorityFeePerGas\":"
      "\"0x0\",\"value\":\"0x0\",\"nonce\":\"0x7\",\"data\":\"0x6caa736b\",\"chainId\":\"0xa4b1\"}",
      "{\"accessList\":[],\"chainId\":42161,\"data\":\"0x6caa736b\",\"gas\":250000,\"maxFeePerGas\":100000000,"
      "\"maxPriorityFeePerGas\":0,\"nonce\":7," TO_OUT ",\"type\":2,\"value\":0}" },
    { "web3.py (JSON integers, EIP-55)",
      "{\"to\":\"0xa8bB618B1520E284046F3dFc448851A1Ff26e41B\",\"gas\":21000,\"gasPrice\":1,\"value\":"
      "20000000000000000000,\"nonce\":0,\"chainId\":42161}",
      "{\"chainId\":42161,\"data\":\"0x\",\"gas\":21000,\"gasPrice\":1,\"nonce\":0," TO_OUT
      ",\"value\":20000000000000000000}" },
    { "ethers 5 (gasLimit), clef (input), upper-case address, leading zeros",
      "{\"to\":\"0xA8BB618B1520E284046F3DFC448851A1FF26E41B\",\"gasLimit\":\"0x05208\",\"gasPrice\":\"0x1\",\"input\":"
      "\"0xABcd\",\"nonce\":\"0x0\",\"type\":\"0x0\"}",
      "{\"chainId\":42161,\"data\":\"0xABcd\",\"gas\":21000,\"gasPrice\":1,\"nonce\":0," TO_OUT "}" },
    { "both names, the same (geth sends data and input)",
      "{" TO
      ",\"gas\":\"0x1\",\"gasLimit\":1,\"gasPrice\":\"0x1\",\"data\":\"0xAB\",\"input\":\"0xab\",\"nonce\":\"0x0\"}",
      "{\"chainId\":42161,\"data\":\"0xab\",\"gas\":1,\"gasPrice\":1,\"nonce\":0," TO_OUT "}" },
    { "type 1 by its list",
      "{" TO ",\"gas\":1,\"gasPrice\":1,\"nonce\":0,\"accessList\":[{\"address\":\"0x00\",\"storageKeys\":[]}]}",
      "{\"accessList\":[{\"address\":\"0x00\",\"storageKeys\":[]}],\"chainId\":42161,\"data\":\"0x\",\"gas\":1,"
      "\"gasPrice\":1,\"nonce\":0," TO_OUT ",\"type\":1}" },
    { "type 1 by its name alone", "{" TO ",\"gas\":1,\"gasPrice\":1,\"nonce\":0,\"type\":1}",
      "{\"accessList\":[],\"chainId\":42161,\"data\":\"0x\",\"gas\":1,\"gasPrice\":1,\"nonce\":0," TO_OUT
      ",\"type\":1}" },
    { "type 3",
      "{" TO ",\"gas\":1,\"maxFeePerGas\":2,\"maxPriorityFeePerGas\":1,\"maxFeePerBlobGas\":\"0x3\",\"nonce\":0,"
      "\"blobVersionedHashes\":[\"0x01\"],\"type\":\"0x3\"}",
      "{\"accessList\":[],\"blobVersionedHashes\":[\"0x01\"],\"chainId\":42161,\"data\":\"0x\",\"gas\":1,"
      "\"maxFeePerBlobGas\":3,\"maxFeePerGas\":2,\"maxPriorityFeePerGas\":1,\"nonce\":0," TO_OUT ",\"type\":3}" },
    { "a creation", "{\"to\":null,\"gas\":1,\"gasPrice\":1,\"nonce\":0,\"data\":\"0x00\"}",
      "{\"chainId\":42161,\"data\":\"0x00\",\"gas\":1,\"gasPrice\":1,\"nonce\":0}" },
};

static void dialects_become_one(void)
{
    for (size_t i = 0; i < sizeof dialects / sizeof *dialects; i++) {
        uint8_t room[2048];
        struct gateway_tx tx;
        struct fault why;
        struct writer out = writer_of(room, sizeof room);
        struct json_writer json = json_writer_of(&out);
        struct bytes text = { NULL, 0 };
        const bool ok = settled(dialects[i].in, true, &tx, &why);
        CHECK_ROW(dialects[i].who, ok);
        if (!ok)
            continue;
        gateway_tx_put(&json, &tx);
        CHECK_ROW(dialects[i].who, writer_done(&out, &text) && bytes_equal(text, bytes_of_text(dialects[i].out)));
        CHECK_ROW(dialects[i].who, address_equal(&tx.from, &OURS));
    }
}

/* What a row changes is put in place of the whole member, or after the last one. */
#define REST         FROM "," TO ",\"gas\":\"0x1\",\"gasPrice\":\"0x1\",\"nonce\":\"0x0\""
#define WITH(member) "{" REST "," member "}"

static const struct {
    const char *what, *in;
    enum fault_code code;
    const char *text;
} refusals[] = {
    { "no object", "[]", FAULT_INPUT, "no object" },
    { "a field not known", WITH("\"gaz\":\"0x1\""), FAULT_INPUT, "\"gaz\" is not known" },
    { "a field with an escape not known", WITH("\"\\u0067az\":\"0x1\""), FAULT_INPUT, "is not known" },
    { "a null field not known", WITH("\"v\":null"), FAULT_INPUT, "\"v\" is not known" },
    { "a decimal string", WITH("\"value\":\"1\""), FAULT_INPUT, "value is no quantity" },
    { "no digits", WITH("\"value\":\"0x\""), FAULT_INPUT, "value is no quantity" },
    { "0X", WITH("\"value\":\"0X1\""), FAULT_INPUT, "value is no quantity" },
    { "no hex", WITH("\"value\":\"0xg\""), FAULT_INPUT, "value is no quantity" },
    { "a sign", WITH("\"value\":-1"), FAULT_INPUT, "value is no quantity" },
    { "a fraction", WITH("\"value\":1.0"), FAULT_INPUT, "value is no quantity" },
    { "257 bits", WITH("\"value\":\"0x10000000000000000000000000000000000000000000000000000000000000000\""),
      FAULT_INPUT, "value is no quantity" },
    { "true", WITH("\"value\":true"), FAULT_INPUT, "value is no quantity" },
    { "gas and gasLimit that differ", WITH("\"gasLimit\":\"0x2\""), FAULT_INPUT, "gas and gasLimit are not the same" },
    { "data and input that differ", WITH("\"data\":\"0x00\",\"input\":\"0x01\""), FAULT_INPUT,
      "data and input are not the same" },
    { "data without 0x", WITH("\"data\":\"00\""), FAULT_INPUT, "data is not 0x" },
    { "half a byte", WITH("\"data\":\"0x0\""), FAULT_INPUT, "data is not 0x" },
    { "data that is no hex", WITH("\"input\":\"0xzz\""), FAULT_INPUT, "input is not 0x" },
    { "gasPrice beside a fee of EIP-1559", WITH("\"maxFeePerGas\":\"0x1\""), FAULT_INPUT, "gasPrice has no place" },
    { "another type than the fields make", WITH("\"type\":\"0x2\""), FAULT_INPUT, "type is 2" },
    { "type 0 with a list", WITH("\"type\":\"0x0\",\"accessList\":[]"), FAULT_INPUT, "type is 0" },
    { "a type that there is not", WITH("\"type\":\"0x5\""), FAULT_INPUT, "none of 0x0 to 0x4" },
    { "a list that is none", WITH("\"accessList\":{}"), FAULT_INPUT, "accessList is no array" },
    { "another chain", WITH("\"chainId\":\"0x1\""), FAULT_POLICY, "chainId mismatch (got 1, expected 42161)" },
    { "chain 0", WITH("\"chainId\":0"), FAULT_POLICY, "chainId mismatch (got 0" },
    { "another sender",
      "{\"from\":\"0x1111111111111111111111111111111111111111\"," TO ",\"gas\":1,\"gasPrice\":1,\"nonce\":0}",
      FAULT_POLICY, "from is not ours" },
    { "a checksum that is wrong in one letter",
      "{\"to\":\"0xA8bB618B1520E284046F3dFc448851A1Ff26e41B\",\"gas\":1,\"gasPrice\":1,\"nonce\":0}", FAULT_INPUT,
      "to is no address" },
    { "an address without 0x",
      "{\"to\":\"a8bb618b1520e284046f3dfc448851a1ff26e41b\",\"gas\":1,\"gasPrice\":1,\"nonce\":0}", FAULT_INPUT,
      "to is no address" },
    { "an empty address", "{\"to\":\"\",\"gas\":1,\"gasPrice\":1,\"nonce\":0}", FAULT_INPUT, "to is no address" },
    { "no nonce", "{" TO ",\"gas\":1,\"gasPrice\":1}", FAULT_INPUT, "nonce is missing" },
    { "no gas", "{" TO ",\"nonce\":1,\"gasPrice\":1}", FAULT_INPUT, "gas is missing" },
    { "no fee", "{" TO ",\"nonce\":1,\"gas\":1}", FAULT_INPUT, "gasPrice is missing" },
    { "half of EIP-1559's fees", "{" TO ",\"nonce\":1,\"gas\":1,\"maxFeePerGas\":1}", FAULT_INPUT,
      "maxPriorityFeePerGas is missing" },
};

static void one_thing_wrong_is_refused(void)
{
    struct gateway_tx tx;
    struct fault why;
    CHECK(settled("{" REST "}", true, &tx, &why));
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
        why = (struct fault){ 0 };
        CHECK_ROW(refusals[i].what, !settled(refusals[i].in, true, &tx, &why));
        CHECK_ROW(refusals[i].what, why.code == refusals[i].code && strstr(why.text, refusals[i].text) != NULL);
    }
}

static void without_a_policy_the_request_names_its_chain(void)
{
    struct gateway_tx tx;
    struct fault why = { 0 };
    CHECK(!settled("{" REST "}", false, &tx, &why) && why.code == FAULT_INPUT);
    CHECK(strstr(why.text, "chainId is missing") != NULL);
    CHECK(settled(WITH("\"chainId\":\"0x5\""), false, &tx, &why));
    const struct u256 five = u256_of(5);
    CHECK(u256_compare(&tx.quantity[QUANTITY_CHAIN_ID], &five) == 0);
}

static void quantities_are_written_without_leading_zeros(void)
{
    static const struct {
        uint64_t value;
        const char *text;
    } rows[] = { { 0, "\"0x0\"" }, { 1, "\"0x1\"" }, { 16, "\"0x10\"" }, { UINT64_MAX, "\"0xffffffffffffffff\"" } };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint8_t room[128];
        struct writer out = writer_of(room, sizeof room);
        struct json_writer json = json_writer_of(&out);
        const struct u256 value = u256_of(rows[i].value);
        struct bytes text = { NULL, 0 };
        gateway_put_quantity(&json, &value);
        CHECK_ROW(rows[i].text, writer_done(&out, &text) && bytes_equal(text, bytes_of_text(rows[i].text)));
    }
    uint8_t room[128];
    struct writer out = writer_of(room, sizeof room);
    struct json_writer json = json_writer_of(&out);
    gateway_put_quantity(&json, &U256_MAX);
    CHECK(!out.failed && out.len == 2 + 2 + 64);
}

int main(void)
{
    dialects_become_one();
    one_thing_wrong_is_refused();
    without_a_policy_the_request_names_its_chain();
    quantities_are_written_without_leading_zeros();
    return failures != 0;
}
