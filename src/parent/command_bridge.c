#include "parent/bridge_judge.h"
#include "parent/command.h"
#include "parent/output.h"
#include "parent/relay_serve.h"

#include <linux/vm_sockets.h>
#include <string.h>

enum { PAIRS = 256 };

static const struct flag flags[] = {
    { .name = "listen", .value = "ENDPOINT", .help = "where clients connect: tcp://, unix: or vsock://; wanted" },
    { .name = "connect", .value = "ENDPOINT", .help = "where the signer listens; wanted" },
    { .name = "methods",
      .value = "LIST",
      .help = "the methods let through, with commas between, in place of those that sign and read" },
    { .name = "raw", .help = "a plain pipe: any bytes, any method" },
    { .name = "allow-remote", .help = "let --listen be more than loopback or a unix socket" },
    FLAGS_RELAY(256),
};

struct bridge {
    const struct endpoint *connect;
    struct bridge_judge *judge;
    bool is_reached; /* the last time */
};

static enum relay_found find(void *context, struct relay_addresses *addresses)
{
    const struct endpoint *const connect = ((const struct bridge *)context)->connect;
    addresses->count = 1;
    addresses->items[0] = (struct relay_address){ .address = connect->address, .len = connect->address_len };
    return RELAY_FOUND;
}

static void reached(void *context, bool yes, int error)
{
    struct bridge *const bridge = context;
    if (yes && !bridge->is_reached)
        say_note("%s is reached again", bridge->connect->text);
    else if (!yes && bridge->is_reached)
        say_warning("%s is not reached: %s", bridge->connect->text, strerror(error));
    bridge->is_reached = yes;
}

static bool judge_request(void *context, struct bytes request, struct bytes *body)
{
    return bridge_judge_request(((struct bridge *)context)->judge, request, body);
}

static bool is_any_cid(const struct endpoint *endpoint)
{
    struct sockaddr_vm address;
    memcpy(&address, &endpoint->address, sizeof address);
    return endpoint->kind == ENDPOINT_VSOCK && address.svm_cid == VMADDR_CID_ANY;
}

static bool read_ends(const struct arguments *arguments, struct endpoint *listen, struct endpoint *connect,
                      struct fault *why)
{
    const char *const at = argument(arguments, "listen"), *const to = argument(arguments, "connect");
    if (at == NULL || to == NULL)
        return fault_set(why, FAULT_INPUT, "both --listen and --connect are wanted; --%s is missing",
                         at == NULL ? "listen" : "connect");
    if (!endpoint_read(at, listen, why) || !endpoint_read(to, connect, why))
        return false;
    if (is_any_cid(connect))
        return fault_set(why, FAULT_INPUT, "%s can be listened on, not connected to", connect->text);
    return endpoint_is_local(listen) || argument_is_given(arguments, "allow-remote") ||
           fault_set(why, FAULT_INPUT,
                     "%s lets others in than this machine; a bridge asks nobody who they are. Give --allow-remote if "
                     "that is meant, or listen on loopback or a unix socket",
                     listen->text);
}

static bool read_methods(const struct arguments *arguments, struct bridge_judge *judge, struct fault *why)
{
    const char *const methods = argument(arguments, "methods");
    if (methods != NULL && argument_is_given(arguments, "raw"))
        return fault_set(why, FAULT_INPUT, "--methods and --raw are both given; a plain pipe judges nothing");
    return bridge_judge_start(judge, methods == NULL ? BRIDGE_METHODS : methods, why);
}

static enum exit_code run(const struct arguments *arguments)
{
    static struct bridge_judge judge;
    struct fault why;
    struct endpoint listen, connect;
    struct bridge bridge = { .connect = &connect, .judge = &judge, .is_reached = true };
    struct relay_settings settings = { .find = find, .reached = reached, .context = &bridge, .pairs_max = PAIRS };
    struct relay *relay = NULL;
    if (!read_ends(arguments, &listen, &connect, &why) || !relay_read_flags(arguments, &settings, &why) ||
        !read_methods(arguments, &judge, &why))
        return command_misused("bridge", &why);
    settings.greets = connect.kind == ENDPOINT_VSOCK_UNIX;
    settings.greeting_port = connect.port;
    if (!argument_is_given(arguments, "raw")) {
        settings.judge = judge_request;
        settings.too_long =
            BYTES_LIT("{\"error\":{\"code\":\"limit\",\"message\":\"the frame is over 1048576 bytes\"}}");
    }
    struct event_base *const base = event_base_new();
    must(base != NULL);
    const enum exit_code code = relay_serve(base, &listen, connect.text, &settings, &relay);
    event_base_free(base);
    return code;
}

const struct command command_bridge = {
    .name = "bridge",
    .operands = "",
    .summary = "leads a signer's clients from one endpoint to another: into containers, across namespaces",
    .about = "For clients that cannot open vsock themselves: a container's seccomp profile\n"
             "forbids it. Every request is read as the signer reads it and written anew; the\n"
             "methods that sign and that read pass, provision and generate do not. What does\n"
             "not pass is answered with an error, and the connection goes on.\n"
             "\n"
             "Whoever can connect can have signed what the policy allows: a bridge asks nobody\n"
             "who they are. So it listens on loopback or a unix socket unless told otherwise.",
    .examples = "  ensign bridge --listen unix:/run/ensign/signer.sock --connect vsock://16:5000\n"
                "  ensign bridge --listen tcp://127.0.0.1:5000 --connect vsock://16:5000 \\\n"
                "      --methods address,sign_ticket,sign_transaction\n"
                "  ensign bridge --raw --listen tcp://127.0.0.1:5000 --connect vsock+unix:/tmp/vm.sock:5000",
    .flags = FLAG_TABLE(flags),
    .run = run,
};
