#include "CLibrary.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static _Noreturn void leave(const char *reason, const char *package) {
    fprintf(stderr, "error: %s: install %s\n", reason ? reason : "a library cannot be loaded", package);
    _exit(127);
}

void *clibrary_function(const char *library, const char *package, const char *name) {
    void *handle = NULL;
    while (!handle) {
        size_t length = strcspn(library, ":");
        char file[256];
        snprintf(file, sizeof file, "%.*s", (int)length, library);
        handle = dlopen(file, RTLD_NOW | RTLD_LOCAL);
        if (!handle && !library[length]) leave(dlerror(), package);
        library += length + 1;
    }
    void *address = dlsym(handle, name);
    if (!address) leave(dlerror(), package);
    return address;
}
