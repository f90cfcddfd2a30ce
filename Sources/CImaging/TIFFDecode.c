#include "CImaging.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tiffio.h>

// Bytes that one byte of a file can stand for: of deflate and LZW at most 1,400; a line of fax codes takes a bit.
#define MOST_OF_A_BYTE 4096
#define MOST_OF_A_FAX_BYTE (1 << 20)
#define MOST_AT_ONCE ((tmsize_t)1 << 30)

// `ended`: more was asked for than there is.
typedef struct {
    const uint8_t *bytes;
    toff_t count, at;
    int ended;
} Source;

static tmsize_t take(thandle_t handle, void *into, tmsize_t count) {
    Source *source = handle;
    toff_t left = source->at < source->count ? source->count - source->at : 0;
    toff_t taken = count > 0 ? ((toff_t)count < left ? (toff_t)count : left) : 0;
    if (count > 0 && taken < (toff_t)count) source->ended = 1;
    if (!taken) return 0;
    memcpy(into, source->bytes + source->at, taken);
    source->at += taken;
    return (tmsize_t)taken;
}

static tmsize_t give(thandle_t handle, void *from, tmsize_t count) {
    (void)handle, (void)from, (void)count;
    return 0;
}

static toff_t seek(thandle_t handle, toff_t offset, int whence) {
    Source *source = handle;
    source->at = whence == SEEK_CUR ? source->at + offset : whence == SEEK_END ? source->count + offset : offset;
    return source->at;
}

static int shut(thandle_t handle) {
    (void)handle;
    return 0;
}
static toff_t size(thandle_t handle) { return ((Source *)handle)->count; }

// Keeps the first error's text.
static int hear(TIFF *tiff, void *message, const char *module, const char *format, va_list arguments) {
    (void)tiff, (void)module;
    if (!*(char *)message) vsnprintf(message, CIMAGING_MESSAGE, format, arguments);
    return 1;
}

static int ignore(TIFF *tiff, void *message, const char *module, const char *format, va_list arguments) {
    (void)tiff, (void)message, (void)module, (void)format, (void)arguments;
    return 1;
}

static int refused(int status, const char *text, char *message) {
    snprintf(message, CIMAGING_MESSAGE, "%s", text);
    return status;
}

// What is told of the pixels, and how they become colours.
typedef struct {
    uint32_t width, height;
    uint16_t bits, samples, photometric, format, planar, extra; // extra: 0 none, 1 associated alpha, 2 other
    int is_big_endian, is_rgba;
    uint16_t *red, *green, *blue;
} Layout;

// The combinations that Pillow opens.
static int is_known(const Layout *layout, int extras, const uint16_t *kinds) {
    int colours = layout->samples - extras, bits = layout->bits;
    for (int i = 1; i < extras; i++)
        if (kinds[i] != 0) return 0;
    if (layout->format != SAMPLEFORMAT_UINT && layout->photometric > PHOTOMETRIC_MINISBLACK) return 0;
    switch (layout->photometric) {
        case PHOTOMETRIC_MINISWHITE:
        case PHOTOMETRIC_MINISBLACK: {
            int is_white = layout->photometric == PHOTOMETRIC_MINISWHITE;
            if (layout->samples == 2 && extras == 1 && kinds[0] == 2)
                return !is_white && bits == 8 && layout->format == SAMPLEFORMAT_UINT;
            if (layout->samples != 1) return 0;
            if (layout->format == SAMPLEFORMAT_IEEEFP) return bits == 32;
            if (layout->format == SAMPLEFORMAT_INT) return !is_white && (bits == 8 || bits == 16 || bits == 32);
            if (bits == 16) return !is_white || !layout->is_big_endian;
            return bits == 1 || bits == 2 || bits == 4 || bits == 8 ||
                   (bits == 32 && !is_white && !layout->is_big_endian);
        }
        case PHOTOMETRIC_RGB:
            if (extras == 0) return (bits == 8 || bits == 16) && (colours == 3 || colours == 4);
            return colours == 3 && extras <= (bits == 8 ? 3 : bits == 16 ? 1 : 0);
        case PHOTOMETRIC_PALETTE:
            if (extras == 1) return colours == 1 && bits == 8 && kinds[0] != 1;
            return colours == 1 && extras == 0 && (bits == 1 || bits == 2 || bits == 4 || bits == 8);
        case PHOTOMETRIC_SEPARATED: return colours == 4 && (bits == 8 ? extras <= 2 : bits == 16 && extras == 0);
        case PHOTOMETRIC_YCBCR: return bits == 8 && extras == 0 && (colours == 3 || colours == 1);
        default: return 0;
    }
}

static int read_layout(TIFF *tiff, size_t count, size_t max_pixels, Layout *layout, char *message) {
    uint16_t compression = COMPRESSION_NONE, extras = 0, *kinds = NULL;
    TIFFGetFieldDefaulted(tiff, TIFFTAG_COMPRESSION, &compression);
    if (!TIFFGetField(tiff, TIFFTAG_IMAGEWIDTH, &layout->width) ||
        !TIFFGetField(tiff, TIFFTAG_IMAGELENGTH, &layout->height) || !layout->width || !layout->height)
        return refused(CIMAGING_BROKEN, "no pixels", message);
    if (compression == COMPRESSION_OJPEG || !TIFFIsCODECConfigured(compression)) {
        snprintf(message, CIMAGING_MESSAGE, "a TIFF of compression %d; save it with another", compression);
        return CIMAGING_BROKEN;
    }
    TIFFGetFieldDefaulted(tiff, TIFFTAG_BITSPERSAMPLE, &layout->bits);
    TIFFGetFieldDefaulted(tiff, TIFFTAG_SAMPLESPERPIXEL, &layout->samples);
    TIFFGetFieldDefaulted(tiff, TIFFTAG_PLANARCONFIG, &layout->planar);
    TIFFGetFieldDefaulted(tiff, TIFFTAG_SAMPLEFORMAT, &layout->format);
    if (!TIFFGetField(tiff, TIFFTAG_PHOTOMETRIC, &layout->photometric)) layout->photometric = PHOTOMETRIC_MINISWHITE;
    TIFFGetFieldDefaulted(tiff, TIFFTAG_EXTRASAMPLES, &extras, &kinds);
    layout->is_big_endian = TIFFIsBigEndian(tiff);
    if (!is_known(layout, extras, kinds)) {
        snprintf(message, CIMAGING_MESSAGE,
            "a TIFF of %d samples of %d bits (photometric %d, format %d); save it as 8-bit RGB", layout->samples,
            layout->bits, layout->photometric, layout->format);
        return CIMAGING_BROKEN;
    }
    layout->extra = extras == 0 ? 0 : kinds[0] == EXTRASAMPLE_ASSOCALPHA ? 1 : 2;
    if (layout->photometric == PHOTOMETRIC_PALETTE &&
        !TIFFGetField(tiff, TIFFTAG_COLORMAP, &layout->red, &layout->green, &layout->blue))
        return refused(CIMAGING_BROKEN, "a TIFF without its palette", message);
    if (layout->photometric == PHOTOMETRIC_YCBCR && layout->samples == 3) {
        if (compression == COMPRESSION_JPEG && layout->planar == PLANARCONFIG_CONTIG)
            TIFFSetField(tiff, TIFFTAG_JPEGCOLORMODE, JPEGCOLORMODE_RGB);
        else layout->is_rgba = 1;
    }
    size_t pixels = (size_t)layout->width * layout->height, bytes = pixels * layout->samples * layout->bits / 8;
    int is_fax = layout->bits == 1 && layout->samples == 1;
    if (pixels > max_pixels || bytes / (is_fax ? MOST_OF_A_FAX_BYTE : MOST_OF_A_BYTE) > count) {
        snprintf(message, CIMAGING_MESSAGE, "%ux%u pixels declared in a file of %zu bytes (the limit is %zu pixels)",
            layout->width, layout->height, count, max_pixels);
        return CIMAGING_TOO_LARGE;
    }
    return CIMAGING_OK;
}

// A sample of up to 8 bits, or of the machine's own 16 or 32, as Pillow's eight.
static uint8_t sample(const uint8_t *row, size_t i, const Layout *layout) {
    int is_grey = layout->photometric <= PHOTOMETRIC_MINISBLACK;
    switch (layout->bits) {
        case 8: return row[i];
        case 16: {
            uint16_t value;
            memcpy(&value, row + 2 * i, 2);
            if (!is_grey) return value >> 8;
            if (layout->format == SAMPLEFORMAT_INT && (int16_t)value < 0) return 0;
            return value > 255 ? 255 : (uint8_t)value;
        }
        case 32: {
            int32_t value;
            float real;
            memcpy(&value, row + 4 * i, 4);
            memcpy(&real, row + 4 * i, 4);
            if (layout->format == SAMPLEFORMAT_IEEEFP) return !(real > 0) ? 0 : real >= 255 ? 255 : (uint8_t)real;
            return value < 0 ? 0 : value > 255 ? 255 : (uint8_t)value;
        }
        default: {
            unsigned per = 8u / layout->bits, mask = (1u << layout->bits) - 1;
            uint8_t value = (row[i / per] >> (8 - layout->bits * (i % per + 1))) & mask;
            return layout->photometric == PHOTOMETRIC_PALETTE ? value : (uint8_t)(value * (255 / mask));
        }
    }
}

static uint8_t unpremultiplied(uint8_t value, uint8_t alpha) {
    unsigned whole = alpha ? (unsigned)value * 255 / alpha : 0;
    return whole > 255 ? 255 : (uint8_t)whole;
}

static uint8_t without_ink(uint8_t ink, uint8_t key) {
    unsigned light = 255u - key, product = (unsigned)ink * light + 128;
    return (uint8_t)(light - (((product >> 8) + product) >> 8));
}

// The samples of a pixel, up to four, as RGB.
static void colour(const uint8_t s[4], const Layout *layout, uint8_t *out) {
    switch (layout->photometric) {
        case PHOTOMETRIC_PALETTE:
            out[0] = layout->red[s[0]] >> 8, out[1] = layout->green[s[0]] >> 8, out[2] = layout->blue[s[0]] >> 8;
            return;
        case PHOTOMETRIC_SEPARATED:
            for (int c = 0; c < 3; c++) out[c] = without_ink(s[c], s[3]);
            return;
        case PHOTOMETRIC_RGB:
        case PHOTOMETRIC_YCBCR:
            if (layout->samples >= 3) {
                for (int c = 0; c < 3; c++) out[c] = layout->extra == 1 ? unpremultiplied(s[c], s[3]) : s[c];
                return;
            }
    }
    // Pillow turns white and black only of whole numbers up to eight bits.
    memset(out, layout->photometric == PHOTOMETRIC_MINISWHITE && layout->bits <= 8 ? 255 - s[0] : s[0], 3);
}

// Reads every strip or tile of every plane into `planes` [height, width, kept].
static int read_samples(TIFF *tiff, const Layout *layout, uint8_t *planes, size_t kept, char *message) {
    int is_tiled = TIFFIsTiled(tiff), is_apart = layout->planar == PLANARCONFIG_SEPARATE && layout->samples > 1;
    uint32_t columns = layout->width, rows = 0;
    if (is_tiled) {
        if (!TIFFGetField(tiff, TIFFTAG_TILEWIDTH, &columns) || !TIFFGetField(tiff, TIFFTAG_TILELENGTH, &rows))
            rows = 0;
    } else {
        TIFFGetFieldDefaulted(tiff, TIFFTAG_ROWSPERSTRIP, &rows);
        if (rows > layout->height) rows = layout->height;
    }
    tmsize_t line = is_tiled ? TIFFTileRowSize(tiff) : TIFFScanlineSize(tiff);
    tmsize_t block = is_tiled ? TIFFTileSize(tiff) : line * (tmsize_t)rows;
    size_t held = is_apart ? 1 : layout->samples;
    if (!columns || !rows || line <= 0 || block <= 0 || block > MOST_AT_ONCE || block / line < (tmsize_t)rows ||
        (size_t)line < ((size_t)columns * held * layout->bits + 7) / 8)
        return refused(CIMAGING_BROKEN, "tiles or strips of no sense", message);
    uint8_t *buffer = malloc((size_t)block);
    int status = buffer ? CIMAGING_OK : refused(CIMAGING_BROKEN, "out of memory", message);
    for (size_t plane = 0; status == CIMAGING_OK && plane < (is_apart ? kept : 1); plane++)
        for (uint32_t top = 0; status == CIMAGING_OK && top < layout->height; top += rows)
            for (uint32_t left = 0; status == CIMAGING_OK && left < layout->width; left += columns) {
                uint32_t height = layout->height - top < rows ? layout->height - top : rows;
                tmsize_t wanted = is_tiled ? block : line * (tmsize_t)height;
                tmsize_t read =
                    is_tiled ? TIFFReadEncodedTile(
                                   tiff, TIFFComputeTile(tiff, left, top, 0, (uint16_t)plane), buffer, wanted)
                             : TIFFReadEncodedStrip(tiff, TIFFComputeStrip(tiff, top, (uint16_t)plane), buffer, wanted);
                if (read < wanted) {
                    status = CIMAGING_BROKEN;
                    break;
                }
                uint32_t width = layout->width - left < columns ? layout->width - left : columns;
                for (uint32_t y = 0; y < height; y++) {
                    const uint8_t *row = buffer + (tmsize_t)y * line;
                    uint8_t *out = planes + ((size_t)(top + y) * layout->width + left) * kept;
                    for (size_t x = 0; x < width; x++, out += kept) {
                        if (is_apart) out[plane] = sample(row, x, layout);
                        else
                            for (size_t s = 0; s < kept; s++) out[s] = sample(row, x * held + s, layout);
                    }
                }
            }
    free(buffer);
    return status;
}

static int read_rgba(TIFF *tiff, const Layout *layout, uint8_t *rgb, char *message) {
    size_t pixels = (size_t)layout->width * layout->height;
    uint32_t *raster = malloc(pixels * 4);
    if (!raster) return refused(CIMAGING_BROKEN, "out of memory", message);
    int is_fine = TIFFReadRGBAImageOriented(tiff, layout->width, layout->height, raster, ORIENTATION_TOPLEFT, 1);
    for (size_t i = 0; is_fine && i < pixels; i++) {
        rgb[3 * i] = TIFFGetR(raster[i]);
        rgb[3 * i + 1] = TIFFGetG(raster[i]);
        rgb[3 * i + 2] = TIFFGetB(raster[i]);
    }
    free(raster);
    return is_fine ? CIMAGING_OK : CIMAGING_BROKEN;
}

static int decode(TIFF *tiff, size_t count, size_t max_pixels, uint8_t **rgb, int *width, int *height, char *message) {
    Layout layout = {0};
    int status = read_layout(tiff, count, max_pixels, &layout, message);
    if (status != CIMAGING_OK) return status;
    size_t pixels = (size_t)layout.width * layout.height, kept = layout.samples < 4 ? layout.samples : 4;
    uint8_t *out = malloc(pixels * 3), *planes = layout.is_rgba ? NULL : calloc(pixels, kept);
    if (!out || (!planes && !layout.is_rgba)) status = refused(CIMAGING_BROKEN, "out of memory", message);
    else if (layout.is_rgba) status = read_rgba(tiff, &layout, out, message);
    else status = read_samples(tiff, &layout, planes, kept, message);
    for (size_t i = 0; status == CIMAGING_OK && planes && i < pixels; i++) {
        uint8_t samples[4] = {0};
        memcpy(samples, planes + i * kept, kept);
        colour(samples, &layout, out + 3 * i);
    }
    free(planes);
    if (status != CIMAGING_OK) {
        free(out);
        return status;
    }
    *rgb = out;
    *width = (int)layout.width;
    *height = (int)layout.height;
    return CIMAGING_OK;
}

int cimaging_tiff_decode(const uint8_t *bytes, size_t count, size_t max_pixels, uint8_t **rgb, int *width, int *height,
    int *orientation, char message[CIMAGING_MESSAGE]) {
    Source source = {bytes, count, 0, 0};
    TIFFOpenOptions *options = TIFFOpenOptionsAlloc();
    if (!options) return refused(CIMAGING_BROKEN, "out of memory", message);
    TIFFOpenOptionsSetMaxSingleMemAlloc(options, MOST_AT_ONCE);
    TIFFOpenOptionsSetErrorHandlerExtR(options, hear, message);
    TIFFOpenOptionsSetWarningHandlerExtR(options, ignore, NULL);
    // m: read, not mapped.
    TIFF *tiff = TIFFClientOpenExt("picture", "rm", &source, take, give, seek, shut, size, NULL, NULL, options);
    TIFFOpenOptionsFree(options);
    if (!tiff)
        return source.ended ? CIMAGING_TRUNCATED
               : *message   ? CIMAGING_BROKEN
                            : refused(CIMAGING_BROKEN, "no header of a TIFF", message);
    uint16_t turned = ORIENTATION_TOPLEFT;
    TIFFGetFieldDefaulted(tiff, TIFFTAG_ORIENTATION, &turned);
    *orientation = turned;
    *message = 0;
    int status = decode(tiff, count, max_pixels, rgb, width, height, message);
    TIFFClose(tiff);
    if (status == CIMAGING_BROKEN && !*message) refused(status, "its data are damaged", message);
    return status == CIMAGING_BROKEN && source.ended ? CIMAGING_TRUNCATED : status;
}
