/* io_uring by raw system calls: set-up, mapping, enter. What is queued and reaped is the managed side's, on the mapped
   rings. No allocation after ce_ring_create, negative errno everywhere, no liburing. */
#define _GNU_SOURCE
#include "coreengine_native.h"

#include <errno.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Numbers of the kernel's interface, alike on x86-64 and arm64. Our own: headers may be older than the kernel. */
#define SYS_URING_SETUP 425
#define SYS_URING_ENTER 426

#define SETUP_CQSIZE (1u << 3)
#define SETUP_SUBMIT_ALL (1u << 7)
#define SETUP_COOP_TASKRUN (1u << 8)
#define SETUP_TASKRUN_FLAG (1u << 9)
#define SETUP_SINGLE_ISSUER (1u << 12)
#define SETUP_DEFER_TASKRUN (1u << 13)

#define ENTER_GETEVENTS (1u << 0)
#define ENTER_EXT_ARG (1u << 3)

#define FEATURE_SINGLE_MMAP (1u << 0)
#define FEATURE_NODROP (1u << 1)
#define FEATURE_EXT_ARG (1u << 8)

#define OFFSET_SQ_RING 0ull
#define OFFSET_SQES 0x10000000ull

#define SQE_BYTES 64u
#define CQE_BYTES 16u

struct sq_offsets {
    uint32_t head, tail, ring_mask, ring_entries, flags, dropped, array, reserved;
    uint64_t user_address;
};

struct cq_offsets {
    uint32_t head, tail, ring_mask, ring_entries, overflow, cqes, flags, reserved;
    uint64_t user_address;
};

struct setup {
    uint32_t sq_entries, cq_entries, flags, sq_thread_cpu, sq_thread_idle, features, wq_fd, reserved[3];
    struct sq_offsets sq;
    struct cq_offsets cq;
};

struct wait_argument {
    uint64_t mask;
    uint32_t mask_bytes, pad;
    uint64_t time;
};

struct wait_time {
    int64_t seconds;
    int64_t nanoseconds;
};

_Static_assert(sizeof(struct setup) == 120, "as the kernel has it");
_Static_assert(sizeof(struct wait_argument) == 24, "as the kernel has it");
_Static_assert(sizeof(struct ce_ring) == 104, "the managed side reads 104 bytes");

static int try_setup(uint32_t entries, uint32_t flags, struct setup *setup) {
    memset(setup, 0, sizeof *setup);
    setup->flags = flags | SETUP_CQSIZE;
    setup->cq_entries = entries * 4;
    long fd = syscall(SYS_URING_SETUP, entries, setup);
    return fd < 0 ? -errno : (int)fd;
}

int32_t ce_ring_create(uint32_t entries, struct ce_ring *ring) {
    struct setup setup;
    memset(ring, 0, sizeof *ring);
    ring->fd = -1;
    /* From the best to what 5.19 had; each step is told in flags, nothing is given up silently. */
    static const uint32_t ladder[] = {
        SETUP_SUBMIT_ALL | SETUP_SINGLE_ISSUER | SETUP_DEFER_TASKRUN | SETUP_TASKRUN_FLAG,
        SETUP_SUBMIT_ALL | SETUP_COOP_TASKRUN | SETUP_TASKRUN_FLAG,
    };
    int fd = -EINVAL;
    for (size_t i = 0; i < sizeof ladder / sizeof ladder[0] && fd == -EINVAL; i++) {
        fd = try_setup(entries, ladder[i], &setup);
    }
    if (fd < 0) {
        return fd;
    }

    uint32_t wanted = FEATURE_SINGLE_MMAP | FEATURE_NODROP | FEATURE_EXT_ARG;
    if ((setup.features & wanted) != wanted) {
        close(fd);
        return -EOPNOTSUPP;
    }

    size_t sq_bytes = setup.sq.array + setup.sq_entries * sizeof(uint32_t);
    size_t cq_bytes = setup.cq.cqes + (size_t)setup.cq_entries * CQE_BYTES;
    size_t rings_bytes = sq_bytes > cq_bytes ? sq_bytes : cq_bytes;
    size_t sqes_bytes = (size_t)setup.sq_entries * SQE_BYTES;
    uint8_t *rings = mmap(0, rings_bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, OFFSET_SQ_RING);
    if (rings == MAP_FAILED) {
        int error = -errno;
        close(fd);
        return error;
    }
    void *sqes = mmap(0, sqes_bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, OFFSET_SQES);
    if (sqes == MAP_FAILED) {
        int error = -errno;
        munmap(rings, rings_bytes);
        close(fd);
        return error;
    }

    /* Place i of the submission ring always names entry i. */
    uint32_t *array = (uint32_t *)(rings + setup.sq.array);
    for (uint32_t i = 0; i < setup.sq_entries; i++) {
        array[i] = i;
    }

    ring->fd = fd;
    ring->flags = setup.flags;
    ring->features = setup.features;
    ring->sq_entries = setup.sq_entries;
    ring->cq_entries = setup.cq_entries;
    ring->rings = rings;
    ring->rings_bytes = rings_bytes;
    ring->sqes = sqes;
    ring->sqes_bytes = sqes_bytes;
    ring->sq_head = (uint32_t *)(rings + setup.sq.head);
    ring->sq_tail = (uint32_t *)(rings + setup.sq.tail);
    ring->sq_flags = (uint32_t *)(rings + setup.sq.flags);
    ring->cq_head = (uint32_t *)(rings + setup.cq.head);
    ring->cq_tail = (uint32_t *)(rings + setup.cq.tail);
    ring->cqes = rings + setup.cq.cqes;
    return 0;
}

int32_t ce_ring_enter(int32_t fd, uint32_t submit, uint32_t wait, int32_t look, int64_t timeout_ns) {
    struct wait_time time = {timeout_ns / 1000000000, timeout_ns % 1000000000};
    struct wait_argument argument = {0, 0, 0, (uint64_t)(uintptr_t)&time};
    int timed = wait > 0 && timeout_ns >= 0;
    uint32_t flags = (wait > 0 || look ? ENTER_GETEVENTS : 0) | (timed ? ENTER_EXT_ARG : 0);
    long done = syscall(SYS_URING_ENTER, fd, submit, wait, flags, timed ? (void *)&argument : 0,
        timed ? sizeof argument : 0);
    return done < 0 ? -errno : (int32_t)done;
}

void ce_ring_destroy(struct ce_ring *ring) {
    if (ring->fd < 0) {
        return;
    }
    munmap(ring->sqes, ring->sqes_bytes);
    munmap(ring->rings, ring->rings_bytes);
    close(ring->fd);
    ring->fd = -1;
}

int32_t ce_eventfd(void) {
    int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return fd < 0 ? -errno : fd;
}

int32_t ce_eventfd_signal(int32_t fd) {
    uint64_t one = 1;
    /* A counter that is full is signalled already. */
    return write(fd, &one, sizeof one) == (ssize_t)sizeof one || errno == EAGAIN ? 0 : -errno;
}

int32_t ce_eventfd_clear(int32_t fd) {
    uint64_t count;
    return read(fd, &count, sizeof count) == (ssize_t)sizeof count || errno == EAGAIN ? 0 : -errno;
}
