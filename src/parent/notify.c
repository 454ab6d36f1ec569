#include "parent/notify.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { MESSAGE_MAX = 640 };

static void send_text(const char *text)
{
    const char *const path = getenv("NOTIFY_SOCKET");
    struct sockaddr_un to = { .sun_family = AF_UNIX };
    if (path == NULL || (path[0] != '/' && path[0] != '@') || strlen(path) >= sizeof to.sun_path)
        return;
    memcpy(to.sun_path, path, strlen(path));
    if (path[0] == '@') /* the abstract namespace */
        to.sun_path[0] = '\0';
    const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return;
    const socklen_t len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path));
    (void)!sendto(fd, text, strlen(text), MSG_NOSIGNAL | MSG_DONTWAIT, (const struct sockaddr *)&to, len);
    (void)close(fd);
}

static void send_status(const char *before, const char *status)
{
    char text[MESSAGE_MAX];
    (void)snprintf(text, sizeof text, "%sSTATUS=%s", before, status);
    for (char *c = text + strlen(before); *c != '\0'; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            *c = '?';
    send_text(text);
}

void notify_ready(const char *status)
{
    send_status("READY=1\n", status);
}

void notify_status(const char *status)
{
    send_status("", status);
}

void notify_reloading(void)
{
    send_text("RELOADING=1");
}
