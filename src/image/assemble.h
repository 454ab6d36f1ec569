/* assemble: ensign's own image from its parts, the same bytes whoever builds it, where and when.
 *
 *   ramdisk 0   dev/ proc/ init [nsm.ko]            what starts the machine
 *   ramdisk 1   settings.json ensignd               settings before the program: an archive cut short has no program
 *
 * Each ramdisk is one gzip member.
 */
#ifndef IMAGE_ASSEMBLE_H
#define IMAGE_ASSEMBLE_H

#include "image/eif.h"
#include "image/pcr.h"

/* What the hypervisor's firmware and the kernel need: AWS's own line, less what our kernel has no code for. */
#define IMAGE_CMDLINE \
    "reboot=k panic=30 pci=off nomodules console=ttyS0 i8042.noaux i8042.nomux i8042.nopnp i8042.dumbkbd " \
    "random.trust_cpu=on"
#define IMAGE_CMDLINE_ARM64 "reboot=k panic=30 pci=off nomodules console=ttyS0 random.trust_cpu=on root=/dev/ram0"

struct image_parts {
    bool is_arm64;
    struct bytes kernel, cmdline;
    struct bytes init, ensignd, settings;
    struct bytes nsm_module;                       /* empty: the kernel has the driver */
    struct bytes certificate_pem, private_key_pem; /* both, or neither: unsigned */
    const char *version;                           /* of ensign */
    struct bytes kernel_info;                      /* JSON object that says what the kernel is; empty: nothing known */
};

/* The file, to be freed by the caller, and its measurements. A signature that cannot be made is a failure. FAULT_INPUT,
 * FAULT_LIMIT, FAULT_INTERNAL. */
bool image_assemble(const struct image_parts *parts, uint8_t **file, size_t *len, struct measurements *measured,
                    struct fault *why) MUST_USE;

#endif
