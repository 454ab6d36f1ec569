/* notify: what a daemon tells the service manager that started it, by sd_notify(3)'s protocol: a datagram to the unix
 * socket in $NOTIFY_SOCKET. Without that variable, and when nobody takes it, nothing happens. */
#ifndef PARENT_NOTIFY_H
#define PARENT_NOTIFY_H

/* It serves, or serves again after notify_reloading; `status` as in notify_status. */
void notify_ready(const char *status);
/* One line for people, as `systemctl status` shows it; control characters become '?'. Nothing secret. */
void notify_status(const char *status);
void notify_reloading(void);

#endif
