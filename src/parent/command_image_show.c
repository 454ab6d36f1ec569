/* image measure and image describe: what is in an image, ours or anybody's. */
#include "parent/command.h"
#include "parent/image_file.h"
#include "parent/image_report.h"
#include "parent/output.h"
#include "parent/rpc_command.h"

#include <stdlib.h>

static const struct flag flags[] = { { "json", NULL, "JSON, also on a terminal", false } };

static enum exit_code show(const struct arguments *arguments, bool whole)
{
    struct bytes contents, text;
    struct eif eif;
    struct fault why;
    if (!image_open(arguments->operands[0], &contents, &eif, &why))
        return command_failed(EXIT_CODE_INPUT, &why);
    uint8_t *room = malloc(IMAGE_REPORT_MAX);
    struct writer out = writer_of(room, room == NULL ? 0 : IMAGE_REPORT_MAX);
    struct json_writer json = json_writer_of(&out);
    const struct measurements measured = eif_measure(&eif);
    json_begin_object(&json);
    if (whole)
        image_report_put(&json, &eif);
    else
        image_report_measurements(&json, &measured);
    json_end_object(&json);
    const bool done = writer_done(&out, &text);
    if (done && (whole || wants_json(arguments)))
        put_json_pretty((struct json){ text });
    else if (done)
        put_table(json_member((struct json){ text }, BYTES_LIT("Measurements")));
    free(room);
    image_file_free(&contents);
    if (done)
        return EXIT_CODE_DONE;
    (void)fault_set(&why, FAULT_LIMIT, "the description is over %d bytes", IMAGE_REPORT_MAX);
    return command_failed(EXIT_CODE_INTERNAL, &why);
}

static enum exit_code run_measure(const struct arguments *arguments)
{
    return show(arguments, false);
}

static enum exit_code run_describe(const struct arguments *arguments)
{
    return show(arguments, true);
}

const struct command command_image_measure = {
    .name = "image measure",
    .operands = "FILE",
    .operands_least = 1,
    .operands_most = 1,
    .summary = "the PCRs of an enclave image, recomputed",
    .about = "Reads any EIF, ours or one that nitro-cli built, and prints PCR0, PCR1, PCR2 and,\n"
             "when it is signed, PCR8. A malformed file is refused with what is wrong in it.",
    .examples = "  ensign image measure build/ensign.eif",
    .flags = FLAG_TABLE(flags),
    .run = run_measure,
};

const struct command command_image_describe = {
    .name = "image describe",
    .operands = "FILE",
    .operands_least = 1,
    .operands_most = 1,
    .summary = "what is in an enclave image: sections, files, settings, signature",
    .about = "Prints, as JSON, the header, every section with its SHA-256, the kernel's command\n"
             "line, the metadata, whether the signature holds, every file of every ramdisk, and\n"
             "the settings with their mode. A malformed file is refused with what is wrong.",
    .examples = "  ensign image describe build/ensign.eif",
    .flags = FLAG_TABLE(flags),
    .run = run_describe,
};
