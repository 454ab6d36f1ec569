/* no_loader: ensignd resolves no names and loads no code. libcrypto could ask for both, in parts that nothing here uses
 * (BIO_s_connect, loadable providers). Linked before the C library, these refusals are what it would get: glibc's
 * resolver is then not in the program at all, and its loader, which every static program carries, is out of libcrypto's
 * reach. For the static program only. */
#include <dlfcn.h>
#include <netdb.h>
#include <stddef.h>

int getaddrinfo(const char *restrict node, const char *restrict service, const struct addrinfo *restrict hints,
                struct addrinfo **restrict found)
{
    (void)node, (void)service, (void)hints, (void)found;
    return EAI_FAIL;
}

void freeaddrinfo(struct addrinfo *found)
{
    (void)found;
}

const char *gai_strerror(int code)
{
    (void)code;
    return "names are not resolved here";
}

int getnameinfo(const struct sockaddr *restrict address, socklen_t len, char *restrict host, socklen_t host_len,
                char *restrict service, socklen_t service_len, int flags)
{
    (void)address, (void)len, (void)host, (void)host_len, (void)service, (void)service_len, (void)flags;
    return EAI_FAIL;
}

struct hostent *gethostbyname(const char *name)
{
    (void)name;
    h_errno = NO_RECOVERY;
    return NULL;
}

void *dlopen(const char *file, int mode)
{
    (void)file, (void)mode;
    return NULL;
}

int dlclose(void *handle)
{
    (void)handle;
    return -1;
}

char *dlerror(void)
{
    return "code is not loaded here";
}

void *dlsym(void *restrict handle, const char *restrict name)
{
    (void)handle, (void)name;
    return NULL;
}

int dladdr(const void *address, Dl_info *info)
{
    (void)address, (void)info;
    return 0;
}
