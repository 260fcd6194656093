/* Fails one call that writes, the n-th of a process: preloaded by failing_calls.rs.
 *
 * FAULT_AT     which call fails, from 1; 0 fails none
 * FAULT_HOW    the name of an errno, SHORT (half of a write), KILL (before the call), TORN (half of
 *              a write, then the end of the process), LIE (says that it wrote, and does not)
 * FAULT_COUNT  a file that takes the number of calls when the process ends
 *
 * A disk that is full or read-only stays so: all later calls fail too, where such a disk fails them.
 * Standard streams do not count. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

static atomic_long calls;
static long fault_at;
static const char *how = "";
static const char *count_file;

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

__attribute__((constructor)) static void begin(void) {
    const char *at = getenv("FAULT_AT");
    fault_at = at ? atol(at) : 0;
    if (getenv("FAULT_HOW")) how = getenv("FAULT_HOW");
    count_file = getenv("FAULT_COUNT");
}

__attribute__((destructor)) static void end(void) {
    char text[32];
    int length = snprintf(text, sizeof text, "%ld", atomic_load(&calls));
    if (!count_file) return;
    long fd = syscall(SYS_openat, AT_FDCWD, count_file, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (fd >= 0) syscall(SYS_write, fd, text, (size_t)length);
}

enum kind { GROWS, SYNCS, NAMES };

/* Whether this call is to fail; 2: in a way that only a write can. */
static int fails(enum kind kind) {
    long now = atomic_fetch_add(&calls, 1) + 1;
    int is_disk = !strcmp(how, "ENOSPC") || !strcmp(how, "EDQUOT");
    int stays = is_disk || !strcmp(how, "EROFS");
    if (!fault_at || now < fault_at || (now > fault_at && !stays)) return 0;
    if (is_disk && kind != GROWS) return 0;
    if (!strcmp(how, "EROFS") && kind == SYNCS) return 0;
    if (!strcmp(how, "KILL")) kill(getpid(), SIGKILL);
    if (!strcmp(how, "SHORT") || !strcmp(how, "TORN") || !strcmp(how, "LIE")) return 2;
    errno = !strcmp(how, "ENOSPC")   ? ENOSPC
            : !strcmp(how, "EDQUOT") ? EDQUOT
            : !strcmp(how, "EROFS")  ? EROFS
                                     : EIO;
    return 1;
}

/* What to write of so many bytes; -1 when the program is only told that they were written. */
static ssize_t part(size_t length) {
    if (!strcmp(how, "LIE")) return -1;
    return length > 1 ? (ssize_t)(length / 2) : (ssize_t)length;
}

static ssize_t torn(ssize_t written) {
    if (!strcmp(how, "TORN")) kill(getpid(), SIGKILL);
    return written;
}

ssize_t write(int fd, const void *bytes, size_t length) {
    int fault = fd > 2 ? fails(GROWS) : 0;
    if (fault == 1) return -1;
    if (!fault) return REAL(write)(fd, bytes, length);
    ssize_t less = part(length);
    return less < 0 ? (ssize_t)length : torn(REAL(write)(fd, bytes, (size_t)less));
}

#define PWRITE(name, offset_type)                                                            \
    ssize_t name(int fd, const void *bytes, size_t length, offset_type offset) {             \
        int fault = fails(GROWS);                                                            \
        if (fault == 1) return -1;                                                           \
        if (!fault) return REAL(name)(fd, bytes, length, offset);                            \
        ssize_t less = part(length);                                                         \
        return less < 0 ? (ssize_t)length : torn(REAL(name)(fd, bytes, (size_t)less, offset)); \
    }
PWRITE(pwrite, off_t)
PWRITE(pwrite64, off64_t)

#define SIMPLE(kind, result, name, parameters, arguments) \
    result name parameters {                              \
        if (fails(kind) == 1) return -1;                  \
        return REAL(name) arguments;                      \
    }
SIMPLE(GROWS, int, ftruncate, (int fd, off_t size), (fd, size))
SIMPLE(GROWS, int, ftruncate64, (int fd, off64_t size), (fd, size))
SIMPLE(SYNCS, int, fsync, (int fd), (fd))
SIMPLE(SYNCS, int, fdatasync, (int fd), (fd))
SIMPLE(NAMES, int, rename, (const char *from, const char *to), (from, to))
SIMPLE(NAMES, int, renameat, (int a, const char *from, int b, const char *to), (a, from, b, to))
SIMPLE(NAMES, int, unlink, (const char *path), (path))
SIMPLE(NAMES, int, unlinkat, (int at, const char *path, int flags), (at, path, flags))

#define OPEN(name)                                              \
    int name(const char *path, int flags, ...) {                \
        va_list list;                                           \
        va_start(list, flags);                                  \
        mode_t mode = flags & O_CREAT ? va_arg(list, mode_t) : 0; \
        va_end(list);                                           \
        if ((flags & O_CREAT) && fails(GROWS) == 1) return -1;  \
        return REAL(name)(path, flags, mode);                   \
    }
OPEN(open)
OPEN(open64)

#define OPENAT(name)                                            \
    int name(int at, const char *path, int flags, ...) {        \
        va_list list;                                           \
        va_start(list, flags);                                  \
        mode_t mode = flags & O_CREAT ? va_arg(list, mode_t) : 0; \
        va_end(list);                                           \
        if ((flags & O_CREAT) && fails(GROWS) == 1) return -1;  \
        return REAL(name)(at, path, flags, mode);               \
    }
OPENAT(openat)
OPENAT(openat64)

/* No thread can be started: FAULT_HOW=THREAD. */
#include <pthread.h>
int pthread_create(pthread_t *thread, const pthread_attr_t *with, void *(*work)(void *), void *of) {
    if (!strcmp(how, "THREAD")) return EAGAIN;
    return REAL(pthread_create)(thread, with, work, of);
}
