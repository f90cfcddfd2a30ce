#include "CHDF5.h"

#include "CLibrary.h"

// HDF5's ABI goes by its minor version. Debian's builds have names of their own; the one whose header is read is first.
#if H5_VERS_MAJOR == 1 && H5_VERS_MINOR == 10
#define PLAIN "libhdf5.so.103"
#define DEBIANS "libhdf5_serial.so.103"
#elif H5_VERS_MAJOR == 1 && H5_VERS_MINOR == 12
#define PLAIN "libhdf5.so.200"
#define DEBIANS "libhdf5_serial.so.200"
#elif H5_VERS_MAJOR == 1 && H5_VERS_MINOR == 14
#define PLAIN "libhdf5.so.310"
#define DEBIANS "libhdf5_serial.so.310"
#else
#define PLAIN "libhdf5.so"
#define DEBIANS "libhdf5_serial.so"
#endif
#if __has_include(<hdf5.h>)
#define LIBRARY PLAIN ":" DEBIANS
#else
#define LIBRARY DEBIANS ":" PLAIN
#endif
#define PACKAGE "HDF5 (on Debian libhdf5-dev)"

// HDF5's own types and classes: its macros call H5open before they read one of these, which fills them in.
#define IDENTIFIERS(EACH)                                                                                              \
    EACH(H5P_CLS_DATASET_ACCESS_ID_g)                                                                                  \
    EACH(H5P_CLS_DATASET_CREATE_ID_g)                                                                                  \
    EACH(H5P_CLS_FILE_ACCESS_ID_g)                                                                                     \
    EACH(H5P_CLS_FILE_CREATE_ID_g)                                                                                     \
    EACH(H5P_CLS_GROUP_CREATE_ID_g)                                                                                    \
    EACH(H5T_C_S1_g)                                                                                                   \
    EACH(H5T_IEEE_F32LE_g)                                                                                             \
    EACH(H5T_IEEE_F64LE_g)                                                                                             \
    EACH(H5T_NATIVE_DOUBLE_g)                                                                                          \
    EACH(H5T_NATIVE_FLOAT_g)                                                                                           \
    EACH(H5T_NATIVE_INT32_g)                                                                                           \
    EACH(H5T_NATIVE_INT64_g)                                                                                           \
    EACH(H5T_NATIVE_UINT16_g)                                                                                          \
    EACH(H5T_NATIVE_UINT8_g)                                                                                           \
    EACH(H5T_STD_I32LE_g)                                                                                              \
    EACH(H5T_STD_I64LE_g)                                                                                              \
    EACH(H5T_STD_U16LE_g)                                                                                              \
    EACH(H5T_STD_U8LE_g)
#define DEFINE(name)                                                                                                   \
    HIDE(name);                                                                                                        \
    hid_t name;
#define FILL_IN(name) name = *ADDRESS(name);
IDENTIFIERS(DEFINE)

HIDE(H5open);
herr_t H5open(void) {
    static _Atomic int are_filled_in;
    herr_t status = ADDRESS(H5open)();
    if (status >= 0 && !are_filled_in) {
        IDENTIFIERS(FILL_IN)
        are_filled_in = 1;
    }
    return status;
}

FORWARD(herr_t, H5Aclose, (hid_t a), (a))
FORWARD(hid_t, H5Acreate2, (hid_t a, const char *b, hid_t c, hid_t d, hid_t e, hid_t f), (a, b, c, d, e, f))
FORWARD(herr_t, H5Adelete, (hid_t a, const char *b), (a, b))
FORWARD(htri_t, H5Aexists, (hid_t a, const char *b), (a, b))
FORWARD(hid_t, H5Aget_space, (hid_t a), (a))
FORWARD(hid_t, H5Aget_type, (hid_t a), (a))
FORWARD(hid_t, H5Aopen, (hid_t a, const char *b, hid_t c), (a, b, c))
FORWARD(herr_t, H5Aread, (hid_t a, hid_t b, void *c), (a, b, c))
FORWARD(herr_t, H5Awrite, (hid_t a, hid_t b, const void *c), (a, b, c))
FORWARD(herr_t, H5Dclose, (hid_t a), (a))
FORWARD(hid_t, H5Dcreate2, (hid_t a, const char *b, hid_t c, hid_t d, hid_t e, hid_t f, hid_t g), (a, b, c, d, e, f, g))
FORWARD(hid_t, H5Dget_create_plist, (hid_t a), (a))
FORWARD(haddr_t, H5Dget_offset, (hid_t a), (a))
FORWARD(hid_t, H5Dget_space, (hid_t a), (a))
FORWARD(hsize_t, H5Dget_storage_size, (hid_t a), (a))
FORWARD(hid_t, H5Dget_type, (hid_t a), (a))
FORWARD(hid_t, H5Dopen2, (hid_t a, const char *b, hid_t c), (a, b, c))
FORWARD(herr_t, H5Dread, (hid_t a, hid_t b, hid_t c, hid_t d, hid_t e, void *f), (a, b, c, d, e, f))
FORWARD(herr_t, H5Dset_extent, (hid_t a, const hsize_t *b), (a, b))
FORWARD(herr_t, H5Dwrite, (hid_t a, hid_t b, hid_t c, hid_t d, hid_t e, const void *f), (a, b, c, d, e, f))
FORWARD(herr_t, H5Eclear2, (hid_t a), (a))
FORWARD(herr_t, H5Eset_auto2, (hid_t a, H5E_auto2_t b, void *c), (a, b, c))
FORWARD(herr_t, H5Ewalk2, (hid_t a, H5E_direction_t b, H5E_walk2_t c, void *d), (a, b, c, d))
FORWARD(herr_t, H5Fclose, (hid_t a), (a))
FORWARD(hid_t, H5Fcreate, (const char *a, unsigned b, hid_t c, hid_t d), (a, b, c, d))
FORWARD(herr_t, H5Fflush, (hid_t a, H5F_scope_t b), (a, b))
FORWARD(herr_t, H5Fget_filesize, (hid_t a, hsize_t *b), (a, b))
FORWARD(herr_t, H5Fget_intent, (hid_t a, unsigned *b), (a, b))
FORWARD(herr_t, H5Fget_vfd_handle, (hid_t a, hid_t b, void **c), (a, b, c))
FORWARD(hid_t, H5Fopen, (const char *a, unsigned b, hid_t c), (a, b, c))
FORWARD(herr_t, H5Gclose, (hid_t a), (a))
FORWARD(hid_t, H5Gcreate2, (hid_t a, const char *b, hid_t c, hid_t d, hid_t e), (a, b, c, d, e))
FORWARD(herr_t, H5Gget_info, (hid_t a, H5G_info_t *b), (a, b))
FORWARD(hid_t, H5Iget_file_id, (hid_t a), (a))
FORWARD(H5I_type_t, H5Iget_type, (hid_t a), (a))
FORWARD(htri_t, H5Iis_valid, (hid_t a), (a))
FORWARD(htri_t, H5Lexists, (hid_t a, const char *b, hid_t c), (a, b, c))
FORWARD(herr_t, H5Lget_info, (hid_t a, const char *b, H5L_info_t *c, hid_t d), (a, b, c, d))
FORWARD(ssize_t, H5Lget_name_by_idx,
    (hid_t a, const char *b, H5_index_t c, H5_iter_order_t d, hsize_t e, char *f, size_t g, hid_t h),
    (a, b, c, d, e, f, g, h))
FORWARD(herr_t, H5Oclose, (hid_t a), (a))
FORWARD(hid_t, H5Oopen, (hid_t a, const char *b, hid_t c), (a, b, c))
FORWARD(herr_t, H5PLset_loading_state, (unsigned int a), (a))
FORWARD(herr_t, H5Pclose, (hid_t a), (a))
FORWARD(hid_t, H5Pcreate, (hid_t a), (a))
FORWARD(int, H5Pget_chunk, (hid_t a, int b, hsize_t *c), (a, b, c))
FORWARD(int, H5Pget_external_count, (hid_t a), (a))
FORWARD(H5D_layout_t, H5Pget_layout, (hid_t a), (a))
FORWARD(herr_t, H5Pset_chunk, (hid_t a, int b, const hsize_t *c), (a, b, c))
FORWARD(herr_t, H5Pset_chunk_cache, (hid_t a, size_t b, size_t c, double d), (a, b, c, d))
FORWARD(herr_t, H5Pset_deflate, (hid_t a, unsigned b), (a, b))
FORWARD(herr_t, H5Pset_fclose_degree, (hid_t a, H5F_close_degree_t b), (a, b))
FORWARD(herr_t, H5Pset_file_locking, (hid_t a, hbool_t b, hbool_t c), (a, b, c))
FORWARD(herr_t, H5Pset_obj_track_times, (hid_t a, hbool_t b), (a, b))
FORWARD(herr_t, H5Pset_shuffle, (hid_t a), (a))
FORWARD(herr_t, H5Sclose, (hid_t a), (a))
FORWARD(hid_t, H5Screate, (H5S_class_t a), (a))
FORWARD(hid_t, H5Screate_simple, (int a, const hsize_t *b, const hsize_t *c), (a, b, c))
FORWARD(int, H5Sget_simple_extent_dims, (hid_t a, hsize_t *b, hsize_t *c), (a, b, c))
FORWARD(int, H5Sget_simple_extent_ndims, (hid_t a), (a))
FORWARD(H5S_class_t, H5Sget_simple_extent_type, (hid_t a), (a))
FORWARD(herr_t, H5Sselect_hyperslab,
    (hid_t a, H5S_seloper_t b, const hsize_t *c, const hsize_t *d, const hsize_t *e, const hsize_t *f),
    (a, b, c, d, e, f))
FORWARD(herr_t, H5Tclose, (hid_t a), (a))
FORWARD(hid_t, H5Tcopy, (hid_t a), (a))
FORWARD(htri_t, H5Tequal, (hid_t a, hid_t b), (a, b))
FORWARD(H5T_class_t, H5Tget_class, (hid_t a), (a))
FORWARD(H5T_cset_t, H5Tget_cset, (hid_t a), (a))
FORWARD(H5T_order_t, H5Tget_order, (hid_t a), (a))
FORWARD(H5T_sign_t, H5Tget_sign, (hid_t a), (a))
FORWARD(size_t, H5Tget_size, (hid_t a), (a))
FORWARD(htri_t, H5Tis_variable_str, (hid_t a), (a))
FORWARD(herr_t, H5Tset_cset, (hid_t a, H5T_cset_t b), (a, b))
FORWARD(herr_t, H5Tset_ebias, (hid_t a, size_t b), (a, b))
FORWARD(herr_t, H5Tset_fields, (hid_t a, size_t b, size_t c, size_t d, size_t e, size_t f), (a, b, c, d, e, f))
FORWARD(herr_t, H5Tset_order, (hid_t a, H5T_order_t b), (a, b))
FORWARD(herr_t, H5Tset_size, (hid_t a, size_t b), (a, b))
FORWARD(herr_t, H5Tset_strpad, (hid_t a, H5T_str_t b), (a, b))
FORWARD(herr_t, H5check_version, (unsigned a, unsigned b, unsigned c), (a, b, c))
FORWARD(herr_t, H5dont_atexit, (void), ())
FORWARD(herr_t, H5free_memory, (void *a), (a))
