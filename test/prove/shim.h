/* What the two halves of the shim share. trace.ts reads the records. */
#define _GNU_SOURCE
#include <stdint.h>
#include <sys/types.h>

enum { PATH = 1, WRITE, TRUNCATE, SYNC, UNLINK, RENAME, SEND, RECEIVE };

struct record {
  uint32_t kind, file; /* a file's number, or a socket's descriptor */
  uint64_t offset;
  uint32_t stored, unused; /* how many bytes follow */
};

int tracing(void);
void append(struct record head, const void *bytes);
void passed(int kind, int fd, const void *bytes, ssize_t size);
int isSocket(int fd);
