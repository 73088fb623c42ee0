/* The native part of CoreEngine: mechanism only, no policy. Every function returns a negative errno on failure. */
#ifndef COREENGINE_NATIVE_H
#define COREENGINE_NATIVE_H

#include <stddef.h>
#include <stdint.h>

#define CE_API __attribute__((visibility("default")))

/* What the kernel and the file behind a descriptor can do; filled by ce_probe. */
struct ce_caps {
    uint32_t abi_version;
    uint32_t has_write_sync;     /* 1: pwritev2 with RWF_DSYNC is there */
    uint32_t direct_alignment;   /* bytes, from statx; 0 where the kernel does not tell */
    uint32_t reserved;
};

CE_API int32_t ce_abi_version(void);
CE_API int32_t ce_probe(int32_t fd, struct ce_caps *caps);

/* Writes all bytes and returns only when they are on the medium. A short write is -EIO. Never retried. */
CE_API int64_t ce_pwritev2_dsync(int32_t fd, const void *buffer, size_t length, int64_t offset);
CE_API int32_t ce_fdatasync(int32_t fd);
CE_API int32_t ce_fsync_dir(int32_t fd);

/* One LZ4 block. These three are exported only where the static liblz4 was there to be linked in. */
CE_API int32_t ce_lz4_version(void);

/* Bytes written, or 0 when they do not fit into capacity. */
CE_API int32_t ce_lz4_compress(const void *source, int32_t length, void *target, int32_t capacity);

/* Restores exactly expected bytes, or -EBADMSG. Never reads or writes outside of the two buffers, whatever they hold. */
CE_API int32_t ce_lz4_restore(const void *source, int32_t length, void *target, int32_t expected);

#endif
