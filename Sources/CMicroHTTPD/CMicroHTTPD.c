#include "CMicroHTTPD.h"

#include "CLibrary.h"

#define LIBRARY "libmicrohttpd.so.12"
#define PACKAGE "GNU libmicrohttpd (on Debian libmicrohttpd12)"

FORWARD(enum MHD_Result, MHD_add_response_header, (struct MHD_Response * a, const char *b, const char *c), (a, b, c))
FORWARD(struct MHD_Response *, MHD_create_response_from_buffer, (size_t a, void *b, enum MHD_ResponseMemoryMode c),
    (a, b, c))
FORWARD(void, MHD_destroy_response, (struct MHD_Response * a), (a))
FORWARD(int, MHD_get_connection_values,
    (struct MHD_Connection * a, enum MHD_ValueKind b, MHD_KeyValueIterator c, void *d), (a, b, c, d))
FORWARD(
    enum MHD_Result, MHD_queue_response, (struct MHD_Connection * a, unsigned int b, struct MHD_Response *c), (a, b, c))
FORWARD(void, MHD_stop_daemon, (struct MHD_Daemon * a), (a))

// What takes any number of arguments cannot be handed on.
struct MHD_Daemon *cmicrohttpd_start(const struct sockaddr *address, MHD_AccessHandlerCallback handle,
    MHD_RequestCompletedCallback completed, void *context, unsigned int limit, unsigned int timeout, size_t memory) {
    unsigned int flags = MHD_USE_THREAD_PER_CONNECTION | MHD_USE_INTERNAL_POLLING_THREAD;
    if (address->sa_family == AF_INET6) flags |= MHD_USE_IPv6;
    return ADDRESS(MHD_start_daemon)(flags, 0, NULL, NULL, handle, context, MHD_OPTION_SOCK_ADDR, address,
        MHD_OPTION_NOTIFY_COMPLETED, completed, context, MHD_OPTION_CONNECTION_LIMIT, limit,
        MHD_OPTION_CONNECTION_TIMEOUT, timeout, MHD_OPTION_CONNECTION_MEMORY_LIMIT, memory,
        MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_END);
}

unsigned int cmicrohttpd_port(struct MHD_Daemon *daemon) {
    const union MHD_DaemonInfo *info = ADDRESS(MHD_get_daemon_info)(daemon, MHD_DAEMON_INFO_BIND_PORT);
    return info ? info->port : 0;
}
