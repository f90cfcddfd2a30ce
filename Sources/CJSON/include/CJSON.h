#pragma once
#include <stddef.h>
#include <stdint.h>

// A small C face of simdjson's DOM. A parser is used by one thread at a time; its values live until its next parse.

#ifdef __cplusplus
extern "C" {
#endif

#define CJSON_PADDING 64 // readable bytes that must follow the text

typedef struct CJSONParser CJSONParser;
typedef struct {
    const void *document;
    size_t index;
} CJSONValue;
typedef struct {
    CJSONValue next, end;
} CJSONIterator;
typedef enum { CJSON_NULL, CJSON_BOOL, CJSON_NUMBER, CJSON_STRING, CJSON_ARRAY, CJSON_OBJECT } CJSONKind;

CJSONParser *cjson_parser_new(void); // NULL when memory ran out
void cjson_parser_free(CJSONParser *parser);
// Returns NULL when fine, else why the text is no JSON value.
const char *cjson_parse(CJSONParser *parser, const char *text, size_t count, CJSONValue *root);

CJSONKind cjson_kind(CJSONValue value);
int cjson_member(CJSONValue object, const char *key, size_t count, CJSONValue *member); // 1 when there
int cjson_int(CJSONValue value, int64_t *out);                                          // 1 when it is an integer
int cjson_double(CJSONValue value, double *out);                                        // 1 when it is a number
int cjson_string(CJSONValue value, const char **text, size_t *count);                   // 1 when it is a string
int cjson_array(CJSONValue value, CJSONIterator *iterator);                             // 1 when it is an array
int cjson_next(CJSONIterator *iterator, CJSONValue *value);                             // 0 at the end

#ifdef __cplusplus
}
#endif
