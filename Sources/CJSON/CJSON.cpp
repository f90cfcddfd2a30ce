#include "CJSON.h"
#include <cstring>
#include <new>
#include <simdjson.h>

using namespace simdjson;

struct CJSONParser {
    dom::parser parser;
};

static_assert(SIMDJSON_PADDING <= CJSON_PADDING, "simdjson wants more padding");
static_assert(sizeof(dom::element) == sizeof(CJSONValue) && sizeof(dom::array::iterator) == sizeof(CJSONValue),
              "simdjson's handles have another size");
static_assert(std::is_trivially_copyable<dom::element>::value && std::is_trivially_copyable<dom::array::iterator>::value,
              "simdjson's handles cannot be copied as bytes");

// simdjson's handles and ours are the same two words.
template <class To, class From> static To as(const From &from) {
    To to;
    std::memcpy(static_cast<void *>(&to), &from, sizeof to);
    return to;
}

static dom::element element(CJSONValue value) { return as<dom::element>(value); }

CJSONParser *cjson_parser_new(void) { return new (std::nothrow) CJSONParser; }

void cjson_parser_free(CJSONParser *parser) { delete parser; }

const char *cjson_parse(CJSONParser *parser, const char *text, size_t count, CJSONValue *root) {
    dom::element value;
    error_code error = parser->parser.parse(text, count, false).get(value);
    if (error) return error_message(error);
    *root = as<CJSONValue>(value);
    return nullptr;
}

CJSONKind cjson_kind(CJSONValue value) {
    switch (element(value).type()) {
    case dom::element_type::ARRAY: return CJSON_ARRAY;
    case dom::element_type::OBJECT: return CJSON_OBJECT;
    case dom::element_type::STRING: return CJSON_STRING;
    case dom::element_type::BOOL: return CJSON_BOOL;
    case dom::element_type::NULL_VALUE: return CJSON_NULL;
    default: return CJSON_NUMBER;
    }
}

int cjson_member(CJSONValue object, const char *key, size_t count, CJSONValue *member) {
    dom::object members;
    if (element(object).get(members)) return 0;
    dom::element value;
    if (members.at_key(std::string_view(key, count)).get(value)) return 0;
    *member = as<CJSONValue>(value);
    return 1;
}

int cjson_int(CJSONValue value, int64_t *out) { return !element(value).get(*out); }

int cjson_double(CJSONValue value, double *out) { return !element(value).get(*out); }

int cjson_string(CJSONValue value, const char **text, size_t *count) {
    std::string_view view;
    if (element(value).get(view)) return 0;
    *text = view.data();
    *count = view.size();
    return 1;
}

int cjson_array(CJSONValue value, CJSONIterator *iterator) {
    dom::array array;
    if (element(value).get(array)) return 0;
    *iterator = {as<CJSONValue>(array.begin()), as<CJSONValue>(array.end())};
    return 1;
}

int cjson_next(CJSONIterator *iterator, CJSONValue *value) {
    auto next = as<dom::array::iterator>(iterator->next), end = as<dom::array::iterator>(iterator->end);
    if (!(next != end)) return 0;
    *value = as<CJSONValue>(*next);
    iterator->next = as<CJSONValue>(++next);
    return 1;
}
