/* image build: ensign's own image, the same bytes each time, with its measurements and what it was made of beside it.
 */
#include "core/base/secret.h"
#include "image/assemble.h"
#include "parent/command.h"
#include "parent/image_file.h"
#include "parent/image_report.h"
#include "parent/output.h"
#include "parent/version.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PART_MAX = 128 << 20, SETTINGS_FILE_MAX = 1 << 20, PATH_ROOM = 4096, REPORT_ROOM = 65536, FILES_MAX = 9 };

static const struct flag flags[] = {
    { "kernel", "FILE", "bzImage or Image", false },
    { "kernel-info", "FILE", "JSON object that says which kernel it is, as `make kernel` writes it", false },
    { "made-with", "FILE", "JSON object of packages and their versions; goes into FILE.build.json only", false },
    { "cmdline", "TEXT", "the kernel's command line (default: what the machine needs; measured)", false },
    { "init", "FILE", "the first process", false },
    { "ensignd", "FILE", "the signer", false },
    { "settings", "FILE", "settings.json, measured (default: {\"mode\":\"open\"})", false },
    { "nsm-module", "FILE", "nsm.ko, for a kernel of AWS's that has the driver as a module", false },
    { "arch", "NAME", "x86_64 (default) or aarch64", false },
    { "signing-certificate", "FILE", "PEM, P-384: sign the image, which gives it a PCR8", false },
    { "private-key", "FILE", "PEM, unencrypted: the certificate's key", false },
    { "out", "FILE", "the image; FILE.pcrs.json and FILE.build.json are written beside it", false },
};

/* Every file that was read. Parts that were not given are texts of our own. */
struct loaded {
    struct bytes files[FILES_MAX];
    size_t count;
};

static void loaded_free(struct loaded *loaded)
{
    for (size_t i = 0; i < loaded->count; i++) {
        struct bytes *file = &loaded->files[i];
        wipe((void *)(uintptr_t)file->data, file->len); /* one of them may be a private key */
        image_file_free(file);
    }
}

static bool load(const struct arguments *arguments, struct loaded *loaded, const char *flag, size_t cap,
                 struct bytes *contents, struct fault *why)
{
    const char *path = argument(arguments, flag);
    if (path == NULL)
        return true;
    must(loaded->count < FILES_MAX);
    if (!image_file_read(path, cap, contents, why))
        return false;
    loaded->files[loaded->count++] = *contents;
    return true;
}

/* ensignd judges settings when it starts; here only what would make every image of them useless. */
static bool check_settings(struct bytes text, struct fault *why)
{
    struct json settings;
    if (!json_read(text, &settings, why))
        return fault_prefix(why, "the settings: ");
    const struct json mode = json_member(settings, BYTES_LIT("mode"));
    if (!json_string_is(mode, BYTES_LIT("open")) && !json_string_is(mode, BYTES_LIT("strict")))
        return fault_set(why, FAULT_INPUT, "the settings: \"mode\" must be \"open\" or \"strict\"");
    return true;
}

static bool check_needed(const struct arguments *arguments, struct fault *why)
{
    static const char *const needed[] = { "kernel", "init", "ensignd", "out" };
    for (size_t i = 0; i < sizeof needed / sizeof *needed; i++)
        if (argument(arguments, needed[i]) == NULL)
            return fault_set(why, FAULT_INPUT, "--%s FILE is needed", needed[i]);
    const char *arch = argument(arguments, "arch");
    if (arch != NULL && strcmp(arch, "x86_64") != 0 && strcmp(arch, "aarch64") != 0)
        return fault_set(why, FAULT_INPUT, "--arch is '%.20s', wanted x86_64 or aarch64", arch);
    return true;
}

/* An empty view when the flag is not given. */
static bool load_object(const struct arguments *arguments, struct loaded *loaded, const char *flag, struct bytes *text,
                        struct fault *why)
{
    struct json object;
    if (!load(arguments, loaded, flag, REPORT_ROOM / 4, text, why))
        return false;
    if (argument(arguments, flag) == NULL)
        return true;
    if (!json_read(*text, &object, why) || json_kind(object) != JSON_OBJECT)
        return fault_set(why, FAULT_INPUT, "--%s holds no JSON object", flag);
    *text = object.text;
    return true;
}

static bool load_parts(const struct arguments *arguments, struct loaded *loaded, struct image_parts *parts,
                       struct bytes *made_with, struct fault *why)
{
    const char *arch = argument(arguments, "arch"), *cmdline = argument(arguments, "cmdline");
    parts->version = ensign_version;
    parts->is_arm64 = arch != NULL && strcmp(arch, "aarch64") == 0;
    parts->cmdline = bytes_of_text(cmdline != NULL ? cmdline : parts->is_arm64 ? IMAGE_CMDLINE_ARM64 : IMAGE_CMDLINE);
    parts->settings = BYTES_LIT("{\"mode\":\"open\"}");
    if (!load(arguments, loaded, "kernel", PART_MAX, &parts->kernel, why) ||
        !load(arguments, loaded, "init", PART_MAX, &parts->init, why) ||
        !load(arguments, loaded, "ensignd", PART_MAX, &parts->ensignd, why) ||
        !load(arguments, loaded, "settings", SETTINGS_FILE_MAX, &parts->settings, why) ||
        !load(arguments, loaded, "nsm-module", PART_MAX, &parts->nsm_module, why) ||
        !load_object(arguments, loaded, "kernel-info", &parts->kernel_info, why) ||
        !load_object(arguments, loaded, "made-with", made_with, why) ||
        !load(arguments, loaded, "signing-certificate", PART_MAX, &parts->certificate_pem, why) ||
        !load(arguments, loaded, "private-key", PART_MAX, &parts->private_key_pem, why))
        return false;
    return check_settings(parts->settings, why);
}

static void put_input(struct json_writer *json, const char *name, struct bytes contents, const char *version)
{
    const struct hash32 hash = sha256(contents);
    if (contents.len == 0)
        return;
    json_key(json, name);
    json_begin_object(json);
    json_key(json, "bytes");
    json_put_uint(json, contents.len);
    json_key(json, "sha256");
    json_put_digest(json, BYTES_OF(hash.bytes));
    if (version != NULL) {
        json_key(json, "version");
        json_put_text(json, version);
    }
    json_end_object(json);
}

static void put_build(struct json_writer *json, const struct image_parts *parts, struct bytes made_with,
                      struct bytes file, const struct measurements *measured)
{
    json_begin_object(json);
    image_report_measurements(json, measured);
    json_key(json, "cmdline");
    json_put_string(json, parts->cmdline);
    json_key(json, "ensign_commit");
    json_put_text(json, ensign_commit);
    json_key(json, "ensign_version");
    json_put_text(json, ensign_version);
    put_input(json, "image", file, NULL);
    json_key(json, "inputs");
    json_begin_object(json);
    put_input(json, "ensignd", parts->ensignd, ensign_version);
    put_input(json, "init", parts->init, ensign_version);
    put_input(json, "kernel", parts->kernel, NULL);
    put_input(json, "nsm.ko", parts->nsm_module, NULL);
    put_input(json, "settings", parts->settings, NULL);
    put_input(json, "signing_certificate", parts->certificate_pem, NULL);
    json_end_object(json);
    if (parts->kernel_info.len > 0) {
        json_key(json, "kernel_info");
        json_put_json(json, (struct json){ parts->kernel_info });
    }
    if (made_with.len > 0) {
        json_key(json, "made_with");
        json_put_json(json, (struct json){ made_with });
    }
    json_end_object(json);
}

static bool write_beside(const char *image, const char *suffix, struct bytes json, struct fault *why)
{
    char path[PATH_ROOM];
    const int len = snprintf(path, sizeof path, "%s%s", image, suffix);
    if (len < 0 || (size_t)len >= sizeof path)
        return fault_set(why, FAULT_INPUT, "the file name is too long");
    return image_file_replace(path, json, why);
}

static bool write_all(const char *path, const struct image_parts *parts, struct bytes made_with, struct bytes file,
                      const struct measurements *measured, struct fault *why)
{
    static uint8_t room[2][REPORT_ROOM];
    struct writer pcrs = writer_of(room[0], sizeof room[0]), build = writer_of(room[1], sizeof room[1]);
    struct json_writer pcrs_json = json_writer_of(&pcrs), build_json = json_writer_of(&build);
    struct bytes pcrs_text, build_text;
    json_begin_object(&pcrs_json);
    image_report_measurements(&pcrs_json, measured);
    json_end_object(&pcrs_json);
    put_build(&build_json, parts, made_with, file, measured);
    if (!writer_done(&pcrs, &pcrs_text) || !writer_done(&build, &build_text))
        return fault_set(why, FAULT_LIMIT, "the build information is over %d bytes", REPORT_ROOM);
    if (!write_beside(path, "", file, why) || !write_beside(path, ".pcrs.json", pcrs_text, why) ||
        !write_beside(path, ".build.json", build_text, why))
        return false;
    put_json_pretty((struct json){ pcrs_text });
    return true;
}

static enum exit_code run(const struct arguments *arguments)
{
    struct image_parts parts = { 0 };
    struct bytes made_with = { 0 };
    struct loaded loaded = { 0 };
    struct measurements measured;
    struct fault why;
    uint8_t *file = NULL;
    size_t len = 0;
    if (!check_needed(arguments, &why))
        return command_misused("image build", &why);
    const bool done =
        load_parts(arguments, &loaded, &parts, &made_with, &why) &&
        image_assemble(&parts, &file, &len, &measured, &why) &&
        write_all(argument(arguments, "out"), &parts, made_with, (struct bytes){ file, len }, &measured, &why);
    free(file);
    loaded_free(&loaded);
    return done ? EXIT_CODE_DONE : command_failed(EXIT_CODE_INPUT, &why);
}

const struct command command_image_build = {
    .name = "image build",
    .operands = "",
    .operands_least = 0,
    .operands_most = 0,
    .summary = "an enclave image from its parts, the same bytes each time",
    .about = "Writes an EIF of version 4 without docker or nitro-cli: kernel, command line,\n"
             "metadata, a ramdisk with init, and one with settings.json and ensignd. Owners,\n"
             "times and order are fixed, so the same parts give the same file, and anybody\n"
             "can recompute PCR0. Prints the measurements as nitro-cli does. A signature that\n"
             "cannot be made is an error, never an unsigned image.\n"
             "Images with the kernel that `make kernel` builds have run on emulated Nitro\n"
             "hardware only, not on the real one yet.",
    .examples = "  ensign image build --kernel bzImage --init build/init --ensignd build/ensignd \\\n"
                "      --settings settings.json --out build/ensign.eif",
    .flags = FLAG_TABLE(flags),
    .run = run,
};
