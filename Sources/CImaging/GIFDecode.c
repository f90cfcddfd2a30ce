#include "CImaging.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <gif_lib.h>

// A code of LZW is 3 bits at least and stands for 4,096 pixels at most.
#define MOST_PIXELS_A_BYTE 16384

typedef struct {
    const uint8_t *next;
    size_t left;
} Source;

static int take(GifFileType *gif, GifByteType *into, int count) {
    Source *source = gif->UserData;
    size_t taken = (size_t)count < source->left ? (size_t)count : source->left;
    memcpy(into, source->next, taken);
    source->next += taken;
    source->left -= taken;
    return (int)taken;
}

static int refused(int status, const char *text, char *message) {
    snprintf(message, CIMAGING_MESSAGE, "%s", text);
    return status;
}

// Passes over extensions up to the first frame; the frame's transparent index, or −1, in *transparent.
static int find_frame(GifFileType *gif, int *transparent) {
    GifRecordType type = UNDEFINED_RECORD_TYPE;
    while (DGifGetRecordType(gif, &type) == GIF_OK && type == EXTENSION_RECORD_TYPE) {
        int code = 0;
        GifByteType *block = NULL;
        if (DGifGetExtension(gif, &code, &block) == GIF_ERROR) return GIF_ERROR;
        if (code == GRAPHICS_EXT_FUNC_CODE && block && block[0] >= 4 && (block[1] & 1)) *transparent = block[4];
        while (block)
            if (DGifGetExtensionNext(gif, &block) == GIF_ERROR) return GIF_ERROR;
    }
    return type == IMAGE_DESC_RECORD_TYPE ? DGifGetImageDesc(gif) : GIF_ERROR;
}

// The frame's indices on the canvas.
static int read_frame(GifFileType *gif, uint8_t *indices) {
    GifImageDesc at = gif->Image;
    static const int first[] = {0, 4, 2, 1}, step[] = {8, 8, 4, 2};
    for (int pass = 0; pass < (at.Interlace ? 4 : 1); pass++)
        for (int y = at.Interlace ? first[pass] : 0; y < at.Height; y += at.Interlace ? step[pass] : 1) {
            uint8_t *row = indices + (size_t)(at.Top + y) * (size_t)gif->SWidth + (size_t)at.Left;
            if (DGifGetLine(gif, row, at.Width) == GIF_ERROR) return GIF_ERROR;
        }
    return GIF_OK;
}

static int decode(
    GifFileType *gif, size_t count, size_t max_pixels, uint8_t **rgb, int *width, int *height, char *message) {
    int transparent = -1;
    if (find_frame(gif, &transparent) == GIF_ERROR)
        return refused(gif->Error == D_GIF_ERR_READ_FAILED ? CIMAGING_TRUNCATED : CIMAGING_BROKEN,
            "no frame can be read", message);
    // As in Pillow a first frame that reaches over the canvas widens it.
    if (gif->Image.Left + gif->Image.Width > gif->SWidth) gif->SWidth = gif->Image.Left + gif->Image.Width;
    if (gif->Image.Top + gif->Image.Height > gif->SHeight) gif->SHeight = gif->Image.Top + gif->Image.Height;
    size_t pixels = (size_t)gif->SWidth * (size_t)gif->SHeight;
    if (pixels == 0 || gif->Image.Width <= 0 || gif->Image.Height <= 0)
        return refused(CIMAGING_BROKEN, "no pixels", message);
    if (pixels > max_pixels || (size_t)gif->Image.Width * (size_t)gif->Image.Height / MOST_PIXELS_A_BYTE > count) {
        snprintf(message, CIMAGING_MESSAGE, "%dx%d pixels declared in a file of %zu bytes (the limit is %zu pixels)",
            gif->SWidth, gif->SHeight, count, max_pixels);
        return CIMAGING_TOO_LARGE;
    }
    uint8_t *indices = malloc(pixels), *out = malloc(pixels * 3);
    int status = indices && out ? CIMAGING_OK : refused(CIMAGING_BROKEN, "out of memory", message);
    if (status == CIMAGING_OK) {
        memset(indices, transparent < 0 ? 0 : transparent, pixels);
        if (read_frame(gif, indices) == GIF_ERROR)
            status =
                refused(gif->Error == D_GIF_ERR_READ_FAILED || gif->Error == D_GIF_ERR_EOF_TOO_SOON ? CIMAGING_TRUNCATED
                                                                                                    : CIMAGING_BROKEN,
                    "the frame cannot be read", message);
    }
    if (status == CIMAGING_OK) {
        ColorMapObject *map = gif->Image.ColorMap ? gif->Image.ColorMap : gif->SColorMap;
        for (size_t i = 0; i < pixels; i++) {
            int index = indices[i];
            // As in Pillow an index beyond the palette is black, and without a palette indices are greys.
            if (map && index < map->ColorCount) memcpy(out + 3 * i, &map->Colors[index], 3);
            else memset(out + 3 * i, map ? 0 : index, 3);
        }
        *rgb = out;
        *width = gif->SWidth;
        *height = gif->SHeight;
        out = NULL;
    }
    free(indices);
    free(out);
    return status;
}

int cimaging_gif_decode(const uint8_t *bytes, size_t count, size_t max_pixels, uint8_t **rgb, int *width, int *height,
    char message[CIMAGING_MESSAGE]) {
    Source source = {bytes, count};
    int error = 0;
    GifFileType *gif = DGifOpen(&source, take, &error);
    if (!gif) return refused(source.left == 0 ? CIMAGING_TRUNCATED : CIMAGING_BROKEN, "no header of a GIF", message);
    int status = decode(gif, count, max_pixels, rgb, width, height, message);
    DGifCloseFile(gif, &error);
    return status;
}
