#include "CLibrary.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static _Noreturn void leave(const char *reason, const char *package) {
    fprintf(stderr, "error: %s: install %s\n", reason, package);
    _exit(127);
}

static const char *reason_of_loader(void) {
    const char *reason = dlerror();
    return reason ? reason : "a library cannot be loaded";
}

void *clibrary_function(const char *library, const char *package, const char *name) {
    char reasons[2048] = "";
    void *handle = NULL;
    while (!handle) {
        size_t length = strcspn(library, ":"), said = strlen(reasons);
        char file[256];
        snprintf(file, sizeof file, "%.*s", (int)length, library);
        handle = dlopen(file, RTLD_NOW | RTLD_LOCAL);
        if (!handle) snprintf(reasons + said, sizeof reasons - said, "%s%s", said ? "; " : "", reason_of_loader());
        if (!handle && !library[length]) leave(reasons, package);
        library += length + 1;
    }
    void *address = dlsym(handle, name);
    if (!address) leave(reason_of_loader(), package);
    return address;
}
