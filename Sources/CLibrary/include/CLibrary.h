#pragma once

/// The function `name` of a shared library, which is loaded when the first of its functions is called: to load HDF5,
/// curl, libmicrohttpd and libtiff with all that they stand on takes as long as the rest of a short verb.
///
/// `library`: its file's name, or several with colons between, of which the first that is found is taken. `package`:
/// what to install (Debian's name). Where there is no such library the process ends with 127, the dynamic loader's
/// status for a library that is linked, but at the first call.
void *clibrary_function(const char *library, const char *package, const char *name);

// For a file that names one LIBRARY and its PACKAGE.

// Where the library has `name`, looked up once.
#define ADDRESS(name)                                                                                                  \
    ({                                                                                                                 \
        static _Atomic(void *) address;                                                                                \
        void *known = address;                                                                                         \
        if (!known) address = known = clibrary_function(LIBRARY, PACKAGE, #name);                                      \
        (__typeof__(name) *)known;                                                                                     \
    })

// Keeps what this program defines from the library, whose own calls stay its own.
#define HIDE(name) __asm__(".hidden " #name)

// Defines a function for the rest of the program, as its header declares it.
#define FORWARD(result, name, parameters, arguments)                                                                   \
    HIDE(name);                                                                                                        \
    result name parameters { return ADDRESS(name) arguments; }
