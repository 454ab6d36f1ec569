#include "parent/allocator_file.h"
#include "parent/doctor.h"
#include "parent/input_file.h"

#include <unistd.h>

enum { TIMES_THE_IMAGE = 4 /* nitro-cli's own rule, its error E26 */ };

#define MIB (UINT64_C(1) << 20)

void doctor_memory(struct doctor *doctor, struct doctor_line *line)
{
    static uint8_t text[ALLOCATOR_FILE_MAX];
    struct bytes yaml;
    struct fault why;
    uint64_t told, held;
    if (access(doctor->allocator, F_OK) != 0) {
        doctor_say(line, DOCTOR_NOT_HERE, "run this on the parent instance, or say where the file is by --allocator",
                   "%.300s is not here", doctor->allocator);
        return;
    }
    if (!input_file_read(doctor->allocator, text, sizeof text, &yaml, &why) ||
        !allocator_file_read(yaml, &told, &why)) {
        doctor_say(line, DOCTOR_FAULT, "write `memory_mib: N` and `cpu_count: N` into it",
                   "%.200s is not what the allocator reads: %.200s", doctor->allocator, why.text);
        return;
    }
    const uint64_t wanted =
        doctor->image_bytes / MIB * TIMES_THE_IMAGE + (doctor->image_bytes % MIB * TIMES_THE_IMAGE + MIB - 1) / MIB;
    if (told < wanted) {
        doctor_say(line, DOCTOR_FAULT,
                   "raise memory_mib in the allocator's file, then systemctl restart nitro-enclaves-allocator",
                   "%llu MiB are set aside for enclaves; the image of %llu MiB wants %d times its size, %llu MiB",
                   (unsigned long long)told, (unsigned long long)((doctor->image_bytes + MIB - 1) / MIB),
                   TIMES_THE_IMAGE, (unsigned long long)wanted);
    } else if (!hugepages_read(doctor->hugepages, &held, &why)) {
        doctor_say(line, DOCTOR_NOT_HERE, "run this on the parent instance", "%s", why.text);
    } else if (held < told) {
        doctor_say(line, DOCTOR_FAULT,
                   "systemctl restart nitro-enclaves-allocator, right after a reboot: later, memory is in too small "
                   "pieces",
                   "the allocator is told %llu MiB, the kernel holds %llu MiB of hugepages", (unsigned long long)told,
                   (unsigned long long)held);
    } else if (doctor->image_path == NULL) {
        doctor_say(line, DOCTOR_NOT_HERE, "give --image FILE",
                   "%llu MiB are set aside and held; whether they are enough is not known without the image",
                   (unsigned long long)told);
    } else {
        doctor_say(line, DOCTOR_OK, NULL, "%llu MiB are set aside and held; the image wants %llu",
                   (unsigned long long)told, (unsigned long long)wanted);
    }
}
