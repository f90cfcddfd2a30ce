#include "CImaging.h"
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <jpeglib.h>
#include <jerror.h>

// A progressive file may hold any number of scans, each a pass over the whole image.
#define MAX_SCANS 500

// Every 8×8 block costs a bit at least, so a whole file has no more than 512 pixels a byte; a small file that declares
// a huge image would be decoded as grey.
#define MOST_PIXELS_A_BYTE 2048

struct CImagingJPEG {
    struct jpeg_decompress_struct info;
    struct jpeg_error_mgr errors;
    struct jpeg_source_mgr source;
    struct jpeg_progress_mgr progress;
    jmp_buf escape;
    int status;
    int rows_done;
    char *message;
};

static void fail(CImagingJPEG *decoder, int status, const char *text) {
    decoder->status = status;
    snprintf(decoder->message, CIMAGING_MESSAGE, "%s", text);
    longjmp(decoder->escape, 1);
}

static void error_exit(j_common_ptr info) {
    char text[JMSG_LENGTH_MAX];
    info->err->format_message(info, text);
    fail((CImagingJPEG *)info->client_data, CIMAGING_BROKEN, text);
}

static void no_message(j_common_ptr info) { (void)info; }

static void watch_scans(j_common_ptr info) {
    CImagingJPEG *decoder = (CImagingJPEG *)info->client_data;
    if (info->is_decompressor && decoder->info.input_scan_number > MAX_SCANS)
        fail(decoder, CIMAGING_TOO_LARGE, "more than 500 scans");
}

static void no_source_change(j_decompress_ptr info) { (void)info; }

// Once every row is there a missing end marker does not matter (Pillow's rule).
static boolean data_ended(j_decompress_ptr info) {
    CImagingJPEG *decoder = (CImagingJPEG *)info->client_data;
    if (!decoder->rows_done) fail(decoder, CIMAGING_TRUNCATED, "the file ends before its image does");
    return FALSE;
}

static void skip_data(j_decompress_ptr info, long count) {
    if (count <= 0) return;
    size_t step = (size_t)count < info->src->bytes_in_buffer ? (size_t)count : info->src->bytes_in_buffer;
    info->src->next_input_byte += step;
    info->src->bytes_in_buffer -= step;
    if (step < (size_t)count) data_ended(info);
}

int cimaging_jpeg_open(const uint8_t *bytes, size_t count, size_t max_pixels, CImagingJPEG **result, int *width,
    int *height, char message[CIMAGING_MESSAGE]) {
    CImagingJPEG *decoder = calloc(1, sizeof *decoder);
    if (!decoder) {
        snprintf(message, CIMAGING_MESSAGE, "out of memory");
        return CIMAGING_BROKEN;
    }
    decoder->message = message;
    decoder->info.err = jpeg_std_error(&decoder->errors);
    decoder->errors.error_exit = error_exit;
    decoder->errors.output_message = no_message;
    decoder->info.client_data = decoder;
    if (setjmp(decoder->escape)) {
        int status = decoder->status;
        cimaging_jpeg_close(decoder);
        return status;
    }
    jpeg_create_decompress(&decoder->info);
    decoder->info.client_data = decoder;
    decoder->progress.progress_monitor = watch_scans;
    decoder->info.progress = &decoder->progress;
    decoder->source = (struct jpeg_source_mgr){
        .next_input_byte = bytes,
        .bytes_in_buffer = count,
        .init_source = no_source_change,
        .fill_input_buffer = data_ended,
        .skip_input_data = skip_data,
        .resync_to_restart = jpeg_resync_to_restart,
        .term_source = no_source_change,
    };
    decoder->info.src = &decoder->source;
    while (jpeg_read_header(&decoder->info, FALSE) == JPEG_HEADER_TABLES_ONLY) {}
    int components = decoder->info.num_components;
    if (components != 1 && components != 3 && components != 4) {
        snprintf(message, CIMAGING_MESSAGE, "%d colour components (expected 1, 3 or 4)", components);
        cimaging_jpeg_close(decoder);
        return CIMAGING_BROKEN;
    }
    size_t w = decoder->info.image_width, h = decoder->info.image_height;
    if (w * h > max_pixels) {
        snprintf(message, CIMAGING_MESSAGE, "%zux%zu pixels (the limit is %zu pixels)", w, h, max_pixels);
        cimaging_jpeg_close(decoder);
        return CIMAGING_TOO_LARGE;
    }
    if (w * h / MOST_PIXELS_A_BYTE > count) {
        snprintf(message, CIMAGING_MESSAGE, "%zux%zu pixels declared in a file of %zu bytes", w, h, count);
        cimaging_jpeg_close(decoder);
        return CIMAGING_TOO_LARGE;
    }
    *width = (int)w;
    *height = (int)h;
    *result = decoder;
    return CIMAGING_OK;
}

// Pillow's rounded a·b/255.
static inline unsigned scaled(unsigned a, unsigned b) {
    unsigned t = a * b + 128;
    return ((t >> 8) + t) >> 8;
}

// Pillow takes every four-component JPEG for Adobe's inverted CMYK, then its convert("RGB") is (255 − k)(1 − c).
static void from_inverted_cmyk(const uint8_t *from, uint8_t *to, int width) {
    for (int i = 0; i < width; i++, from += 4, to += 3) {
        unsigned light = from[3];
        for (int c = 0; c < 3; c++) to[c] = (uint8_t)(light - scaled(255 - from[c], light));
    }
}

int cimaging_jpeg_decode(CImagingJPEG *decoder, uint8_t *rgb, char message[CIMAGING_MESSAGE]) {
    struct jpeg_decompress_struct *info = &decoder->info;
    uint8_t *volatile line = NULL;
    decoder->message = message;
    if (setjmp(decoder->escape)) {
        free(line);
        return decoder->status;
    }
    int components = info->num_components;
    info->out_color_space = components == 4 ? JCS_CMYK : JCS_RGB;
    jpeg_start_decompress(info);
    size_t stride = (size_t)info->output_width * 3;
    if (components == 4) {
        line = malloc((size_t)info->output_width * 4);
        if (!line) fail(decoder, CIMAGING_BROKEN, "out of memory");
    }
    while (info->output_scanline < info->output_height) {
        uint8_t *row = rgb + info->output_scanline * stride;
        JSAMPROW into = components == 4 ? line : row;
        jpeg_read_scanlines(info, &into, 1);
        if (components == 4) from_inverted_cmyk(line, row, (int)info->output_width);
    }
    decoder->rows_done = 1;
    jpeg_finish_decompress(info);
    free(line);
    return CIMAGING_OK;
}

void cimaging_jpeg_close(CImagingJPEG *decoder) {
    jpeg_destroy_decompress(&decoder->info);
    free(decoder);
}
