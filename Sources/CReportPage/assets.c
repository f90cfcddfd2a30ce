#include "CReportPage.h"

#ifndef __has_embed
#error "a newer Swift is needed (6.3 is tried): the clang of this one does not know #embed"
#endif

// C23, and clang's own in C before it.
#pragma clang diagnostic ignored "-Wc23-extensions"

static const unsigned char style[] = {
#embed "report.css"
};
static const unsigned char script[] = {
#embed "report.js"
};
static const unsigned char served_script[] = {
#embed "serve.js"
};

const ReportAsset report_style = {style, sizeof style};
const ReportAsset report_script = {script, sizeof script};
const ReportAsset report_served_script = {served_script, sizeof served_script};
