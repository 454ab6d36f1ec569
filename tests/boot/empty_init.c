/* empty_init: the least that an enclave can be, to compare ours with: says a line, answers the boot heartbeat, listens
 * on the signer's port, and does nothing. For the emulated machine, whose parent is CID 2. */
#include <sys/socket.h> /* first: some versions of linux/vm_sockets.h lean on it */

#include <linux/vm_sockets.h>
#include <stdint.h>
#include <unistd.h>

enum { PARENT_CID = 2, HEARTBEAT_PORT = 9000, HEARTBEAT_BYTE = 0xb7, SERVING_PORT = 5000, BACKLOG = 16 };

static int listen_on(uint32_t port)
{
    const struct sockaddr_vm here = { .svm_family = AF_VSOCK, .svm_cid = VMADDR_CID_ANY, .svm_port = port };
    int listener = socket(AF_VSOCK, SOCK_STREAM, 0);
    if (bind(listener, (const struct sockaddr *)&here, sizeof here) != 0 || listen(listener, BACKLOG) != 0)
        return -1;
    return listener;
}

int main(void)
{
    static const char line[] = "empty_init: booted\n";
    const struct sockaddr_vm parent = { .svm_family = AF_VSOCK, .svm_cid = PARENT_CID, .svm_port = HEARTBEAT_PORT };
    uint8_t byte = HEARTBEAT_BYTE;
    (void)!write(STDOUT_FILENO, line, sizeof line - 1);
    int beat = socket(AF_VSOCK, SOCK_STREAM, 0);
    if (connect(beat, (const struct sockaddr *)&parent, sizeof parent) == 0)
        (void)!(write(beat, &byte, 1) + read(beat, &byte, 1));
    (void)close(beat);
    for (int listener = listen_on(SERVING_PORT);;)
        (void)close(accept(listener, NULL, NULL));
}
