/* Small file helpers shared by all programs: whole reads with a maximum, atomic writes, beneath-opens. */
#pragma once
#include "base/arena.h"
#include "base/err.h"

/* Reads the whole file; -ERR_LIMIT above max_bytes. NUL behind the bytes (not counted). */
int file_read(struct arena *a, const char *path, size_t max_bytes, struct str *ret,
              struct diag *reterr) MUST_USE;
/* Writes path.tmp, fsyncs, renames, fsyncs the folder. */
int file_write_atomic(const char *path, struct str bytes, unsigned mode, struct diag *reterr) MUST_USE;
/* The same with bytes that `write` puts into fd; what it returns below 0 ends it and leaves path as it was. */
int file_replace(const char *path, int (*write)(int fd, void *ctx), void *ctx, unsigned mode,
                 struct diag *reterr) MUST_USE;
/* n bytes from a place on into dst, without moving the file's own place; fewer only at its end. EINTR handled. */
ssize_t file_read_at(int fd, void *dst, size_t n, uint64_t at) MUST_USE;
int file_write_all(int fd, struct str bytes) MUST_USE; /* EINTR and short writes handled */
int file_make_dir(const char *path, unsigned mode, struct diag *reterr) MUST_USE; /* with parents; exists = fine */
/* openat2(RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS) below dir_fd: for names that came from outside. */
int file_open_beneath(int dir_fd, const char *name, int flags, unsigned mode) MUST_USE;
