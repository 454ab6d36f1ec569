/* EIP-712: the standard's example, digests that eth-account makes, and documents wrong in one way. */
#include "vectors.h"

#include "core/eth/typed_data.h"

static uint8_t room[1 << 17], want_room[64];

static bool hash_of(struct json document, struct hash32 *hash, struct fault *why)
{
    struct arena arena = arena_of(room, sizeof room);
    *why = (struct fault){ 0 };
    return typed_data_hash(document, &arena, hash, why);
}

static void digests_equal_those_of_eth_account(void)
{
    static struct vector_file vectors;
    struct json row;
    for (vector_open(&vectors, "ethereum/typed_data.jsonl"); vector_next_json(&vectors, &row);) {
        struct bytes want = vector_hex(vector_text(row, "digest"), want_room, sizeof want_room);
        struct hash32 hash;
        struct fault why;
        bool good = hash_of(json_member(row, BYTES_LIT("document")), &hash, &why);
        CHECK_ROW(vectors.place, good && bytes_equal(BYTES_OF(hash.bytes), want));
        if (!good)
            fprintf(stderr, "got: %s\n", why.text);
    }
}

#define MAIL_TYPES \
    "\"Person\":[{\"name\":\"name\",\"type\":\"string\"},{\"name\":\"wallet\",\"type\":\"address\"}]," \
    "\"Mail\":[{\"name\":\"from\",\"type\":\"Person\"},{\"name\":\"to\",\"type\":\"Person\"}," \
    "{\"name\":\"contents\",\"type\":\"string\"}]"
#define MAIL_DOMAIN \
    "\"EIP712Domain\":[{\"name\":\"name\",\"type\":\"string\"},{\"name\":\"version\",\"type\":\"string\"}," \
    "{\"name\":\"chainId\",\"type\":\"uint256\"},{\"name\":\"verifyingContract\",\"type\":\"address\"}]"
#define MAIL(types) \
    "{\"types\":{" types "},\"primaryType\":\"Mail\",\"domain\":{\"name\":\"Ether Mail\",\"version\":\"1\"," \
    "\"chainId\":1,\"verifyingContract\":\"0xCcCCccccCCCCcCCCCCCcCcCccCcCCCcCcccccccC\"}," \
    "\"message\":{\"from\":{\"name\":\"Cow\",\"wallet\":\"0xCD2a3d9F938E13CD947Ec05AbC7FE734Df8DD826\"}," \
    "\"to\":{\"name\":\"Bob\",\"wallet\":\"0xbBbBBBBbbBBBbbbBbbBbbbbBBbBbbbbBbBbbBBbB\"}," \
    "\"contents\":\"Hello, Bob!\"}}"

static struct json json_of(const char *text)
{
    struct json value = { 0 };
    struct fault why = { 0 };
    CHECK_ROW(text, json_read(bytes_of_text(text), &value, &why));
    return value;
}

static void the_mail_of_the_standard_comes_out(void)
{
    static const char *const documents[] = { MAIL(MAIL_DOMAIN "," MAIL_TYPES), MAIL(MAIL_TYPES) };
    const struct bytes want = vector_hex(BYTES_LIT("be609aee343fb3c4b28e1df9e632fca64fcfaede20f02e86244efddf30957bd2"),
                                         want_room, sizeof want_room);
    for (size_t i = 0; i < sizeof documents / sizeof *documents; i++) {
        struct hash32 hash;
        struct fault why;
        CHECK_ROW(documents[i], hash_of(json_of(documents[i]), &hash, &why));
        CHECK_ROW(documents[i], bytes_equal(BYTES_OF(hash.bytes), want));
    }
}

/* A document of one type A with one member, and one with more types. */
#define DOCUMENT(types, primary, domain, message) \
    "{\"types\":{" types "},\"primaryType\":\"" primary "\",\"domain\":{" domain "},\"message\":{" message "}}"
#define FIELD(name, type)     "{\"name\":\"" name "\",\"type\":\"" type "\"}"
#define ONE(type, value)      DOCUMENT("\"A\":[" FIELD("x", type) "]", "A", "", "\"x\":" value)
#define TYPES(types)          DOCUMENT(types, "A", "", "\"x\":1")
#define DOMAIN(types, domain) DOCUMENT(types "\"A\":[" FIELD("x", "bool") "]", "A", domain, "\"x\":true")
#define AN_ADDRESS            "CD2a3d9F938E13CD947Ec05AbC7FE734Df8DD826"
#define SALT                  "\"0x1111111111111111111111111111111111111111111111111111111111111111\""
#define MAX_255               "57896044618658097711785492504343953926634992332820282019728792003956564819967"
#define TWO_255               "57896044618658097711785492504343953926634992332820282019728792003956564819968"
#define TWO_255_1             "57896044618658097711785492504343953926634992332820282019728792003956564819969"
#define TWO_256               "115792089237316195423570985008687907853269984665640564039457584007913129639936"

static const struct {
    const char *why, *document, *words; /* NULL: taken; else what the message begins with */
} rows[] = {
    { "uint8 at its top", ONE("uint8", "255"), NULL },
    { "uint8 beyond", ONE("uint8", "256"), "message.x: an integer within" },
    { "uint8 below zero", ONE("uint8", "-1"), "message.x: an integer not below zero" },
    { "minus zero", ONE("uint8", "-0"), NULL },
    { "int8 at its top", ONE("int8", "127"), NULL },
    { "int8 beyond", ONE("int8", "128"), "message.x: an integer within" },
    { "int8 at its bottom", ONE("int8", "-128"), NULL },
    { "int8 below", ONE("int8", "-129"), "message.x: an integer within" },
    { "int256 at its top", ONE("int256", MAX_255), NULL },
    { "int256 beyond", ONE("int256", TWO_255), "message.x: an integer within" },
    { "int256 at its bottom", ONE("int256", "-" TWO_255), NULL },
    { "int256 below", ONE("int256", "-" TWO_255_1), "message.x: an integer within" },
    { "257 bits", ONE("uint256", TWO_256), "message.x: an integer of at most 256 bits" },
    { "a decimal string", ONE("uint8", "\"7\""), NULL },
    { "a negative decimal string", ONE("int8", "\"-7\""), NULL },
    { "a hex string", ONE("uint8", "\"0xfF\""), NULL },
    { "a negative hex string", ONE("int8", "\"-0x1\""), "message.x: an integer of" },
    { "0x alone", ONE("uint8", "\"0x\""), "message.x: an integer of" },
    { "an empty string for an integer", ONE("uint8", "\"\""), "message.x: an integer of" },
    { "a space before an integer", ONE("uint8", "\" 7\""), "message.x: an integer of" },
    { "a plus before an integer", ONE("uint8", "\"+7\""), "message.x: an integer of" },
    { "an underscore in an integer", ONE("uint16", "\"1_0\""), "message.x: an integer of" },
    { "a float", ONE("uint8", "1.0"), "message.x: an integer of" },
    { "an exponent", ONE("uint8", "1e1"), "message.x: an integer of" },
    { "true for an integer", ONE("uint8", "true"), "message.x: an integer of" },
    { "null for an integer", ONE("uint8", "null"), "message.x: an integer of" },
    { "true", ONE("bool", "true"), NULL },
    { "1 for true", ONE("bool", "1"), "message.x: true or false" },
    { "a text for false", ONE("bool", "\"false\""), "message.x: true or false" },
    { "a text", ONE("string", "\"\\u00e9\""), NULL },
    { "a number for a text", ONE("string", "1"), "message.x: a string" },
    { "null for a text", ONE("string", "null"), "message.x: a string" },
    { "no bytes", ONE("bytes", "\"0x\""), NULL },
    { "bytes without 0x", ONE("bytes", "\"11\""), "message.x: bytes as 0x" },
    { "bytes of an odd number of digits", ONE("bytes", "\"0x111\""), "message.x: bytes as 0x" },
    { "bytes with a letter that is no digit", ONE("bytes", "\"0x1g\""), "message.x: bytes as 0x" },
    { "bytes as a number", ONE("bytes", "17"), "message.x: bytes as 0x" },
    { "bytes2", ONE("bytes2", "\"0x1122\""), NULL },
    { "bytes2, one byte short", ONE("bytes2", "\"0x11\""), "message.x: 0x and exactly two" },
    { "bytes2, one byte more", ONE("bytes2", "\"0x112233\""), "message.x: 0x and exactly two" },
    { "bytes2 as text", ONE("bytes2", "\"ab\""), "message.x: 0x and exactly two" },
    { "an address", ONE("address", "\"0x" AN_ADDRESS "\""), NULL },
    { "an address without 0x", ONE("address", "\"" AN_ADDRESS "\""), NULL },
    { "an address in lower case", ONE("address", "\"0xcd2a3d9f938e13cd947ec05abc7fe734df8dd826\""), NULL },
    { "an address in another mixed case", ONE("address", "\"0xcD2a3d9F938E13CD947Ec05AbC7FE734Df8DD826\""),
      "message.x: an address" },
    { "a short address", ONE("address", "\"0xCD2a3d9F938E13CD947Ec05AbC7FE734Df8DD8\""), "message.x: an address" },
    { "an address as a number", ONE("address", "1"), "message.x: an address" },
    { "an array", ONE("uint8[]", "[1,2]"), NULL },
    { "an array with a wrong item", ONE("uint8[]", "[1,2,300]"), "message.x[2]: an integer within" },
    { "an object for an array", ONE("uint8[]", "{}"), "message.x: an array" },
    { "two of two", ONE("uint8[2]", "[1,2]"), NULL },
    { "one of two", ONE("uint8[2]", "[1]"), "message.x[1]: another number of items" },
    { "three of two", ONE("uint8[2]", "[1,2,3]"), "message.x[3]: another number of items" },
    { "arrays of arrays", ONE("uint8[2][]", "[[1,2],[3,4],[5,6]]"), NULL },
    { "arrays the other way round", ONE("uint8[][2]", "[[1,2],[3,4],[5,6]]"), "message.x[3]: another number" },
    { "a wrong item within", ONE("uint8[2][]", "[[1,2],[3,\"\"]]"), "message.x[1][1]: an integer" },
    { "16 deep", ONE("uint8[][][][][][][][][][][][][][][]", "[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]"), NULL },
    { "17 deep", ONE("uint8[][][][][][][][][][][][][][][][]", "[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]"),
      "message.x[0][0][0][0][0][0][0][0][0][0][0][0][0][0][0]: nested too deeply" },
    { "a member missing", DOCUMENT("\"A\":[" FIELD("x", "bool") "]", "A", "", ""), "message.x: missing" },
    { "a member more", DOCUMENT("\"A\":[" FIELD("x", "bool") "]", "A", "", "\"x\":true,\"y\":1"),
      "message: a member that its type does not name" },
    { "a member missing within",
      DOCUMENT("\"A\":[" FIELD("x", "B") "],\"B\":[" FIELD("y", "bool") "]", "A", "", "\"x\":{}"),
      "message.x.y: missing" },
    { "a member more within",
      DOCUMENT("\"A\":[" FIELD("x", "B[]") "],\"B\":[" FIELD("y", "bool") "]", "A", "", "\"x\":[{\"y\":true,\"z\":1}]"),
      "message.x[0]: a member that its type" },
    { "null for a struct",
      DOCUMENT("\"A\":[" FIELD("x", "B") "],\"B\":[" FIELD("y", "bool") "]", "A", "", "\"x\":null"), NULL },
    { "a text for a struct",
      DOCUMENT("\"A\":[" FIELD("x", "B") "],\"B\":[" FIELD("y", "bool") "]", "A", "", "\"x\":\"\""),
      "message.x: an object" },
    { "a type that needs itself", DOCUMENT("\"A\":[" FIELD("x", "A[]") "]", "A", "", "\"x\":[{\"x\":[]}]"), NULL },
    { "no such type", TYPES("\"A\":[" FIELD("x", "B") "]"), "types.A.x: no such type (got \"B\"" },
    { "uint without a size", TYPES("\"A\":[" FIELD("x", "uint") "]"), "types.A.x: no such type" },
    { "uint7", TYPES("\"A\":[" FIELD("x", "uint7") "]"), "types.A.x: no such type" },
    { "uint264", TYPES("\"A\":[" FIELD("x", "uint264") "]"), "types.A.x: no such type" },
    { "uint08", TYPES("\"A\":[" FIELD("x", "uint08") "]"), "types.A.x: no such type" },
    { "bytes0", TYPES("\"A\":[" FIELD("x", "bytes0") "]"), "types.A.x: no such type" },
    { "bytes33", TYPES("\"A\":[" FIELD("x", "bytes33") "]"), "types.A.x: no such type" },
    { "an array of 0", TYPES("\"A\":[" FIELD("x", "bool[0]") "]"), "types.A.x: no such type" },
    { "an array of 01", TYPES("\"A\":[" FIELD("x", "bool[01]") "]"), "types.A.x: no such type" },
    { "an array never opened", TYPES("\"A\":[" FIELD("x", "bool]") "]"), "types.A.x: no such type" },
    { "an array never closed", TYPES("\"A\":[" FIELD("x", "bool[") "]"), "types.A.x: no such type" },
    { "an empty type", TYPES("\"A\":[" FIELD("x", "") "]"), "types.A.x: no such type" },
    { "the domain as a type", TYPES("\"A\":[" FIELD("x", "EIP712Domain") "]"), "types.A.x: no such type" },
    { "a type called uint8", TYPES("\"A\":[" FIELD("x", "bool") "],\"uint8\":[]"), "types.uint8: the name of" },
    { "a type called bytes33", TYPES("\"A\":[" FIELD("x", "bool") "],\"bytes33\":[]"), "types.bytes33: the name of" },
    { "a type's name with a comma", TYPES("\"A,B\":[]"), "types: a name of at most" },
    { "a type's name with an escape", TYPES("\"\\u0041\":[]"), "types: a name of at most" },
    { "a type's name that is empty", TYPES("\"\":[]"), "types: a name of at most" },
    { "a field's name with a space", TYPES("\"A\":[" FIELD("x y", "bool") "]"), "types.A: a field must be" },
    { "a field with three members", TYPES("\"A\":[{\"name\":\"x\",\"type\":\"bool\",\"z\":1}]"),
      "types.A: a field must be" },
    { "a field without a type", TYPES("\"A\":[{\"name\":\"x\"}]"), "types.A: a field must be" },
    { "two fields of one name", TYPES("\"A\":[" FIELD("x", "bool") "," FIELD("x", "bool") "]"), "types.A: two fields" },
    { "fields that are no array", TYPES("\"A\":{}"), "types.A: an array of fields" },
    { "a type that is not needed", TYPES("\"A\":[" FIELD("x", "uint8") "],\"B\":[]"), "types.B: not needed" },
    { "a primary type that another needs",
      DOCUMENT("\"A\":[" FIELD("x", "B") "],\"B\":[" FIELD("y", "bool") "]", "B", "", "\"y\":true"),
      "primaryType: needed by A" },
    { "no such primary type", DOCUMENT("\"A\":[]", "B", "", ""), "primaryType: the name of one" },
    { "every domain field",
      DOMAIN("", "\"name\":\"n\",\"version\":\"1\",\"chainId\":\"0x1\",\"verifyingContract\":\"0x" AN_ADDRESS
                 "\",\"salt\":" SALT),
      NULL },
    { "a domain field more", DOMAIN("", "\"x\":1"), "domain: a member that its type does not name" },
    { "a chain id below zero", DOMAIN("", "\"chainId\":-1"), "domain.chainId: an integer not below" },
    { "a domain name null", DOMAIN("", "\"name\":null"), "domain.name: a string" },
    { "domain types in the standard's order",
      DOMAIN("\"EIP712Domain\":[" FIELD("name", "string") "," FIELD("chainId", "uint256") "],",
             "\"chainId\":1,\"name\":\"\""),
      NULL },
    { "domain types in another order",
      DOMAIN("\"EIP712Domain\":[" FIELD("chainId", "uint256") "," FIELD("name", "string") "],",
             "\"chainId\":1,\"name\":\"\""),
      "types.EIP712Domain: " },
    { "a domain type of another kind", DOMAIN("\"EIP712Domain\":[" FIELD("chainId", "uint64") "],", "\"chainId\":1"),
      "types.EIP712Domain: " },
    { "a domain type missing", DOMAIN("\"EIP712Domain\":[],", "\"chainId\":1"), "types.EIP712Domain: " },
    { "a domain type more", DOMAIN("\"EIP712Domain\":[" FIELD("name", "string") "],", ""), "types.EIP712Domain: " },
    { "a document without types", "{\"primaryType\":\"A\",\"domain\":{},\"message\":{},\"x\":{}}",
      "typed data must have" },
    { "a document with one member more",
      "{\"types\":{\"A\":[]},\"primaryType\":\"A\",\"domain\":{},\"message\":{},\"x\":1}", "typed data must have" },
    { "an array for the document", "[]", "typed data must have" },
    { "types that are no object", "{\"types\":[],\"primaryType\":\"A\",\"domain\":{},\"message\":{}}",
      "types and domain" },
    { "a message that is no object", "{\"types\":{\"A\":[]},\"primaryType\":\"A\",\"domain\":{},\"message\":[]}",
      "message: an object" },
    { "a primary type that is a number", "{\"types\":{\"A\":[]},\"primaryType\":1,\"domain\":{},\"message\":{}}",
      "primaryType: the name" },
};

static void documents_wrong_in_one_way_are_refused(void)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct hash32 hash = { { 0x77 } };
        struct fault why;
        bool taken = hash_of(json_of(rows[i].document), &hash, &why);
        bool as_said = rows[i].words == NULL
                           ? taken
                           : !taken && text_starts_with(bytes_of_text(why.text), bytes_of_text(rows[i].words));
        CHECK_ROW(rows[i].why, as_said && (taken || (why.code != FAULT_NONE && hash.bytes[0] == 0x77)));
        if (!as_said)
            fprintf(stderr, "got: %s\n", taken ? "taken" : why.text);
    }
}

static char text[1 << 20];

static void more_than_the_maxima_is_a_limit(void)
{
    struct hash32 hash;
    struct fault why;
    for (size_t more = 0; more < 2; more++) {
        /* x and the array are values too */
        size_t len = (size_t)snprintf(
            text, sizeof text, "%s",
            "{\"types\":{\"A\":[" FIELD("x", "bool[]") "]},"
                                                       "\"primaryType\":\"A\",\"domain\":{},\"message\":{\"x\":[");
        for (size_t i = 0; i < TYPED_DATA_VALUES_MAX - 1 + more; i++)
            len += (size_t)snprintf(text + len, sizeof text - len, i == 0 ? "true" : ",true");
        snprintf(text + len, sizeof text - len, "]}}");
        CHECK(hash_of(json_of(text), &hash, &why) == (more == 0));
        CHECK(more == 0 || why.code == FAULT_LIMIT);

        /* as many types as there may be, each needed by the one before */
        len = (size_t)snprintf(text, sizeof text, "{\"types\":{");
        for (size_t i = 0; i < 64 + more; i++)
            len +=
                (size_t)snprintf(text + len, sizeof text - len,
                                 i + 1 < 64 + more ? "\"T%zu\":[" FIELD("n", "T%zu") "]," : "\"T%zu\":[]}", i, i + 1);
        snprintf(text + len, sizeof text - len, ",\"primaryType\":\"T0\",\"domain\":{},\"message\":{\"n\":null}}");
        CHECK(hash_of(json_of(text), &hash, &why) == (more == 0));
        CHECK(more == 0 || why.code == FAULT_LIMIT);
    }
    struct arena small = arena_of(room, TYPED_DATA_ARENA / 2);
    CHECK(!typed_data_hash(json_of(MAIL(MAIL_TYPES)), &small, &hash, &why) && why.code == FAULT_LIMIT);
    struct arena enough = arena_of(room, TYPED_DATA_ARENA);
    CHECK(typed_data_hash(json_of(MAIL(MAIL_TYPES)), &enough, &hash, &why));
}

int main(void)
{
    digests_equal_those_of_eth_account();
    the_mail_of_the_standard_comes_out();
    documents_wrong_in_one_way_are_refused();
    more_than_the_maxima_is_a_limit();
    return failures != 0;
}
