#include "parent/command.h"

#include "check.h"

#include <string.h>

/* The line "### ensign NAME" and what follows up to the next heading of that kind. */
static const char *section_of(const char *page, const char *name, size_t *len)
{
    char heading[128];
    (void)snprintf(heading, sizeof heading, "\n### ensign %s\n", name);
    const char *start = strstr(page, heading);
    if (start == NULL)
        return NULL;
    start += strlen(heading);
    const char *end = strstr(start, "\n### ");
    *len = end == NULL ? strlen(start) : (size_t)(end - start);
    return start;
}

static char *read_page(void)
{
    static char page[1 << 18];
    FILE *file = fopen(CLI_PAGE, "r");
    if (file == NULL)
        return NULL;
    page[0] = '\n';
    const size_t len = fread(page + 1, 1, sizeof page - 2, file);
    page[len + 1] = '\0';
    (void)fclose(file);
    return page;
}

static void every_command_and_flag_stands_in_the_page(void)
{
    const char *page = read_page();
    CHECK(page != NULL);
    for (size_t i = 0; page != NULL && i < command_count; i++) {
        size_t len = 0;
        const char *section = section_of(page, commands[i]->name, &len);
        CHECK_ROW(commands[i]->name, section != NULL);
        for (size_t j = 0; section != NULL && j < commands[i]->flags.count; j++) {
            char flag[80];
            (void)snprintf(flag, sizeof flag, "`--%s", commands[i]->flags.rows[j].name);
            CHECK_ROW(commands[i]->flags.rows[j].name, memmem(section, len, flag, strlen(flag)) != NULL);
        }
    }
}

static void every_row_is_whole(void)
{
    for (size_t i = 0; i < command_count; i++) {
        const struct command *command = commands[i];
        CHECK_ROW(command->name, command->summary != NULL && command->about != NULL && command->examples != NULL &&
                                     command->operands != NULL && command->run != NULL);
        CHECK_ROW(command->name, command->operands_least <= command->operands_most);
        CHECK_ROW(command->name, (command->operands[0] == '\0') == (command->operands_most == 0));
        for (size_t j = 0; j < command->flags.count; j++)
            for (size_t k = 0; k < j; k++)
                CHECK_ROW(command->flags.rows[j].name,
                          strcmp(command->flags.rows[j].name, command->flags.rows[k].name) != 0);
    }
}

static const struct command *find(const char *first, const char *second, int *words, const char **near)
{
    char a[32], b[32];
    char *argv[2] = { a, b };
    (void)snprintf(a, sizeof a, "%s", first);
    (void)snprintf(b, sizeof b, "%s", second == NULL ? "" : second);
    return command_find(second == NULL ? 1 : 2, argv, words, near);
}

static void commands_of_one_word_and_of_two_are_found(void)
{
    int words;
    const char *near;
    CHECK(find("status", "--json", &words, &near) == &command_status && words == 1);
    CHECK(find("policy", "new", &words, &near) == &command_policy_new && words == 2);
    CHECK(find("policy", NULL, &words, &near) == NULL);
    CHECK(find("policy", "nwe", &words, &near) == NULL && near != NULL && strcmp(near, "policy new") == 0);
    CHECK(find("provison", NULL, &words, &near) == NULL && near != NULL && strcmp(near, "provision") == 0);
    CHECK(command_is_family("policy") && !command_is_family("status") && !command_is_family("pol"));
}

int main(void)
{
    every_command_and_flag_stands_in_the_page();
    every_row_is_whole();
    commands_of_one_word_and_of_two_are_found();
    return failures != 0;
}
