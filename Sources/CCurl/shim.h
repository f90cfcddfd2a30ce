#pragma once
#include <curl/curl.h>

// Swift cannot call C's variadic functions.
static inline CURLcode ccurl_set_long(CURL *handle, CURLoption option, long value) {
    return curl_easy_setopt(handle, option, value);
}
static inline CURLcode ccurl_set_offset(CURL *handle, CURLoption option, curl_off_t value) {
    return curl_easy_setopt(handle, option, value);
}
static inline CURLcode ccurl_set_pointer(CURL *handle, CURLoption option, const void *value) {
    return curl_easy_setopt(handle, option, value);
}
typedef size_t (*ccurl_receive)(char *bytes, size_t size, size_t count, void *context);
static inline CURLcode ccurl_set_receive(CURL *handle, CURLoption option, ccurl_receive value) {
    return curl_easy_setopt(handle, option, value);
}
static inline long ccurl_response_code(CURL *handle) {
    long value = 0;
    curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &value);
    return value;
}
static inline curl_off_t ccurl_retry_after(CURL *handle) {
    curl_off_t value = 0;
    curl_easy_getinfo(handle, CURLINFO_RETRY_AFTER, &value);
    return value;
}
static inline const char *ccurl_redirect_url(CURL *handle) {
    char *value = NULL;
    curl_easy_getinfo(handle, CURLINFO_REDIRECT_URL, &value);
    return value;
}

// The outcome of one transfer that curl_multi_info_read reports, or CURLE_OK with a null handle.
static inline CURL *ccurl_next_finished(CURLM *multi, CURLcode *result) {
    int left;
    CURLMsg *message;
    while ((message = curl_multi_info_read(multi, &left)))
        if (message->msg == CURLMSG_DONE) {
            *result = message->data.result;
            return message->easy_handle;
        }
    return NULL;
}
