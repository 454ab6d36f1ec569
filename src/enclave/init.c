/* init: the first process of the enclave, and the only one beside the signer. A program of its own, static and small.
 *
 *   mount /dev and /proc; say to the parent that the enclave has booted (port 9000, one byte, AWS's heartbeat);
 *   start /ensignd with fixed arguments and no environment; take in orphans; end the machine when the signer ends.
 *
 * Arguments, environment and the kernel's command line are ignored, since their boundaries are not measured, but for
 * ensign.parent_cid=N: it says where the parent listens, and the parent is trusted with nothing.
 */
#include <sys/socket.h> /* first: some versions of linux/vm_sockets.h lean on it */

#include <errno.h>
#include <fcntl.h>
#include <linux/vm_sockets.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    PARENT_CID = 3, /* AWS: the parent as an enclave sees it */
    HEARTBEAT_PORT = 9000,
    HEARTBEAT_BYTE = 0xb7,
    HEARTBEAT_SECONDS = 5,
    COMMAND_LINE_MAX = 4096, /* COMMAND_LINE_SIZE on x86 is 2048 */
    CID_LEAST = 2,
};

static void say(const char *text)
{
    (void)!write(STDERR_FILENO, "init: ", 6);
    (void)!write(STDERR_FILENO, text, strlen(text));
    (void)!write(STDERR_FILENO, "\n", 1);
}

static void end_the_machine(void)
{
    sync();
    (void)reboot(RB_AUTOBOOT);
    for (;;)
        (void)pause();
}

static void die(const char *text)
{
    say(text);
    end_the_machine();
}

static void open_console(void)
{
    int console = open("/dev/console", O_RDWR | O_NOCTTY);
    for (int fd = STDIN_FILENO; console >= 0 && fd <= STDERR_FILENO; fd++)
        (void)dup2(console, fd);
    if (console > STDERR_FILENO)
        (void)close(console);
}

static void mount_what_is_needed(void)
{
    const unsigned long flags = MS_NOSUID | MS_NOEXEC;
    (void)mkdir("/dev", 0755);
    (void)mkdir("/proc", 0555);
    /* EBUSY: the kernel has mounted it already (CONFIG_DEVTMPFS_MOUNT) */
    if (mount("dev", "/dev", "devtmpfs", flags, NULL) != 0 && errno != EBUSY)
        die("/dev cannot be mounted");
    open_console();
    if (mount("proc", "/proc", "proc", flags | MS_NODEV, NULL) != 0 && errno != EBUSY)
        die("/proc cannot be mounted");
}

/* With a kernel of AWS's the NSM's driver is a module, in the same ramdisk as this program. */
static void load_nsm_module(void)
{
    int module = open("/nsm.ko", O_RDONLY | O_CLOEXEC);
    if (module < 0)
        return;
    if (syscall(SYS_finit_module, module, "", 0) != 0)
        die("nsm.ko cannot be loaded");
    (void)close(module);
    (void)unlink("/nsm.ko");
}

/* The digits after ensign.parent_cid= where that is a word of its own, or NULL. */
static const char *find_parent_cid(char *line)
{
    static const char name[] = "ensign.parent_cid=";
    for (char *rest = line, *word; (word = strsep(&rest, " \n")) != NULL;)
        if (strncmp(word, name, sizeof name - 1) == 0)
            return word + sizeof name - 1;
    return NULL;
}

static bool read_cid(const char *digits, uint32_t *cid)
{
    uint64_t value = 0;
    for (; *digits >= '0' && *digits <= '9' && value <= UINT32_MAX; digits++)
        value = value * 10 + (uint64_t)(*digits - '0');
    if (*digits != '\0' || value < CID_LEAST || value >= UINT32_MAX) /* VMADDR_CID_ANY */
        return false;
    *cid = (uint32_t)value;
    return true;
}

static uint32_t parent_cid(void)
{
    static char line[COMMAND_LINE_MAX];
    uint32_t cid = PARENT_CID;
    int file = open("/proc/cmdline", O_RDONLY | O_CLOEXEC);
    ssize_t len = file < 0 ? 0 : read(file, line, sizeof line - 1);
    if (file >= 0)
        (void)close(file);
    line[len > 0 ? len : 0] = '\0';
    const char *digits = find_parent_cid(line);
    if (digits != NULL && !read_cid(digits, &cid))
        say("ensign.parent_cid is no CID; taking 3");
    return cid;
}

/* The parent may refuse to listen: that is no reason not to serve. */
static void send_heartbeat(uint32_t cid)
{
    const struct sockaddr_vm parent = { .svm_family = AF_VSOCK, .svm_cid = cid, .svm_port = HEARTBEAT_PORT };
    const struct timeval patience = { .tv_sec = HEARTBEAT_SECONDS };
    uint8_t byte = HEARTBEAT_BYTE;
    int fd = socket(AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        die("there is no vsock");
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    (void)setsockopt(fd, AF_VSOCK, SO_VM_SOCKETS_CONNECT_TIMEOUT, &patience, sizeof patience);
    if (connect(fd, (const struct sockaddr *)&parent, sizeof parent) != 0 || write(fd, &byte, 1) != 1 ||
        read(fd, &byte, 1) != 1 || byte != HEARTBEAT_BYTE)
        say("the parent does not answer the heartbeat on port 9000");
    (void)close(fd);
}

static pid_t start_signer(uint32_t cid, const sigset_t *before)
{
    char digits[11];
    char *with_cid[] = { "ensignd", "--parent-cid", digits, NULL }, *without[] = { "ensignd", NULL },
         *none[] = { NULL };
    (void)snprintf(digits, sizeof digits, "%u", cid);
    pid_t signer = fork();
    if (signer != 0)
        return signer;
    (void)setsid();
    (void)sigprocmask(SIG_SETMASK, before, NULL);
    (void)execve("/ensignd", cid == PARENT_CID ? without : with_cid, none);
    say("/ensignd cannot be executed");
    _exit(127);
}

int main(void)
{
    sigset_t all, before;
    (void)sigfillset(&all);
    (void)sigprocmask(SIG_SETMASK, &all, &before);
    (void)umask(077);
    mount_what_is_needed();
    load_nsm_module();
    const uint32_t cid = parent_cid();
    send_heartbeat(cid);
    pid_t signer = start_signer(cid, &before);
    if (signer < 0)
        die("the signer cannot be started");
    for (pid_t ended = 0; ended != signer;) {
        ended = wait(NULL);
        if (ended < 0 && errno == ECHILD)
            break;
    }
    die("the signer has ended; so does the machine");
}
