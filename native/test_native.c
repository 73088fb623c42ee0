/* Tries every function of the library on a real file and a real ring; run under AddressSanitizer and UBSan by the
   tests. Prints what failed; the exit code is the number of failures. */
#define _GNU_SOURCE
#include "coreengine_native.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PAGE 4096
#define OP_READ 22
#define OP_WRITE 23
#define OP_POLL_ADD 6
#define POLL_IN 1
#define RWF_DSYNC_FLAG 2

static int failures;

#define CHECK(condition)                                                                                              \
    do {                                                                                                              \
        if (!(condition)) {                                                                                           \
            failures++;                                                                                               \
            fprintf(stderr, "%s:%d: %s (errno %d)\n", __FILE__, __LINE__, #condition, errno);                         \
        }                                                                                                             \
    } while (0)

struct submission {
    uint8_t op, flags;
    uint16_t priority;
    int32_t fd;
    uint64_t offset, address;
    uint32_t length, op_flags;
    uint64_t user_data, rest[3];
};

struct completion {
    uint64_t user_data;
    int32_t result;
    uint32_t flags;
};

static uint32_t load(uint32_t *word) {
    return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}

static void push(struct ce_ring *ring, struct submission entry) {
    uint32_t tail = *ring->sq_tail;
    ((struct submission *)ring->sqes)[tail & (ring->sq_entries - 1)] = entry;
    __atomic_store_n(ring->sq_tail, tail + 1, __ATOMIC_RELEASE);
}

static int pop(struct ce_ring *ring, struct completion *taken) {
    uint32_t head = *ring->cq_head;
    if (head == load(ring->cq_tail)) {
        return 0;
    }
    *taken = ((struct completion *)ring->cqes)[head & (ring->cq_entries - 1)];
    __atomic_store_n(ring->cq_head, head + 1, __ATOMIC_RELEASE);
    return 1;
}

static void test_files(const char *path, void *page) {
    struct ce_caps caps;
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    CHECK(fd >= 0);
    CHECK(ce_abi_version() > 0);
    CHECK(ce_probe(fd, &caps) == 0 && caps.abi_version == (uint32_t)ce_abi_version());
    memset(page, 0x5a, PAGE);
    CHECK(ce_pwritev2_dsync(fd, page, PAGE, 0) == PAGE || !caps.has_write_sync);
    CHECK(ce_fdatasync(fd) == 0);
    CHECK(ce_fdatasync(-1) == -EBADF);
    CHECK(ce_fsync_dir(-1) == -EBADF);
    CHECK(ce_pwritev2_dsync(-1, page, PAGE, 0) == -EBADF);
    close(fd);
}

static void test_ring(const char *path, void *page) {
    struct ce_ring ring;
    int created = ce_ring_create(8, &ring);
    if (created == -EPERM || created == -ENOSYS) {
        printf("io_uring is not permitted here (%d)\n", created);
        return;
    }
    CHECK(created == 0 && ring.sq_entries == 8 && ring.cq_entries == 32);
    int fd = open(path, O_RDWR | O_CLOEXEC);
    struct completion taken;
    for (uint64_t i = 0; i < 20; i++) {
        memset(page, (int)i, PAGE);
        push(&ring, (struct submission){ .op = OP_WRITE, .fd = fd, .address = (uintptr_t)page, .length = PAGE,
            .offset = i * PAGE, .op_flags = RWF_DSYNC_FLAG, .user_data = i });
        CHECK(ce_ring_enter(ring.fd, 1, 1, 1, -1) == 1);
        CHECK(pop(&ring, &taken) && taken.user_data == i && taken.result == PAGE);
    }
    memset(page, 0, PAGE);
    push(&ring, (struct submission){ .op = OP_READ, .fd = fd, .address = (uintptr_t)page, .length = PAGE,
        .offset = 7 * PAGE, .user_data = 77 });
    CHECK(ce_ring_enter(ring.fd, 1, 1, 1, 1000000000) == 1);
    CHECK(pop(&ring, &taken) && taken.user_data == 77 && ((unsigned char *)page)[PAGE - 1] == 7);

    /* Nothing comes: the wait ends by its time. */
    CHECK(ce_ring_enter(ring.fd, 0, 1, 1, 1000000) == -ETIME);
    CHECK(!pop(&ring, &taken));

    int event = ce_eventfd();
    CHECK(event >= 0);
    CHECK(ce_eventfd_clear(event) == 0);
    push(&ring, (struct submission){ .op = OP_POLL_ADD, .fd = event, .op_flags = POLL_IN, .user_data = 5 });
    CHECK(ce_ring_enter(ring.fd, 1, 0, 1, 0) == 1);
    CHECK(!pop(&ring, &taken));
    CHECK(ce_eventfd_signal(event) == 0);
    CHECK(ce_ring_enter(ring.fd, 0, 1, 1, -1) == 0);
    CHECK(pop(&ring, &taken) && taken.user_data == 5 && taken.result == POLL_IN);
    CHECK(ce_eventfd_clear(event) == 0);
    CHECK(ce_eventfd_signal(-1) == -EBADF && ce_eventfd_clear(-1) == -EBADF);
    close(event);
    close(fd);
    ce_ring_destroy(&ring);
    ce_ring_destroy(&ring);
    CHECK(ce_ring_create(0, &ring) < 0);
    ce_ring_destroy(&ring);
}

static void test_blocks(void) {
#ifdef CE_HAS_LZ4
    enum { LENGTH = 10000 };
    unsigned char *source = malloc(LENGTH), *packed = malloc(2 * LENGTH), *back = malloc(LENGTH);
    for (int i = 0; i < LENGTH; i++) {
        source[i] = (unsigned char)(i / 50);
    }
    int length = ce_lz4_compress(source, LENGTH, packed, 2 * LENGTH);
    CHECK(length > 0 && length < LENGTH);
    CHECK(ce_lz4_compress(source, LENGTH, packed + LENGTH, 10) == 0);
    CHECK(ce_lz4_restore(packed, length, back, LENGTH) == LENGTH && memcmp(source, back, LENGTH) == 0);

    /* Hostile blocks: cut off, changed, of another length; the sanitizer sees what goes beyond the buffers. */
    unsigned seed = 1;
    for (int i = 0; i < 20000; i++) {
        unsigned char *hostile = malloc((size_t)length);
        memcpy(hostile, packed, (size_t)length);
        for (int flips = rand_r(&seed) % 4; flips >= 0; flips--) {
            hostile[rand_r(&seed) % length] = (unsigned char)rand_r(&seed);
        }
        int cut = 1 + rand_r(&seed) % length;
        unsigned char *exact = malloc((size_t)cut);
        memcpy(exact, hostile, (size_t)cut);
        int restored = ce_lz4_restore(exact, cut, back, LENGTH);
        CHECK(restored == LENGTH || restored == -EBADMSG);
        free(exact);
        free(hostile);
    }
    free(source);
    free(packed);
    free(back);
#endif
}

int main(int argc, char **argv) {
    if (argc != 2) {
        fprintf(stderr, "usage: test_native FILE\n");
        return 2;
    }
    void *page = aligned_alloc(PAGE, PAGE);
    test_files(argv[1], page);
    test_ring(argv[1], page);
    test_blocks();
    free(page);
    unlink(argv[1]);
    printf("%d failures\n", failures);
    return failures > 0;
}
