#include "parent/allocator_file.h"

#include "core/base/text.h"
#include "parent/input_file.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <yaml.h>

#define MEMORY_MAX_MIB (UINT64_C(1) << 40)

static struct bytes scalar(const yaml_node_t *node)
{
    if (node == NULL || node->type != YAML_SCALAR_NODE)
        return (struct bytes){ NULL, 0 };
    return (struct bytes){ node->data.scalar.value, node->data.scalar.length };
}

static bool add_pool(yaml_document_t *document, const yaml_node_t *pool, uint64_t *sum, struct fault *why)
{
    bool found = false;
    if (pool == NULL || pool->type != YAML_MAPPING_NODE)
        return fault_set(why, FAULT_INPUT, "neither a mapping with memory_mib nor a list of such");
    for (const yaml_node_pair_t *pair = pool->data.mapping.pairs.start; pair < pool->data.mapping.pairs.top; pair++) {
        uint64_t mib;
        if (!bytes_equal(scalar(yaml_document_get_node(document, pair->key)), BYTES_LIT("memory_mib")))
            continue;
        if (found || !text_read_uint(scalar(yaml_document_get_node(document, pair->value)), &mib) ||
            mib > MEMORY_MAX_MIB || mib > MEMORY_MAX_MIB - *sum)
            return fault_set(why, FAULT_INPUT, "memory_mib is given twice, or is no number of MiB");
        *sum += mib;
        found = true;
    }
    return found || fault_set(why, FAULT_INPUT, "it has no memory_mib");
}

static bool add_pools(yaml_document_t *document, uint64_t *sum, struct fault *why)
{
    const yaml_node_t *root = yaml_document_get_root_node(document);
    if (root == NULL || root->type != YAML_SEQUENCE_NODE)
        return add_pool(document, root, sum, why);
    for (const yaml_node_item_t *item = root->data.sequence.items.start; item < root->data.sequence.items.top; item++) {
        if (!add_pool(document, yaml_document_get_node(document, *item), sum, why))
            return false;
    }
    return true;
}

bool allocator_file_read(struct bytes yaml, uint64_t *memory_mib, struct fault *why)
{
    yaml_parser_t parser;
    yaml_document_t document;
    uint64_t sum = 0;
    if (yaml_parser_initialize(&parser) != 1)
        return fault_set(why, FAULT_INTERNAL, "no memory for a YAML parser");
    yaml_parser_set_input_string(&parser, yaml.data, yaml.len);
    bool ok = yaml_parser_load(&parser, &document) == 1;
    if (ok) {
        ok = add_pools(&document, &sum, why);
        yaml_document_delete(&document);
    } else {
        (void)fault_set(why, FAULT_INPUT, "line %zu: no YAML", parser.problem_mark.line + 1);
    }
    yaml_parser_delete(&parser);
    if (ok)
        *memory_mib = sum;
    return ok;
}

/* KiB of one size's folder: "hugepages-2048kB" and its nr_hugepages. What is none counts nothing. */
static uint64_t pages_kib(const char *folder, const char *name)
{
    static const struct bytes prefix = BYTES_INIT("hugepages-");
    char path[4096 + 300];
    uint8_t text[32];
    struct bytes count;
    struct fault ignored;
    uint64_t pages, kib;
    const size_t digits = strncmp(name, "hugepages-", prefix.len) == 0 ? strspn(name + prefix.len, "0123456789") : 0;
    const int len = snprintf(path, sizeof path, "%s/%s/nr_hugepages", folder, name);
    if (digits == 0 || len < 0 || (size_t)len >= sizeof path ||
        !text_read_uint((struct bytes){ (const uint8_t *)name + prefix.len, digits }, &kib) ||
        !input_file_read(path, text, sizeof text, &count, &ignored) || !text_read_uint(text_trim(count), &pages) ||
        kib == 0 || pages > (MEMORY_MAX_MIB << 10) / kib)
        return 0;
    return pages * kib;
}

bool hugepages_read(const char *folder, uint64_t *memory_mib, struct fault *why)
{
    uint64_t kib = 0;
    DIR *sizes = opendir(folder);
    if (sizes == NULL)
        return fault_set(why, FAULT_INPUT, "%.200s: %s", folder, strerror(errno));
    for (const struct dirent *entry; (entry = readdir(sizes)) != NULL;)
        kib += pages_kib(folder, entry->d_name);
    (void)closedir(sizes);
    *memory_mib = kib >> 10;
    return true;
}
