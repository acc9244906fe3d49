/* Loaded before libc: counts the calls that change files below a folder, and at a chosen one kills the process or
   fails. Armed from Python through ctypes; until then, and in processes that are not armed, nothing changes. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { WRITE = 1, SYNC = 2, RENAME = 4, UNLINK = 8, TRUNCATE = 16, OPEN = 32, MKDIR = 64 };
enum { COUNT, KILL, TORN, FAIL };

static char prefix[PATH_MAX];
static size_t prefix_length;
static unsigned kinds;
static int action, failure, lasting, armed;
static long chosen, seen;
static long clock_shift, clock_from;

void inject_arm(const char *folder, unsigned which, int what, long nth, int code, int goes_on) {
    snprintf(prefix, sizeof prefix, "%s", folder);
    prefix_length = strlen(prefix);
    kinds = which, action = what, chosen = nth, failure = code, lasting = goes_on, seen = 0, armed = 1;
}

void inject_clock(long seconds, long from) { clock_shift = seconds, clock_from = from; }
long inject_seen(void) { return seen; }

static int below(int folder, const char *path) {
    char place[PATH_MAX + 32];
    ssize_t length;
    if (path && path[0] == '/')
        return !strncmp(path, prefix, prefix_length);
    if (folder == AT_FDCWD)
        snprintf(place, sizeof place, "/proc/self/cwd");
    else
        snprintf(place, sizeof place, "/proc/self/fd/%d", folder);
    char real[PATH_MAX];
    length = readlink(place, real, sizeof real - 1);
    return length > 0 && (real[length] = 0, !strncmp(real, prefix, prefix_length));
}

/* Whether this call is the one; a torn write is told by the result 2. */
static int strikes(unsigned kind, int folder, const char *path) {
    int kept = errno;
    if (!armed || !below(folder, path)) {
        errno = kept;
        return 0;
    }
    errno = kept;
    if (!(kinds & kind))
        return 0;
    long number = __atomic_add_fetch(&seen, 1, __ATOMIC_SEQ_CST);
    if (number != chosen && !(lasting && action == FAIL && number > chosen))
        return 0;
    if (action == KILL || (action == TORN && kind != WRITE))
        kill(getpid(), SIGKILL);
    if (action == TORN)
        return 2;
    if (action == FAIL) {
        errno = failure;
        return 1;
    }
    return 0;
}

#define REAL(name) static __typeof__(&name) real; if (!real) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

#define WRITING(name, parameters, whole, half)                                  \
    ssize_t name parameters {                                                   \
        REAL(name);                                                             \
        int strike = strikes(WRITE, fd, NULL);                                  \
        if (strike == 1) return -1;                                             \
        if (strike == 2) { half; kill(getpid(), SIGKILL); }                     \
        return whole;                                                           \
    }
WRITING(write, (int fd, const void *data, size_t size), real(fd, data, size), (void)!real(fd, data, size / 2))
WRITING(pwrite, (int fd, const void *data, size_t size, off_t at), real(fd, data, size, at),
        (void)!real(fd, data, size / 2, at))
WRITING(pwrite64, (int fd, const void *data, size_t size, off64_t at), real(fd, data, size, at),
        (void)!real(fd, data, size / 2, at))

#define CALL(type, name, parameters, arguments, kind, folder, path)             \
    type name parameters {                                                      \
        REAL(name);                                                             \
        return strikes(kind, folder, path) ? -1 : real arguments;               \
    }
CALL(int, fsync, (int fd), (fd), SYNC, fd, NULL)
CALL(int, fdatasync, (int fd), (fd), SYNC, fd, NULL)
CALL(int, ftruncate, (int fd, off_t size), (fd, size), TRUNCATE, fd, NULL)
CALL(int, ftruncate64, (int fd, off64_t size), (fd, size), TRUNCATE, fd, NULL)
CALL(int, rename, (const char *old, const char *new), (old, new), RENAME, AT_FDCWD, new)
CALL(int, renameat, (int from, const char *old, int to, const char *new), (from, old, to, new), RENAME, to, new)
CALL(int, unlink, (const char *path), (path), UNLINK, AT_FDCWD, path)
CALL(int, unlinkat, (int folder, const char *path, int flags), (folder, path, flags), UNLINK, folder, path)
CALL(int, rmdir, (const char *path), (path), UNLINK, AT_FDCWD, path)
CALL(int, mkdir, (const char *path, mode_t mode), (path, mode), MKDIR, AT_FDCWD, path)
CALL(ssize_t, sendfile64, (int to, int from, off64_t *at, size_t size), (to, from, at, size), WRITE, to, NULL)
CALL(ssize_t, copy_file_range, (int from, off64_t *at, int to, off64_t *there, size_t size, unsigned flags),
     (from, at, to, there, size, flags), WRITE, to, NULL)

#define OPENING(name, leading, arguments, folder)                               \
    int name leading {                                                          \
        REAL(name);                                                             \
        mode_t mode = 0;                                                        \
        if (flags & (O_CREAT | O_TMPFILE)) {                                    \
            va_list rest;                                                       \
            va_start(rest, flags);                                              \
            mode = va_arg(rest, mode_t);                                        \
            va_end(rest);                                                       \
        }                                                                       \
        int writes = flags & (O_WRONLY | O_RDWR | O_CREAT);                     \
        return writes && strikes(OPEN, folder, path) ? -1 : real arguments;     \
    }
OPENING(open, (const char *path, int flags, ...), (path, flags, mode), AT_FDCWD)
OPENING(open64, (const char *path, int flags, ...), (path, flags, mode), AT_FDCWD)
OPENING(openat, (int at, const char *path, int flags, ...), (at, path, flags, mode), at)
OPENING(openat64, (int at, const char *path, int flags, ...), (at, path, flags, mode), at)

static long shift(void) { return clock_shift && seen >= clock_from ? clock_shift : 0; }

int clock_gettime(clockid_t which, struct timespec *now) {
    REAL(clock_gettime);
    int result = real(which, now);
    if (!result && which == CLOCK_REALTIME)
        now->tv_sec += shift();
    return result;
}

time_t time(time_t *now) {
    struct timespec exact;
    clock_gettime(CLOCK_REALTIME, &exact);
    if (now)
        *now = exact.tv_sec;
    return exact.tv_sec;
}
