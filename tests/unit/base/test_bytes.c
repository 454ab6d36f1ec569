/* Readers and writers fail once and for good; arenas, secrets and faults keep within their bounds. */
#include "check.h"

#include "core/base/arena.h"
#include "core/base/bytes.h"
#include "core/base/fault.h"
#include "core/base/secret.h"

#include <string.h>
#include <sys/wait.h>

static void a_reader_that_runs_out_gives_zeros_for_good(void)
{
    struct reader in = reader_of(BYTES_LIT("\1\2\3\4"));
    CHECK(reader_be(&in, 3) == 0x010203 && !reader_done(&in));
    CHECK(reader_be(&in, 2) == 0 && in.failed && in.rest.len == 0);
    CHECK(reader_u8(&in) == 0 && reader_take(&in, 0).len == 0 && !reader_done(&in));
    struct reader inner = reader_within(&in, 0);
    CHECK(inner.failed && !reader_done(&inner));

    in = reader_of(BYTES_LIT("\1\2\3\4\5\6\7\x8\x9"));
    CHECK(reader_be(&in, 8) == 0x0102030405060708 && reader_u8(&in) == 9 && reader_done(&in));
    in = reader_of(BYTES_LIT("\1\2\3\4\5\6\7\x8\x9"));
    CHECK(reader_be(&in, 9) == 0 || in.failed);
    CHECK(in.failed);
    in = reader_of(BYTES_LIT("\1\2\3"));
    CHECK(reader_u8(&in) == 1 && reader_u8(&in) == 2 && reader_u8(&in) == 3 && reader_done(&in));
    in = reader_of(BYTES_LIT("ab"));
    CHECK(reader_take(&in, SIZE_MAX).len == 0 && in.failed);
    in = reader_of((struct bytes){ 0 });
    CHECK(reader_take(&in, 0).len == 0 && reader_done(&in));
    in = reader_of(BYTES_LIT("abc"));
    inner = reader_within(&in, 2);
    CHECK(bytes_equal(reader_take(&inner, 2), BYTES_LIT("ab")) && reader_done(&inner) && in.rest.len == 1);
    CHECK(reader_u8(&inner) == 0 && inner.failed && !in.failed);
    reader_fail(&in);
    CHECK(reader_u8(&in) == 0 && !reader_done(&in));
}

static void a_writer_that_runs_out_writes_nothing_more(void)
{
    uint8_t buffer[4] = "....";
    struct writer out = writer_of(buffer, 3);
    struct bytes written = BYTES_INIT("untouched");
    writer_be(&out, 0x0102, 2);
    writer_be(&out, 0x0304, 2);
    CHECK(out.failed);
    writer_u8(&out, 5);
    CHECK(!writer_done(&out, &written) && written.len == 9);
    CHECK(memcmp(buffer, "\1\2..", 4) == 0);

    out = writer_of(buffer, 3);
    writer_text(&out, "abc");
    writer_put(&out, (struct bytes){ 0 });
    CHECK(writer_done(&out, &written) && bytes_equal(written, BYTES_LIT("abc")) && buffer[3] == '.');
    out = writer_of(buffer, sizeof buffer);
    writer_be(&out, 1, 9);
    CHECK(out.failed);
    uint8_t eight[8];
    out = writer_of(eight, sizeof eight);
    writer_be(&out, 0x0102030405060708, 8);
    CHECK(writer_done(&out, &written) && bytes_equal(written, BYTES_LIT("\1\2\3\4\5\6\7\x8")));
    out = writer_of(buffer, sizeof buffer);
    writer_be(&out, UINT64_MAX, 0);
    CHECK(writer_done(&out, &written) && written.len == 0);
    writer_fail(&out);
    CHECK(!writer_done(&out, &written));
}

struct drained {
    uint8_t bytes[32];
    size_t len, calls;
};

static void take_chunk(void *context, struct bytes chunk)
{
    struct drained *drained = context;
    CHECK(chunk.len > 0 && chunk.len <= sizeof drained->bytes - drained->len);
    memcpy(drained->bytes + drained->len, chunk.data, chunk.len);
    drained->len += chunk.len;
    drained->calls++;
}

static void a_writer_that_drains_hands_everything_over_in_order(void)
{
    struct drained drained = { .len = 0 };
    uint8_t buffer[4];
    struct writer out = writer_of(buffer, sizeof buffer);
    struct bytes written;
    out.drain = take_chunk;
    out.context = &drained;
    writer_text(&out, "abc");
    writer_text(&out, "de");          /* does not fit behind abc */
    writer_text(&out, "fghijklmnop"); /* does not fit at all */
    writer_u8(&out, 'q');
    CHECK(writer_done(&out, &written) && written.len == 0);
    CHECK(bytes_equal((struct bytes){ drained.bytes, drained.len }, BYTES_LIT("abcdefghijklmnopq")));
    CHECK(writer_done(&out, &written) && drained.calls == 4);
    writer_fail(&out);
    writer_text(&out, "more than fits");
    CHECK(!writer_done(&out, &written) && drained.len == 17);
}

static void views_compare_as_memory_does(void)
{
    CHECK(bytes_equal((struct bytes){ 0 }, BYTES_LIT("")) && !bytes_equal(BYTES_LIT("a"), BYTES_LIT("b")));
    CHECK(bytes_compare(BYTES_LIT("a"), BYTES_LIT("ab")) < 0 && bytes_compare(BYTES_LIT("b"), BYTES_LIT("ab")) > 0);
    CHECK(bytes_compare(BYTES_LIT("\xff"), BYTES_LIT("\x01")) > 0);
    CHECK(bytes_compare((struct bytes){ 0 }, BYTES_LIT("")) == 0);
    CHECK(bytes_equal(bytes_of_text("ab"), BYTES_LIT("ab")));
}

static void an_arena_gives_aligned_pieces_until_it_is_full(void)
{
    static _Alignas(16) uint8_t memory[100];
    memset(memory, 0xee, sizeof memory);
    struct arena arena = arena_of(memory + 1, 64);
    uint8_t *first = arena_take(&arena, 1), *none = arena_take(&arena, 0), *second = arena_take(&arena, 16);
    CHECK(first == memory + 16 && none == memory + 32 && second == memory + 32 && arena.len == 47);
    CHECK(arena_take(&arena, 18) == NULL && arena_take(&arena, SIZE_MAX) == NULL && arena.len == 47);
    CHECK(arena_take(&arena, 17) == memory + 48 && arena_take(&arena, 1) == NULL);
    arena_wipe(&arena);
    arena.data[0] = 1;
    CHECK(arena_take(&arena, 0) != NULL);
    arena_wipe(&arena);
    CHECK(arena.len == 0 && memory[0] == 0xee && memory[1] == 0 && memory[64] == 0 && memory[65] == 0xee);
}

static void an_arenas_writer_is_kept_or_given_back(void)
{
    static _Alignas(16) uint8_t memory[64];
    struct arena arena = arena_of(memory, sizeof memory);
    struct bytes kept;
    CHECK(arena_take(&arena, 3) == memory);
    struct writer out = arena_writer(&arena);
    CHECK(out.data == memory + 16 && out.cap == 48);
    writer_text(&out, "given back");
    out = arena_writer(&arena);
    writer_text(&out, "kept");
    CHECK(arena_keep(&arena, &out, &kept) && kept.data == memory + 16 && kept.len == 4 && arena.len == 20);
    out = arena_writer(&arena);
    writer_text(&out, "more than the thirty-two bytes left");
    CHECK(!arena_keep(&arena, &out, &kept) && arena.len == 20);
    CHECK(arena_take(&arena, 32) == memory + 32);
    out = arena_writer(&arena);
    CHECK(out.cap == 0 && arena_keep(&arena, &out, &kept) && kept.len == 0);
}

static void secrets_are_wiped_and_compared_whole(void)
{
    struct secret32 key WIPED;
    memset(key.bytes, 0xab, sizeof key.bytes);
    secret32_wipe(&key);
    CHECK(key.bytes[0] == 0 && key.bytes[31] == 0);
    static struct secret_text text;
    static const uint8_t too_long[SECRET_TEXT_MAX + 1];
    CHECK(secret_text_set(&text, BYTES_LIT("token")) && bytes_equal(secret_text_view(&text), BYTES_LIT("token")));
    CHECK(!secret_text_set(&text, BYTES_OF(too_long)) && bytes_equal(secret_text_view(&text), BYTES_LIT("token")));
    CHECK(secret_text_set(&text, (struct bytes){ too_long, SECRET_TEXT_MAX }) && text.len == SECRET_TEXT_MAX);
    CHECK(secret_text_set(&text, (struct bytes){ 0 }) && text.len == 0);
    CHECK(secret_text_set(&text, BYTES_LIT("x")) && bytes_equal(secret_text_view(&text), BYTES_LIT("x")));
    CHECK(secret_text_set(&text, BYTES_LIT("token")));
    secret_text_wipe(&text);
    CHECK(text.len == 0 && text.bytes[0] == 0 && text.bytes[4] == 0);
    CHECK(secret_equal(BYTES_LIT("ab"), BYTES_LIT("ab")) && !secret_equal(BYTES_LIT("ab"), BYTES_LIT("aB")));
    CHECK(!secret_equal(BYTES_LIT("ab"), BYTES_LIT("abc")) && secret_equal(BYTES_LIT(""), (struct bytes){ 0 }));
    CHECK(!secret_equal(BYTES_LIT("\x80"), BYTES_LIT("\0")));
}

static void faults_keep_within_their_text(void)
{
    struct fault why = { 0 };
    char text[2 * sizeof why.text];
    memset(text, 'a', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    CHECK(!fault_set(&why, FAULT_LIMIT, "%s", text) && why.code == FAULT_LIMIT && why.rule == NULL);
    CHECK(strlen(why.text) == sizeof why.text - 1);
    CHECK(!fault_prefix(&why, "bb") && strncmp(why.text, "bba", 3) == 0 && strlen(why.text) == sizeof why.text - 1);
    CHECK(!fault_prefix(&why, text) && why.text[0] == 'a' && strlen(why.text) == sizeof why.text - 1);
    CHECK(!fault_refuse(&why, "max_gas", "too much (%d)", 7) && why.code == FAULT_POLICY);
    CHECK(strcmp(why.rule, "max_gas") == 0 && strcmp(why.text, "too much (7) [max_gas]") == 0);
    CHECK(!fault_prefix(&why, "refused: ") && strcmp(why.text, "refused: too much (7) [max_gas]") == 0);
    CHECK(!fault_set(&why, FAULT_INPUT, "x") && why.rule == NULL);
    static const char *const names[] = { "internal", "input", "state", "policy", "remote", "limit", "internal" };
    for (enum fault_code code = FAULT_NONE; code <= FAULT_INTERNAL; code++)
        CHECK(strcmp(fault_code_name(code), names[code]) == 0);
}

static void a_broken_promise_ends_the_program(void)
{
    const pid_t child = fork();
    if (child == 0) {
        must(1 + 1 == 3);
        _exit(0);
    }
    int status = 0;
    CHECK(waitpid(child, &status, 0) == child && WIFSIGNALED(status) && WTERMSIG(status) == 6);
    must(1 + 1 == 2);
}

int main(void)
{
    a_reader_that_runs_out_gives_zeros_for_good();
    a_writer_that_runs_out_writes_nothing_more();
    a_writer_that_drains_hands_everything_over_in_order();
    views_compare_as_memory_does();
    an_arena_gives_aligned_pieces_until_it_is_full();
    an_arenas_writer_is_kept_or_given_back();
    secrets_are_wiped_and_compared_whole();
    faults_keep_within_their_text();
    a_broken_promise_ends_the_program();
    return failures != 0;
}
