// Its macros that check the types of options stand in the way of what is defined here.
#define CURL_DISABLE_TYPECHECK
#include "CCurl.h"

#include "CLibrary.h"

#define LIBRARY "libcurl.so.4"
#define PACKAGE "curl (on Debian libcurl4)"

// Since curl 8.
#if LIBCURL_VERSION_NUM >= 0x080000
#define READ_URL const CURLU
#else
#define READ_URL CURLU
#endif

FORWARD(void, curl_easy_cleanup, (CURL * a), (a))
FORWARD(CURL *, curl_easy_init, (void), ())
FORWARD(CURLcode, curl_easy_perform, (CURL * a), (a))
FORWARD(void, curl_easy_reset, (CURL * a), (a))
FORWARD(const char *, curl_easy_strerror, (CURLcode a), (a))
FORWARD(void, curl_free, (void *a), (a))
FORWARD(CURLcode, curl_global_init, (long a), (a))
FORWARD(CURLMcode, curl_multi_add_handle, (CURLM * a, CURL *b), (a, b))
FORWARD(CURLMcode, curl_multi_cleanup, (CURLM * a), (a))
FORWARD(CURLMsg *, curl_multi_info_read, (CURLM * a, int *b), (a, b))
FORWARD(CURLM *, curl_multi_init, (void), ())
FORWARD(CURLMcode, curl_multi_perform, (CURLM * a, int *b), (a, b))
FORWARD(CURLMcode, curl_multi_poll, (CURLM * a, struct curl_waitfd *b, unsigned int c, int d, int *e), (a, b, c, d, e))
FORWARD(CURLMcode, curl_multi_remove_handle, (CURLM * a, CURL *b), (a, b))
FORWARD(struct curl_slist *, curl_slist_append, (struct curl_slist * a, const char *b), (a, b))
FORWARD(void, curl_slist_free_all, (struct curl_slist * a), (a))
FORWARD(CURLU *, curl_url, (void), ())
FORWARD(void, curl_url_cleanup, (CURLU * a), (a))
FORWARD(CURLUcode, curl_url_get, (READ_URL * a, CURLUPart b, char **c, unsigned int d), (a, b, c, d))
FORWARD(CURLUcode, curl_url_set, (CURLU * a, CURLUPart b, const char *c, unsigned int d), (a, b, c, d))

// What takes any number of arguments cannot be handed on.
#define set ADDRESS(curl_easy_setopt)
#define get ADDRESS(curl_easy_getinfo)

CURLcode ccurl_set_long(CURL *handle, CURLoption option, long value) { return set(handle, option, value); }
CURLcode ccurl_set_offset(CURL *handle, CURLoption option, curl_off_t value) { return set(handle, option, value); }
CURLcode ccurl_set_pointer(CURL *handle, CURLoption option, const void *value) { return set(handle, option, value); }
CURLcode ccurl_set_receive(CURL *handle, CURLoption option, ccurl_receive value) { return set(handle, option, value); }
long ccurl_response_code(CURL *handle) {
    long value = 0;
    get(handle, CURLINFO_RESPONSE_CODE, &value);
    return value;
}
curl_off_t ccurl_retry_after(CURL *handle) {
    curl_off_t value = 0;
    get(handle, CURLINFO_RETRY_AFTER, &value);
    return value;
}
const char *ccurl_redirect_url(CURL *handle) {
    char *value = NULL;
    get(handle, CURLINFO_REDIRECT_URL, &value);
    return value;
}

CURL *ccurl_next_finished(CURLM *multi, CURLcode *result) {
    int left;
    CURLMsg *message;
    while ((message = curl_multi_info_read(multi, &left)))
        if (message->msg == CURLMSG_DONE) {
            *result = message->data.result;
            return message->easy_handle;
        }
    return NULL;
}
