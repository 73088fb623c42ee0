#define _GNU_SOURCE
#include "coreengine_native.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#ifdef CE_HAS_LZ4
#include <lz4.h>
#endif

#define CE_ABI_VERSION 1

#ifndef RWF_DSYNC
#define RWF_DSYNC 0x00000002
#endif

_Static_assert(sizeof(struct ce_caps) == 16, "the managed side reads 16 bytes");
_Static_assert(sizeof(off_t) == 8, "offsets are 64 bit");

int32_t ce_abi_version(void) {
    return CE_ABI_VERSION;
}

int32_t ce_probe(int32_t fd, struct ce_caps *caps) {
    memset(caps, 0, sizeof *caps);
    caps->abi_version = CE_ABI_VERSION;
    /* A write of no bytes tells whether the flag is known, and changes nothing. */
    struct iovec none = {0, 0};
    caps->has_write_sync = pwritev2(fd, &none, 1, 0, RWF_DSYNC) == 0;
#ifdef STATX_DIOALIGN
    struct statx status;
    if (statx(fd, "", AT_EMPTY_PATH, STATX_DIOALIGN, &status) == 0 && (status.stx_mask & STATX_DIOALIGN)) {
        caps->direct_alignment = status.stx_dio_offset_align;
    }
#endif
    return 0;
}

int64_t ce_pwritev2_dsync(int32_t fd, const void *buffer, size_t length, int64_t offset) {
    struct iovec part = {(void *)buffer, length};
    ssize_t written = pwritev2(fd, &part, 1, offset, RWF_DSYNC);
    if (written < 0) {
        return -errno;
    }
    return (size_t)written == length ? (int64_t)written : -EIO;
}

int32_t ce_fdatasync(int32_t fd) {
    return fdatasync(fd) == 0 ? 0 : -errno;
}

int32_t ce_fsync_dir(int32_t fd) {
    return fsync(fd) == 0 ? 0 : -errno;
}

#ifdef CE_HAS_LZ4
int32_t ce_lz4_version(void) {
    return LZ4_versionNumber();
}

int32_t ce_lz4_compress(const void *source, int32_t length, void *target, int32_t capacity) {
    return LZ4_compress_default(source, target, length, capacity);
}

int32_t ce_lz4_restore(const void *source, int32_t length, void *target, int32_t expected) {
    int restored = LZ4_decompress_safe(source, target, length, expected);
    return restored == expected ? restored : -EBADMSG;
}
#endif
