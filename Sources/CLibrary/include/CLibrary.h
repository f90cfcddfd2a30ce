#pragma once

/// The function `name` of a shared library, which is loaded when the first of its functions is called: to load HDF5,
/// curl, libmicrohttpd and libtiff with all that they stand on takes as long as the rest of a short verb.
///
/// `library`: its file's name, or several with colons between, of which the first that is found is taken. `package`:
/// what to install (Debian's name). Where there is no such library the process ends with 127, the dynamic loader's
/// status for a library that is linked, but at the first call.
void *clibrary_function(const char *library, const char *package, const char *name);

// Defines `name` for the rest of the program, as its header declares it. It is hidden, so that the library's own calls
// of it stay the library's.
#define CLIBRARY_FORWARD(library, package, result, name, parameters, arguments)                                        \
    __asm__(".hidden " #name);                                                                                         \
    result name parameters {                                                                                           \
        static _Atomic(void *) address;                                                                                \
        void *known = address;                                                                                         \
        if (!known) address = known = clibrary_function(library, package, #name);                                      \
        return ((__typeof__(name) *)known)arguments;                                                                   \
    }
