#pragma once
#include <microhttpd.h>

// Swift cannot call C's variadic functions.
// A thread a connection; `limit` of them at most, each with at most `memory` bytes of headers and `timeout` seconds of
// silence.
struct MHD_Daemon *cmicrohttpd_start(const struct sockaddr *address, MHD_AccessHandlerCallback handle,
    MHD_RequestCompletedCallback completed, void *context, unsigned int limit, unsigned int timeout, size_t memory);
unsigned int cmicrohttpd_port(struct MHD_Daemon *daemon);

// Its closed enumerations come to Swift under other names in other versions of the compiler.
static inline enum MHD_Result cmicrohttpd_yes(void) { return MHD_YES; }
static inline enum MHD_Result cmicrohttpd_no(void) { return MHD_NO; }
static inline int cmicrohttpd_headers(struct MHD_Connection *connection, MHD_KeyValueIterator each, void *context) {
    return MHD_get_connection_values(connection, MHD_HEADER_KIND, each, context);
}
static inline int cmicrohttpd_arguments(struct MHD_Connection *connection, MHD_KeyValueIterator each, void *context) {
    return MHD_get_connection_values(connection, MHD_GET_ARGUMENT_KIND, each, context);
}
static inline struct MHD_Response *cmicrohttpd_response(const void *bytes, size_t count) {
    return MHD_create_response_from_buffer(count, (void *)bytes, MHD_RESPMEM_MUST_COPY);
}
