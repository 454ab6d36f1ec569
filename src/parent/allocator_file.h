/* allocator_file: how much memory an instance sets aside for enclaves: what AWS's allocator service was told, in its
 * YAML file, and what the kernel has.
 *
 *   memory_mib: 512            one mapping, or (since version 1.4 of AWS's tools) a list of them, one a NUMA node
 *   cpu_count: 2
 *
 * The file is AWS's: keys other than memory_mib are passed over.
 */
#ifndef PARENT_ALLOCATOR_FILE_H
#define PARENT_ALLOCATOR_FILE_H

#include "core/base/bytes.h"
#include "core/base/fault.h"

#define ALLOCATOR_FILE_PATH "/etc/nitro_enclaves/allocator.yaml"
#define HUGEPAGES_PATH      "/sys/kernel/mm/hugepages"

enum { ALLOCATOR_FILE_MAX = 65536 };

/* The sum of memory_mib. FAULT_INPUT: not such a file, or over 2^40 MiB. */
bool allocator_file_read(struct bytes yaml, uint64_t *memory_mib, struct fault *why) MUST_USE;

/* All hugepages of all sizes that the kernel holds, in use or not; `folder` has hugepages-<N>kB/nr_hugepages.
 * FAULT_INPUT: there is no such folder. */
bool hugepages_read(const char *folder, uint64_t *memory_mib, struct fault *why) MUST_USE;

#endif
