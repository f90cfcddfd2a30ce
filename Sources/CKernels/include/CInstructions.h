// The instruction sets that the kernels are compiled for, each giving the bits of the others.
#pragma once

#ifdef __cplusplus
extern "C" {
#endif

typedef enum { ck_portable = 0, ck_avx2 = 1, ck_avx512 = 2 } ck_instructions;

/// Whether this processor (and its system) runs them: 0 or 1.
int ck_supported(ck_instructions instructions);

#ifdef __cplusplus
}
#endif
