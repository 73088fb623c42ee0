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

/* A mapped io_uring; filled by ce_ring_create. One thread at a time submits and reaps: the one that created it. */
struct ce_ring {
    int32_t fd;
    uint32_t flags;      /* IORING_SETUP_* that the kernel granted */
    uint32_t features;   /* IORING_FEAT_* */
    uint32_t sq_entries;
    uint32_t cq_entries;
    uint32_t reserved;
    void *rings;
    uint64_t rings_bytes;
    void *sqes;          /* 64 bytes each */
    uint64_t sqes_bytes;
    uint32_t *sq_head;
    uint32_t *sq_tail;
    uint32_t *sq_flags;
    uint32_t *cq_head;
    uint32_t *cq_tail;
    void *cqes;          /* 16 bytes each */
};

/* Sets a ring up with four times as many completion entries, and maps it. */
CE_API int32_t ce_ring_create(uint32_t entries, struct ce_ring *ring);

/* Submits, and waits for so many completions; look: runs what is due without waiting. Negative timeout: without an end.
   Entries taken, or -ETIME, -EINTR, -EAGAIN, -EBUSY and others. */
CE_API int32_t ce_ring_enter(int32_t fd, uint32_t submit, uint32_t wait, int32_t look, int64_t timeout_ns);
CE_API void ce_ring_destroy(struct ce_ring *ring);

/* What wakes a thread that is parked in its ring. Non-blocking. */
CE_API int32_t ce_eventfd(void);
CE_API int32_t ce_eventfd_signal(int32_t fd);
CE_API int32_t ce_eventfd_clear(int32_t fd);

#endif
