// The style and the scripts of a report's page: files beside assets.c, which the compiler puts into the program as they
// are.
#pragma once

#include <stddef.h>

typedef struct {
    const unsigned char *bytes;
    size_t count;
} ReportAsset;

extern const ReportAsset report_style, report_script, report_served_script;
