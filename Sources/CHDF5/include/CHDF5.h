#pragma once
// The calls of 1.10, which later versions have as well.
#define H5_USE_110_API
// Debian keeps the headers of each of its builds of HDF5 apart.
#if __has_include(<hdf5.h>)
#include <hdf5.h>
#else
#include <hdf5/serial/hdf5.h>
#endif
#include <stdio.h>
#include <string.h>
#include <sys/uio.h>

/// Declared by <sys/uio.h> only where _GNU_SOURCE is defined, which Swift does not do.
extern ssize_t preadv2(int, const struct iovec *, int, off_t, int);

/// `pread` of what the system has in memory; as an error (EAGAIN) where it would wait for a disk.
static inline ssize_t lavise_read_at_hand(int descriptor, void *bytes, size_t count, off_t offset) {
    struct iovec part = {bytes, count};
    return preadv2(descriptor, &part, 1, offset, 8 /* RWF_NOWAIT */);
}

// Swift cannot import HDF5's identifiers: they are macros that call H5open().

typedef enum {
    LAVISE_H5_UINT8,
    LAVISE_H5_UINT16,
    LAVISE_H5_INT32,
    LAVISE_H5_INT64,
    LAVISE_H5_FLOAT16,
    LAVISE_H5_FLOAT32,
    LAVISE_H5_FLOAT64
} lavise_h5_scalar;

/// IEEE half, little endian; HDF5 1.10 has no name for it. The caller closes it.
static inline hid_t lavise_h5_half(void) {
    hid_t type = H5Tcopy(H5T_IEEE_F32LE);
    if (type < 0) return type;
    if (H5Tset_fields(type, 15, 10, 5, 0, 10) < 0 || H5Tset_size(type, 2) < 0 || H5Tset_ebias(type, 15) < 0) {
        H5Tclose(type);
        return -1;
    }
    return type;
}

/// The type in the file: little endian on every machine. The caller closes it.
static inline hid_t lavise_h5_file_type(lavise_h5_scalar scalar) {
    switch (scalar) {
        case LAVISE_H5_UINT8: return H5Tcopy(H5T_STD_U8LE);
        case LAVISE_H5_UINT16: return H5Tcopy(H5T_STD_U16LE);
        case LAVISE_H5_INT32: return H5Tcopy(H5T_STD_I32LE);
        case LAVISE_H5_INT64: return H5Tcopy(H5T_STD_I64LE);
        case LAVISE_H5_FLOAT16: return lavise_h5_half();
        case LAVISE_H5_FLOAT32: return H5Tcopy(H5T_IEEE_F32LE);
        case LAVISE_H5_FLOAT64: return H5Tcopy(H5T_IEEE_F64LE);
    }
    return -1;
}

/// The type in memory. The caller closes it.
static inline hid_t lavise_h5_memory_type(lavise_h5_scalar scalar) {
    switch (scalar) {
        case LAVISE_H5_UINT8: return H5Tcopy(H5T_NATIVE_UINT8);
        case LAVISE_H5_UINT16: return H5Tcopy(H5T_NATIVE_UINT16);
        case LAVISE_H5_INT32: return H5Tcopy(H5T_NATIVE_INT32);
        case LAVISE_H5_INT64: return H5Tcopy(H5T_NATIVE_INT64);
        case LAVISE_H5_FLOAT16: {
            hid_t type = lavise_h5_half();
            if (type >= 0) H5Tset_order(type, H5Tget_order(H5T_NATIVE_FLOAT));
            return type;
        }
        case LAVISE_H5_FLOAT32: return H5Tcopy(H5T_NATIVE_FLOAT);
        case LAVISE_H5_FLOAT64: return H5Tcopy(H5T_NATIVE_DOUBLE);
    }
    return -1;
}

/// UTF-8 text: `size` bytes padded with zeros, or of variable length when `size` is 0. The caller closes it.
static inline hid_t lavise_h5_text(size_t size) {
    hid_t type = H5Tcopy(H5T_C_S1);
    if (type < 0) return type;
    if (H5Tset_size(type, size ? size : H5T_VARIABLE) < 0 || H5Tset_cset(type, H5T_CSET_UTF8) < 0 ||
        (size && H5Tset_strpad(type, H5T_STR_NULLPAD) < 0)) {
        H5Tclose(type);
        return -1;
    }
    return type;
}

/// Whether a link leads to an object of its own file, and to which: later versions of HDF5 have other names for this.
static inline herr_t lavise_h5_hard_link(hid_t place, const char *path, int *is_hard, haddr_t *address) {
    H5L_info_t link;
    herr_t status = H5Lget_info(place, path, &link, H5P_DEFAULT);
    if (status >= 0) {
        *is_hard = link.type == H5L_TYPE_HARD;
        *address = link.u.address;
    }
    return status;
}

static inline hid_t lavise_h5_file_creation(void) { return H5Pcreate(H5P_FILE_CREATE); }
static inline hid_t lavise_h5_file_access(void) { return H5Pcreate(H5P_FILE_ACCESS); }
static inline hid_t lavise_h5_group_creation(void) { return H5Pcreate(H5P_GROUP_CREATE); }
static inline hid_t lavise_h5_dataset_creation(void) { return H5Pcreate(H5P_DATASET_CREATE); }
static inline hid_t lavise_h5_dataset_access(void) { return H5Pcreate(H5P_DATASET_ACCESS); }
static inline unsigned lavise_h5_truncate(void) { return H5F_ACC_TRUNC; }
static inline unsigned lavise_h5_read_only(void) { return H5F_ACC_RDONLY; }
static inline unsigned lavise_h5_read_write(void) { return H5F_ACC_RDWR; }
static inline hsize_t lavise_h5_unlimited(void) { return H5S_UNLIMITED; }
static inline int lavise_h5_is_undefined(haddr_t address) { return address == HADDR_UNDEF; }

/// Keeps HDF5 from printing its errors and from loading filter plug-ins (code) named by a file.
static inline void lavise_h5_prepare(void) {
    H5open();
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
    H5PLset_loading_state(0);
}

struct lavise_h5_message {
    char *text;
    size_t size;
};

static herr_t lavise_h5_append(unsigned n, const H5E_error2_t *entry, void *data) {
    struct lavise_h5_message *message = (struct lavise_h5_message *)data;
    size_t used = strlen(message->text);
    if (entry->desc && *entry->desc && used + 3 < message->size)
        snprintf(message->text + used, message->size - used, "%s%s", n ? ": " : "", entry->desc);
    return 0;
}

/// HDF5's error stack, outermost first, into `text`; clears the stack.
static inline void lavise_h5_take_error(char *text, size_t size) {
    struct lavise_h5_message message = {text, size};
    text[0] = 0;
    H5Ewalk2(H5E_DEFAULT, H5E_WALK_DOWNWARD, lavise_h5_append, &message);
    H5Eclear2(H5E_DEFAULT);
}
