/* The key's page: usable, guarded, locked, and absent from a child. */
#include "check.h"
#include "enclave/key_page.h"

#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>

/* How a child ends that touches `at`: a signal, or 0. */
static int touching(const volatile uint8_t *at)
{
    const pid_t pid = fork();
    if (pid == 0) {
        signal(SIGSEGV, SIG_DFL);
        _exit(*at == 0 ? 0 : 1);
    }
    int status = 0;
    CHECK(waitpid(pid, &status, 0) == pid);
    return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

/* The kernel's flags (proc(5), VmFlags) of the mapping that holds `at`. */
static bool has_flag(const void *at, const char *flag)
{
    FILE *maps = fopen("/proc/self/smaps", "r");
    CHECK(maps != NULL);
    char line[512];
    bool inside = false, found = false;
    while (maps != NULL && fgets(line, sizeof line, maps) != NULL) {
        unsigned long from, to;
        if (sscanf(line, "%lx-%lx ", &from, &to) == 2)
            inside = (uintptr_t)at >= from && (uintptr_t)at < to;
        else if (inside && strncmp(line, "VmFlags:", 8) == 0)
            found = strstr(line, flag) != NULL;
    }
    if (maps != NULL)
        fclose(maps);
    return found;
}

static void the_page_is_guarded_locked_and_not_inherited(void)
{
    struct key_page page;
    struct fault why;
    CHECK(key_page_open(&page, &why));
    uint8_t *const bytes = page.page;
    CHECK(page.len >= 4096);
    memset(bytes, 0xa5, page.len);
#if !SANITIZED                     /* a sanitizer makes mlock do nothing */
    CHECK(has_flag(bytes, " lo")); /* locked */
#endif
    CHECK(has_flag(bytes, " dd")); /* not dumped */
    CHECK(has_flag(bytes, " dc")); /* not copied on fork */
    const uint8_t local = 0;
    CHECK(touching(&local) == 0);
    CHECK(touching(bytes) == SIGSEGV);
    CHECK(touching(bytes - 1) == SIGSEGV);
    CHECK(touching(bytes + page.len) == SIGSEGV);
    key_page_close(&page);
    CHECK(page.page == NULL);
    key_page_close(&page);
}

int main(void)
{
    the_page_is_guarded_locked_and_not_inherited();
    return failures != 0;
}
