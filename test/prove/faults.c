/*
 * A preload shim between SQLite and the C library. It knows which descriptors belong to files
 * under PROVE_FAULT_DIR and, for those alone,
 *
 *   fails calls as the file PROVE_FAULT_SPEC says, for as long as that file exists:
 *     "write|sync <errno> <n> once|always <suffix of the path, or *> [torn]"
 *     counting the n-th call from the moment that the file appears or changes. Each failure
 *     appends one line to PROVE_FAULT_FIRED. "torn" writes the first half before failing.
 *
 *   records every write, truncate, sync, unlink and rename into PROVE_FAULT_TRACE, together
 *     with the head of everything that goes through a socket. Disk records follow the call that
 *     they describe and send records precede it, so "sync, then send" in the log means that the
 *     sync had returned before the first byte left.
 */
#include "shim.h"
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum { DESCRIPTORS = 4096, FILES = 256 };

static char dir[512], specPath[512], firedPath[512];
static int traceFd = -1;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static uint16_t fileOf[DESCRIPTORS]; /* 0: not ours */
static char *names[FILES];
static unsigned nameCount = 1;

static struct {
  struct timespec stamp;
  ino_t inode;
  int armed, sync, error, always, torn;
  long left;
  char suffix[128];
} spec;

int tracing(void) { return traceFd >= 0; }

/* The log, the spec and the fired file are reached by system calls, so never count themselves. */
void append(struct record head, const void *bytes) {
  if (traceFd < 0) return;
  struct iovec parts[2] = {{&head, sizeof head}, {(void *)bytes, head.stored}};
  if (syscall(SYS_writev, traceFd, parts, 2) < 0) abort();
}

static void copyEnv(char *into, size_t size, const char *name) {
  const char *value = getenv(name);
  snprintf(into, size, "%s", value ? value : "");
}

__attribute__((constructor)) static void start(void) {
  char trace[512];
  copyEnv(dir, sizeof dir, "PROVE_FAULT_DIR");
  copyEnv(specPath, sizeof specPath, "PROVE_FAULT_SPEC");
  copyEnv(firedPath, sizeof firedPath, "PROVE_FAULT_FIRED");
  copyEnv(trace, sizeof trace, "PROVE_FAULT_TRACE");
  if (!trace[0]) return;
  int fd = syscall(SYS_openat, AT_FDCWD, trace, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  traceFd = fcntl(fd, F_DUPFD_CLOEXEC, 800); /* out of the way of the program's own numbers */
  syscall(SYS_close, fd);
}

/* Under the lock. The number of a path; a first sight of it is recorded. */
static unsigned numberOf(const char *path) {
  for (unsigned n = 1; n < nameCount; n++)
    if (strcmp(names[n], path) == 0) return n;
  if (nameCount == FILES) abort();
  names[nameCount] = strdup(path);
  append((struct record){PATH, nameCount, 0, strlen(path), 0}, path);
  return nameCount++;
}

static int ours(const char *path) {
  size_t length = strlen(dir);
  return length > 0 && strncmp(path, dir, length) == 0 && (path[length] == '/' || !path[length]);
}

static int opened(int fd) {
  if (fd < 0 || fd >= DESCRIPTORS || !dir[0]) return fd;
  int kept = errno;
  char link[64], path[512];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = syscall(SYS_readlinkat, AT_FDCWD, link, path, sizeof path - 1);
  if (length >= 0) {
    path[length] = 0;
    pthread_mutex_lock(&lock);
    fileOf[fd] = ours(path) ? numberOf(path) : 0;
    pthread_mutex_unlock(&lock);
  }
  errno = kept;
  return fd;
}

static unsigned fileAt(int fd) { return fd >= 0 && fd < DESCRIPTORS ? fileOf[fd] : 0; }

/* Under the lock. Reads the spec anew when the file has been replaced, and starts counting. */
static void readSpec(void) {
  struct stat now;
  if (syscall(SYS_newfstatat, AT_FDCWD, specPath, &now, 0) < 0) {
    spec.armed = 0;
    spec.inode = 0;
    return;
  }
  if (now.st_ino == spec.inode && now.st_mtim.tv_nsec == spec.stamp.tv_nsec &&
      now.st_mtim.tv_sec == spec.stamp.tv_sec)
    return;
  char text[256] = "", call[16] = "", often[16] = "", torn[16] = "";
  int fd = syscall(SYS_openat, AT_FDCWD, specPath, O_RDONLY | O_CLOEXEC);
  ssize_t got = syscall(SYS_read, fd, text, sizeof text - 1);
  syscall(SYS_close, fd);
  if (got <= 0) return;
  spec.inode = now.st_ino;
  spec.stamp = now.st_mtim;
  spec.armed = sscanf(text, "%15s %d %ld %15s %127s %15s", call, &spec.error, &spec.left, often,
                      spec.suffix, torn) >= 5;
  spec.sync = strcmp(call, "sync") == 0;
  spec.always = strcmp(often, "always") == 0;
  spec.torn = torn[0] != 0;
}

static int endsWith(const char *text, const char *end) {
  size_t a = strlen(text), b = strlen(end);
  return a >= b && strcmp(text + a - b, end) == 0;
}

/* The error that this call has to fail with, or 0. */
static int fault(unsigned file, int sync) {
  int error = 0;
  if (!specPath[0]) return 0;
  pthread_mutex_lock(&lock);
  readSpec();
  if (spec.armed && spec.sync == sync &&
      (spec.suffix[0] == '*' || endsWith(names[file], spec.suffix)) && --spec.left <= 0) {
    error = spec.error;
    if (!spec.always) spec.armed = 0;
    char line[640];
    const char *call = sync ? "sync" : "write";
    int length = snprintf(line, sizeof line, "%s %d %s\n", call, error, names[file]);
    int fd = syscall(SYS_openat, AT_FDCWD, firedPath, O_WRONLY | O_CREAT | O_APPEND, 0600);
    syscall(SYS_write, fd, line, length);
    syscall(SYS_close, fd);
  }
  pthread_mutex_unlock(&lock);
  return error;
}

static ssize_t writeAt(unsigned file, int fd, struct iovec data, off_t offset) {
  int error = fault(file, 0);
  size_t size = error ? (spec.torn ? data.iov_len / 2 : 0) : data.iov_len;
  ssize_t done = size ? syscall(SYS_pwrite64, fd, data.iov_base, size, offset) : 0;
  if (done > 0) append((struct record){WRITE, file, offset, done, 0}, data.iov_base);
  if (!error) return done;
  errno = error;
  return -1;
}

ssize_t pwrite64(int fd, const void *bytes, size_t size, off_t offset) {
  unsigned file = fileAt(fd);
  if (!file) return syscall(SYS_pwrite64, fd, bytes, size, offset);
  return writeAt(file, fd, (struct iovec){(void *)bytes, size}, offset);
}

ssize_t pwrite(int fd, const void *bytes, size_t size, off_t offset) {
  return pwrite64(fd, bytes, size, offset);
}

static int syncFile(int fd, long number) {
  unsigned file = fileAt(fd);
  int error = file ? fault(file, 1) : 0;
  int done = error ? -1 : syscall(number, fd);
  if (file && done == 0) append((struct record){SYNC, file, 0, 0, 0}, "");
  if (error) errno = error;
  return done;
}

int fsync(int fd) { return syncFile(fd, SYS_fsync); }
int fdatasync(int fd) { return syncFile(fd, SYS_fdatasync); }

int ftruncate64(int fd, off_t size) {
  int done = syscall(SYS_ftruncate, fd, size);
  if (done == 0 && fileAt(fd)) append((struct record){TRUNCATE, fileAt(fd), size, 0, 0}, "");
  return done;
}

int ftruncate(int fd, off_t size) { return ftruncate64(fd, size); }

static int openMode(int at, const char *path, int flags, va_list rest) {
  mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0;
  return opened(syscall(SYS_openat, at, path, flags, mode));
}

#define OPEN(NAME, AT, ...)             \
  int NAME(__VA_ARGS__, int flags, ...) { \
    va_list rest;                       \
    va_start(rest, flags);              \
    int fd = openMode(AT, path, flags, rest); \
    va_end(rest);                       \
    return fd;                          \
  }

OPEN(open, AT_FDCWD, const char *path)
OPEN(open64, AT_FDCWD, const char *path)
OPEN(openat, at, int at, const char *path)
OPEN(openat64, at, int at, const char *path)

int close(int fd) {
  if (fd >= 0 && fd < DESCRIPTORS) fileOf[fd] = 0;
  return syscall(SYS_close, fd);
}

int unlink(const char *path) {
  int done = syscall(SYS_unlinkat, AT_FDCWD, path, 0);
  if (done == 0 && ours(path)) append((struct record){UNLINK, 0, 0, strlen(path), 0}, path);
  return done;
}

int rename(const char *from, const char *to) {
  int done = syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
  char both[1100];
  int length = snprintf(both, sizeof both, "%s\n%s", from, to);
  if (done == 0 && ours(to)) append((struct record){RENAME, 0, 0, length, 0}, both);
  return done;
}

ssize_t write(int fd, const void *bytes, size_t size) {
  unsigned file = fileAt(fd);
  if (file) {
    ssize_t done = writeAt(file, fd, (struct iovec){(void *)bytes, size}, lseek(fd, 0, SEEK_CUR));
    if (done > 0) lseek(fd, done, SEEK_CUR);
    return done;
  }
  if (isSocket(fd)) passed(SEND, fd, bytes, size);
  return syscall(SYS_write, fd, bytes, size);
}
