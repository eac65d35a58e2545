/* One error: a negative errno and a sentence for people. Filled by the callee, never logged by it. */
#ifndef MERLON_BASE_ERR_H
#define MERLON_BASE_ERR_H
#include <stdarg.h>
#include <stdio.h>

struct err {
	int code; /* negative errno, 0 when unset */
	char text[512];
};

/* Fills *err unless NULL and returns code, so that a failing function can end in
 * `return err_set(err, -EINVAL, …)`. */
__attribute__((format(printf, 3, 4))) static inline int err_set(
	struct err *err, int code, const char *fmt, ...)
{
	if (err != NULL) {
		va_list ap;
		err->code = code;
		va_start(ap, fmt);
		(void)vsnprintf(err->text, sizeof(err->text), fmt, ap);
		va_end(ap);
	}
	return code;
}
#endif
