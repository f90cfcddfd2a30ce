#pragma once
#include <curl/curl.h>

// Swift cannot call C's variadic functions.
typedef size_t (*ccurl_receive)(char *bytes, size_t size, size_t count, void *context);
CURLcode ccurl_set_long(CURL *handle, CURLoption option, long value);
CURLcode ccurl_set_offset(CURL *handle, CURLoption option, curl_off_t value);
CURLcode ccurl_set_pointer(CURL *handle, CURLoption option, const void *value);
CURLcode ccurl_set_receive(CURL *handle, CURLoption option, ccurl_receive value);
long ccurl_response_code(CURL *handle);
curl_off_t ccurl_retry_after(CURL *handle);
const char *ccurl_redirect_url(CURL *handle);

// The outcome of one transfer that curl_multi_info_read reports, or CURLE_OK with a null handle.
CURL *ccurl_next_finished(CURLM *multi, CURLcode *result);
