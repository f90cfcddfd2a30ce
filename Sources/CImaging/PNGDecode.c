#include "CImaging.h"
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <png.h>

// deflate packs 1,032 bytes into one at most.
#define MOST_BYTES_A_BYTE 1040

typedef struct {
    const uint8_t *next;
    size_t left;
    int status;
    char *message;
    uint8_t *rgb, *raw;
    png_bytep *rows;
} Reading;

static void fail(png_structp png, png_const_charp text) {
    Reading *reading = png_get_error_ptr(png);
    if (reading->status == CIMAGING_OK) {
        reading->status = CIMAGING_BROKEN;
        snprintf(reading->message, CIMAGING_MESSAGE, "%s", text);
    }
    png_longjmp(png, 1);
}

static void no_warning(png_structp png, png_const_charp text) {
    (void)png;
    (void)text;
}

static void take(png_structp png, png_bytep into, png_size_t count) {
    Reading *reading = png_get_io_ptr(png);
    if (count > reading->left) {
        reading->status = CIMAGING_TRUNCATED;
        png_error(png, "the file ends before its image does");
    }
    memcpy(into, reading->next, count);
    reading->next += count;
    reading->left -= count;
}

// The PLTE chunk; Pillow shows an index beyond it as black.
static void read_palette(png_structp png, png_infop info, uint8_t palette[256][3]) {
    png_colorp colours = NULL;
    int count = 0;
    memset(palette, 0, 256 * 3);
    png_get_PLTE(png, info, &colours, &count);
    for (int i = 0; i < count && i < 256; i++) {
        palette[i][0] = colours[i].red;
        palette[i][1] = colours[i].green;
        palette[i][2] = colours[i].blue;
    }
}

static void decode(
    png_structp png, png_infop info, Reading *reading, size_t count, size_t max_pixels, int *width, int *height) {
    png_set_crc_action(png, PNG_CRC_DEFAULT, PNG_CRC_QUIET_USE);
    png_read_info(png, info);
    size_t w = png_get_image_width(png, info), h = png_get_image_height(png, info);
    int depth = png_get_bit_depth(png, info), colour = png_get_color_type(png, info);
    if (w * h > max_pixels) {
        reading->status = CIMAGING_TOO_LARGE;
        snprintf(reading->message, CIMAGING_MESSAGE, "%zux%zu pixels (the limit is %zu pixels)", w, h, max_pixels);
        png_error(png, "");
    }
    if (png_get_rowbytes(png, info) * h / MOST_BYTES_A_BYTE > count) {
        reading->status = CIMAGING_TOO_LARGE;
        snprintf(reading->message, CIMAGING_MESSAGE, "%zux%zu pixels declared in a file of %zu bytes", w, h, count);
        png_error(png, "");
    }
    // What Pillow does: alpha is dropped, of 16 bits the upper 8 are taken, but 16-bit grey is cut off at 255.
    int is_deep_grey = colour == PNG_COLOR_TYPE_GRAY && depth == 16;
    png_set_packing(png);
    png_set_interlace_handling(png);
    if (colour == PNG_COLOR_TYPE_GRAY && depth < 8) png_set_expand_gray_1_2_4_to_8(png);
    if (colour & PNG_COLOR_MASK_ALPHA) png_set_strip_alpha(png);
    if (depth == 16 && !is_deep_grey) png_set_strip_16(png);
    png_read_update_info(png, info);
    size_t stride = png_get_rowbytes(png, info);
    int is_rgb = (colour & PNG_COLOR_MASK_COLOR) && !(colour & PNG_COLOR_MASK_PALETTE);
    reading->rgb = malloc(w * h * 3);
    reading->raw = is_rgb ? NULL : malloc(stride * h);
    reading->rows = malloc(h * sizeof *reading->rows);
    if (!reading->rgb || !reading->rows || (!is_rgb && !reading->raw)) png_error(png, "out of memory");
    for (size_t y = 0; y < h; y++) reading->rows[y] = is_rgb ? reading->rgb + y * w * 3 : reading->raw + y * stride;
    png_read_image(png, reading->rows);
    if (!is_rgb) {
        uint8_t palette[256][3];
        if (colour & PNG_COLOR_MASK_PALETTE) read_palette(png, info, palette);
        else
            for (int i = 0; i < 256; i++) memset(palette[i], i, 3);
        for (size_t i = 0; i < w * h; i++) {
            uint8_t value = !is_deep_grey ? reading->raw[i] : reading->raw[2 * i] ? 255 : reading->raw[2 * i + 1];
            memcpy(reading->rgb + 3 * i, palette[value], 3);
        }
    }
    *width = (int)w;
    *height = (int)h;
}

int cimaging_png_decode(const uint8_t *bytes, size_t count, size_t max_pixels, uint8_t **rgb, int *width, int *height,
    char message[CIMAGING_MESSAGE]) {
    Reading reading = {.next = bytes, .left = count, .message = message};
    png_structp png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &reading, fail, no_warning);
    png_infop info = png ? png_create_info_struct(png) : NULL;
    if (!info) {
        png_destroy_read_struct(&png, NULL, NULL);
        snprintf(message, CIMAGING_MESSAGE, "out of memory");
        return CIMAGING_BROKEN;
    }
    // `reading` is changed behind a pointer that libpng holds, so a jump leaves it as it was written last.
    if (!setjmp(png_jmpbuf(png))) {
        png_set_read_fn(png, &reading, take);
        png_set_user_limits(png, 0x7fffffff, 0x7fffffff);
        decode(png, info, &reading, count, max_pixels, width, height);
        *rgb = reading.rgb;
    } else {
        free(reading.rgb);
    }
    free(reading.raw);
    free(reading.rows);
    png_destroy_read_struct(&png, &info, NULL);
    return reading.status;
}
