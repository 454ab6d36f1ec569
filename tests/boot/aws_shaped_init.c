/* aws_shaped_init: starts a program as AWS's init does in an image that nitro-cli made: /cmd and /env, the file tree in
 * /rootfs moved to the root, the same mounts with the same flags, the program in a session of its own, the machine
 * ended with it. For the tests: the program under it must not notice a difference. The emulated machine's parent is CID
 * 2 where AWS's is 3, and this kernel has neither devpts nor control groups, which are mounted where there are any.
 */
#include <sys/socket.h> /* first: some versions of linux/vm_sockets.h lean on it */

#include <errno.h>
#include <fcntl.h>
#include <linux/vm_sockets.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PARENT_CID = 2, HEARTBEAT_PORT = 9000, HEARTBEAT_BYTE = 0xb7, LINES_MAX = 64, FILE_MAX = 4096 };

static void die(const char *what)
{
    (void)fprintf(stderr, "aws_shaped_init: %s: %s\n", what, strerror(errno));
    (void)reboot(RB_AUTOBOOT);
    _exit(1);
}

static void console(void)
{
    const int fd = open("/dev/console", O_RDWR);
    for (int standard = 0; fd >= 0 && standard < 3; standard++)
        (void)dup2(fd, standard);
}

static void nsm_module(void)
{
    const int fd = open("nsm.ko", O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    if (syscall(SYS_finit_module, fd, "", 0) != 0)
        die("nsm.ko");
    (void)close(fd);
    (void)unlink("nsm.ko");
}

static void heartbeat(void)
{
    const struct sockaddr_vm parent = { .svm_family = AF_VSOCK, .svm_cid = PARENT_CID, .svm_port = HEARTBEAT_PORT };
    uint8_t byte = HEARTBEAT_BYTE;
    const int fd = socket(AF_VSOCK, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (const struct sockaddr *)&parent, sizeof parent) != 0 || write(fd, &byte, 1) != 1 ||
        read(fd, &byte, 1) != 1 || byte != HEARTBEAT_BYTE)
        die("heartbeat");
    (void)close(fd);
}

/* The lines of a file, which is then gone; ends with NULL. */
static void take_lines(const char *path, char *text, char *lines[static LINES_MAX + 1])
{
    size_t count = 0;
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    const ssize_t len = fd < 0 ? -1 : read(fd, text, FILE_MAX - 1);
    if (len < 0)
        die(path);
    (void)close(fd);
    (void)unlink(path);
    text[len] = '\0';
    for (char *line = strtok(text, "\n"); line != NULL && count < LINES_MAX; line = strtok(NULL, "\n"))
        lines[count++] = line;
    lines[count] = NULL;
}

static void move_root(void)
{
    if (mount("/rootfs", "/rootfs", NULL, MS_BIND, NULL) != 0 || chdir("/rootfs") != 0 ||
        mount(".", "/", NULL, MS_MOVE, NULL) != 0 || chroot(".") != 0 || chdir("/") != 0)
        die("/rootfs");
}

static const unsigned long closed = MS_NODEV | MS_NOSUID | MS_NOEXEC;

static void must_mount(const char *type, const char *where, unsigned long flags, const char *data)
{
    (void)mkdir(where, 0755);
    if (mount(type, where, type, flags, data) != 0)
        die(where);
}

static void mounts(void)
{
    must_mount("devtmpfs", "/dev", MS_NOSUID | MS_NOEXEC, NULL);
    must_mount("proc", "/proc", closed, NULL);
    (void)!symlink("/proc/self/fd", "/dev/fd");
    (void)!symlink("/proc/self/fd/0", "/dev/stdin");
    (void)!symlink("/proc/self/fd/1", "/dev/stdout");
    (void)!symlink("/proc/self/fd/2", "/dev/stderr");
    must_mount("tmpfs", "/run", closed, "mode=0755");
    must_mount("tmpfs", "/tmp", closed, NULL);
    must_mount("tmpfs", "/dev/shm", closed, NULL);
    (void)mkdir("/dev/pts", 0755);
    (void)mount("devpts", "/dev/pts", "devpts", MS_NOSUID | MS_NOEXEC, NULL);
    must_mount("sysfs", "/sys", closed, NULL);
    (void)mount("cgroup_root", "/sys/fs/cgroup", "tmpfs", closed, "mode=0755");
}

static pid_t start(char *const command[], char *const environment[], const sigset_t *before)
{
    const pid_t child = fork();
    if (child != 0)
        return child;
    (void)sigprocmask(SIG_SETMASK, before, NULL);
    (void)setsid();
    (void)setenv("PATH", "/sbin:/usr/sbin:/bin:/usr/bin", 1);
    (void)execvpe(command[0], command, environment);
    die(command[0]);
    return -1;
}

int main(void)
{
    static char command_text[FILE_MAX], environment_text[FILE_MAX];
    static char *command[LINES_MAX + 1], *environment[LINES_MAX + 1];
    sigset_t all, before;
    (void)sigfillset(&all);
    (void)sigprocmask(SIG_BLOCK, &all, &before);
    if (mount("devtmpfs", "/dev", "devtmpfs", MS_NOSUID | MS_NOEXEC, NULL) != 0 && errno != EBUSY)
        die("/dev");
    console();
    nsm_module();
    heartbeat();
    take_lines("/env", environment_text, environment);
    take_lines("/cmd", command_text, command);
    move_root();
    mounts();
    const pid_t child = start(command, environment, &before);
    for (pid_t ended = 0; child > 0 && ended != child;)
        ended = wait(NULL);
    errno = 0;
    die("the program has ended");
}
