// libtiff's functions, from the library as it is when the first is called.
#include "CLibrary.h"
#include <stdarg.h>
#include <tiffio.h>

#define LIBRARY "libtiff.so.6"
#define PACKAGE "libtiff (on Debian libtiff6)"

FORWARD(TIFF *, TIFFClientOpenExt,
    (const char *a, const char *b, thandle_t c, TIFFReadWriteProc d, TIFFReadWriteProc e, TIFFSeekProc f,
        TIFFCloseProc g, TIFFSizeProc h, TIFFMapFileProc i, TIFFUnmapFileProc j, TIFFOpenOptions *k),
    (a, b, c, d, e, f, g, h, i, j, k))
FORWARD(void, TIFFClose, (TIFF * a), (a))
FORWARD(uint32_t, TIFFComputeStrip, (TIFF * a, uint32_t b, uint16_t c), (a, b, c))
FORWARD(uint32_t, TIFFComputeTile, (TIFF * a, uint32_t b, uint32_t c, uint32_t d, uint16_t e), (a, b, c, d, e))
FORWARD(int, TIFFIsBigEndian, (TIFF * a), (a))
FORWARD(int, TIFFIsCODECConfigured, (uint16_t a), (a))
FORWARD(int, TIFFIsTiled, (TIFF * a), (a))
FORWARD(TIFFOpenOptions *, TIFFOpenOptionsAlloc, (void), ())
FORWARD(void, TIFFOpenOptionsFree, (TIFFOpenOptions * a), (a))
FORWARD(void, TIFFOpenOptionsSetErrorHandlerExtR, (TIFFOpenOptions * a, TIFFErrorHandlerExtR b, void *c), (a, b, c))
FORWARD(void, TIFFOpenOptionsSetMaxSingleMemAlloc, (TIFFOpenOptions * a, tmsize_t b), (a, b))
FORWARD(void, TIFFOpenOptionsSetWarningHandlerExtR, (TIFFOpenOptions * a, TIFFErrorHandlerExtR b, void *c), (a, b, c))
FORWARD(tmsize_t, TIFFReadEncodedStrip, (TIFF * a, uint32_t b, void *c, tmsize_t d), (a, b, c, d))
FORWARD(tmsize_t, TIFFReadEncodedTile, (TIFF * a, uint32_t b, void *c, tmsize_t d), (a, b, c, d))
FORWARD(
    int, TIFFReadRGBAImageOriented, (TIFF * a, uint32_t b, uint32_t c, uint32_t *d, int e, int f), (a, b, c, d, e, f))
FORWARD(tmsize_t, TIFFScanlineSize, (TIFF * a), (a))
FORWARD(tmsize_t, TIFFTileRowSize, (TIFF * a), (a))
FORWARD(tmsize_t, TIFFTileSize, (TIFF * a), (a))
FORWARD(int, TIFFVGetField, (TIFF * a, uint32_t b, va_list c), (a, b, c))
FORWARD(int, TIFFVGetFieldDefaulted, (TIFF * a, uint32_t b, va_list c), (a, b, c))
FORWARD(int, TIFFVSetField, (TIFF * a, uint32_t b, va_list c), (a, b, c))

// What takes any number of arguments is handed on as a list.
#define VARIADIC(name, list_name)                                                                                      \
    HIDE(name);                                                                                                        \
    int name(TIFF *tiff, uint32_t tag, ...) {                                                                          \
        va_list arguments;                                                                                             \
        va_start(arguments, tag);                                                                                      \
        int result = list_name(tiff, tag, arguments);                                                                  \
        va_end(arguments);                                                                                             \
        return result;                                                                                                 \
    }
VARIADIC(TIFFGetField, TIFFVGetField)
VARIADIC(TIFFGetFieldDefaulted, TIFFVGetFieldDefaulted)
VARIADIC(TIFFSetField, TIFFVSetField)
