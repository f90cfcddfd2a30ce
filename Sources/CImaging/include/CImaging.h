#pragma once
#include <stddef.h>
#include <stdint.h>

// Pictures and resampling. Nothing here keeps state between calls; every function is safe from any thread.
// Functions that can fail return 0 when fine, or a CImagingStatus with a line of text in `message`.

#define CIMAGING_MESSAGE 256

typedef enum {
    CIMAGING_OK = 0,
    CIMAGING_TRUNCATED = 1, // the file ends before its image does
    CIMAGING_BROKEN = 2,    // not of its format, or nothing that its library can decode
    CIMAGING_TOO_LARGE = 3, // more pixels or scans than a real photograph has
} CImagingStatus;

typedef struct CImagingJPEG CImagingJPEG;

// Reads the header of the JPEG at `bytes`, which must outlive the decoder. On success *decoder is to be closed.
int cimaging_jpeg_open(const uint8_t *bytes, size_t count, size_t max_pixels, CImagingJPEG **decoder, int *width,
    int *height, char message[CIMAGING_MESSAGE]);
// The whole image as RGB, [height, width, 3].
int cimaging_jpeg_decode(CImagingJPEG *decoder, uint8_t *rgb, char message[CIMAGING_MESSAGE]);
void cimaging_jpeg_close(CImagingJPEG *decoder);

// The whole image as RGB, [height, width, 3], as Pillow's convert("RGB") has it; of an animation the first frame.
// On success *rgb is malloc'd: free it with cimaging_free. Never more than `max_pixels` are allotted.
typedef int CImagingDecode(const uint8_t *bytes, size_t count, size_t max_pixels, uint8_t **rgb, int *width,
    int *height, char message[CIMAGING_MESSAGE]);
CImagingDecode cimaging_png_decode, cimaging_gif_decode, cimaging_webp_decode;
// The first page; *orientation as its tag says (1 to 8), the pixels as they lie.
int cimaging_tiff_decode(const uint8_t *bytes, size_t count, size_t max_pixels, uint8_t **rgb, int *width, int *height,
    int *orientation, char message[CIMAGING_MESSAGE]);

// On success *bytes is malloc'd: free it with cimaging_free.
int cimaging_jpeg_encode(const uint8_t *rgb, int width, int height, int quality, uint8_t **bytes, size_t *count,
    char message[CIMAGING_MESSAGE]);
int cimaging_png_encode(
    const uint8_t *rgb, int width, int height, uint8_t **bytes, size_t *count, char message[CIMAGING_MESSAGE]);
void cimaging_free(void *bytes);

// The rectangle (x, y, columns × rows) of what Pillow's resize((out_width, out_height), BILINEAR or BICUBIC, box) gives
// for an RGB image. `box` is x0, y0, x1, y1 in source pixels. Returns 0, or 1 when memory ran out. `plain` != 0 takes
// the portable loops whatever the processor: same bits.
int cimaging_resample(const uint8_t *rgb, int width, int height, const float box[4], int out_width, int out_height,
    int x, int y, int columns, int rows, uint8_t *out, int cubic, int plain);
