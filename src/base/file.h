/* Whole small files. */
#ifndef MERLON_BASE_FILE_H
#define MERLON_BASE_FILE_H
#include <stddef.h>
#include "base/arena.h"
#include "base/str.h"
struct err;

/* Reads a regular file, or any other that ends ("-" is standard input), of at most limit_bytes into the arena; the text is
 * NUL-terminated behind its end. 0, -EFBIG, -ENOMEM or the errno of open and read; err names the
 * file. */
int file_read(const char *path, size_t limit_bytes, struct arena *arena, struct str *ret,
	struct err *err);
/* Makes a directory and those above it; mode is of the last. An existing one is left as it is. */
int file_make_dir(const char *path, unsigned mode, struct err *err);
/* Whether path is a directory where nobody but root and this user can put files: 0, -ENOTDIR, -EPERM
 * or the errno of stat. */
int file_check_own_dir(const char *path, struct err *err);
#endif
