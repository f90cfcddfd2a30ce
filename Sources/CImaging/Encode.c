#include "CImaging.h"
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <jpeglib.h>
#include <png.h>

void cimaging_free(void *bytes) { free(bytes); }

typedef struct {
    struct jpeg_error_mgr errors;
    jmp_buf escape;
    char *message;
} EncodeErrors;

static void error_exit(j_common_ptr info) {
    EncodeErrors *errors = (EncodeErrors *)info->err;
    char text[JMSG_LENGTH_MAX];
    info->err->format_message(info, text);
    snprintf(errors->message, CIMAGING_MESSAGE, "%s", text);
    longjmp(errors->escape, 1);
}

int cimaging_jpeg_encode(const uint8_t *rgb, int width, int height, int quality, uint8_t **bytes, size_t *count,
    char message[CIMAGING_MESSAGE]) {
    struct jpeg_compress_struct info;
    EncodeErrors errors = {.message = message};
    unsigned char *buffer = NULL;
    unsigned long size = 0;
    info.err = jpeg_std_error(&errors.errors);
    errors.errors.error_exit = error_exit;
    jpeg_create_compress(&info);
    // libjpeg writes where these point, so they keep their values over the jump.
    unsigned char **volatile out = &buffer;
    if (setjmp(errors.escape)) {
        jpeg_destroy_compress(&info);
        free(*out);
        return CIMAGING_BROKEN;
    }
    jpeg_mem_dest(&info, &buffer, &size);
    info.image_width = (JDIMENSION)width;
    info.image_height = (JDIMENSION)height;
    info.input_components = 3;
    info.in_color_space = JCS_RGB;
    jpeg_set_defaults(&info);
    info.dct_method = JDCT_ISLOW;
    jpeg_set_quality(&info, quality, TRUE);
    jpeg_start_compress(&info, TRUE);
    while (info.next_scanline < info.image_height) {
        JSAMPROW row = (JSAMPROW)(rgb + (size_t)info.next_scanline * (size_t)width * 3);
        jpeg_write_scanlines(&info, &row, 1);
    }
    jpeg_finish_compress(&info);
    jpeg_destroy_compress(&info);
    *bytes = buffer;
    *count = size;
    return CIMAGING_OK;
}

int cimaging_png_encode(
    const uint8_t *rgb, int width, int height, uint8_t **bytes, size_t *count, char message[CIMAGING_MESSAGE]) {
    png_image image = {.version = PNG_IMAGE_VERSION,
        .width = (png_uint_32)width,
        .height = (png_uint_32)height,
        .format = PNG_FORMAT_RGB};
    png_alloc_size_t size = PNG_IMAGE_PNG_SIZE_MAX(image);
    uint8_t *buffer = malloc(size);
    if (buffer && png_image_write_to_memory(&image, buffer, &size, 0, rgb, 0, NULL)) {
        *bytes = buffer;
        *count = size;
        return CIMAGING_OK;
    }
    snprintf(message, CIMAGING_MESSAGE, "%s", buffer ? image.message : "out of memory");
    free(buffer);
    return CIMAGING_BROKEN;
}
