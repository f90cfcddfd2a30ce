#include "CImaging.h"
#include <stdio.h>
#include <stdlib.h>
#include <webp/decode.h>
#include <webp/demux.h>

static int refused(int status, const char *text, char *message) {
    snprintf(message, CIMAGING_MESSAGE, "%s", text);
    return status;
}

// By the decoder of animations, as Pillow: a still image is its own first frame.
int cimaging_webp_decode(const uint8_t *bytes, size_t count, size_t max_pixels, uint8_t **rgb, int *width, int *height,
    char message[CIMAGING_MESSAGE]) {
    WebPBitstreamFeatures features;
    VP8StatusCode code = WebPGetFeatures(bytes, count, &features);
    if (code == VP8_STATUS_NOT_ENOUGH_DATA)
        return refused(CIMAGING_TRUNCATED, "the file ends before its image does", message);
    if (code != VP8_STATUS_OK) return refused(CIMAGING_BROKEN, "no header of a WebP image", message);
    size_t pixels = (size_t)features.width * (size_t)features.height;
    if (pixels > max_pixels) {
        snprintf(message, CIMAGING_MESSAGE, "%dx%d pixels (the limit is %zu pixels)", features.width, features.height,
            max_pixels);
        return CIMAGING_TOO_LARGE;
    }
    WebPData data = {bytes, count};
    WebPAnimDecoderOptions options;
    if (!WebPAnimDecoderOptionsInit(&options)) return refused(CIMAGING_BROKEN, "another version of libwebp", message);
    options.color_mode = MODE_RGBA;
    WebPAnimDecoder *decoder = WebPAnimDecoderNew(&data, &options);
    if (!decoder) return refused(CIMAGING_TRUNCATED, "the file ends before its image does, or it is damaged", message);
    WebPAnimInfo info;
    uint8_t *frame = NULL;
    int time = 0, status = CIMAGING_OK;
    if (!WebPAnimDecoderGetInfo(decoder, &info) || info.canvas_width != (uint32_t)features.width ||
        info.canvas_height != (uint32_t)features.height || !WebPAnimDecoderGetNext(decoder, &frame, &time)) {
        status = refused(CIMAGING_BROKEN, "the image cannot be decoded", message);
    } else if (!(*rgb = malloc(pixels * 3))) {
        status = refused(CIMAGING_BROKEN, "out of memory", message);
    } else {
        for (size_t i = 0; i < pixels; i++)
            for (int c = 0; c < 3; c++) (*rgb)[3 * i + (size_t)c] = frame[4 * i + (size_t)c];
        *width = features.width;
        *height = features.height;
    }
    WebPAnimDecoderDelete(decoder);
    return status;
}
