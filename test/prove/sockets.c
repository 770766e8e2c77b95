/* The half of the shim that records what goes through sockets; see faults.c. */
#include "shim.h"
#include <errno.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum { HEAD_MAX = 1024 };

int isSocket(int fd) {
  struct stat about;
  return tracing() && syscall(SYS_fstat, fd, &about) == 0 && S_ISSOCK(about.st_mode);
}

/* The head of what goes through a socket: enough for a status line and an Idempotency-Key. */
void passed(int kind, int fd, const void *bytes, ssize_t size) {
  int kept = errno;
  if (tracing() && size > 0)
    append((struct record){kind, fd, 0, size < HEAD_MAX ? size : HEAD_MAX, 0}, bytes);
  errno = kept;
}

ssize_t sendto(int fd, const void *bytes, size_t size, int flags, const struct sockaddr *to,
               socklen_t length) {
  passed(SEND, fd, bytes, size);
  return syscall(SYS_sendto, fd, bytes, size, flags, to, length);
}

ssize_t send(int fd, const void *bytes, size_t size, int flags) {
  return sendto(fd, bytes, size, flags, NULL, 0);
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags) {
  for (size_t n = 0; n < message->msg_iovlen; n++)
    passed(SEND, fd, message->msg_iov[n].iov_base, message->msg_iov[n].iov_len);
  return syscall(SYS_sendmsg, fd, message, flags);
}

ssize_t recvfrom(int fd, void *bytes, size_t size, int flags, struct sockaddr *from,
                 socklen_t *length) {
  ssize_t done = syscall(SYS_recvfrom, fd, bytes, size, flags, from, length);
  passed(RECEIVE, fd, bytes, done);
  return done;
}

ssize_t recv(int fd, void *bytes, size_t size, int flags) {
  return recvfrom(fd, bytes, size, flags, NULL, NULL);
}

ssize_t writev(int fd, const struct iovec *parts, int count) {
  if (isSocket(fd))
    for (int n = 0; n < count; n++) passed(SEND, fd, parts[n].iov_base, parts[n].iov_len);
  return syscall(SYS_writev, fd, parts, count);
}
