#include "sensor/audit/audit_join.h"

static size_t append(char *out, size_t len, struct str path)
{
	while (path.ptr != NULL && path.len > 0) {
		struct str part = str_cut(&path, '/');
		if (part.len == 0 || str_is(part, "."))
			continue;
		if (str_is(part, "..")) {
			while (len > 0 && out[--len] != '/')
				;
			continue;
		}
		out[len++] = '/';
		memcpy(out + len, part.ptr, part.len);
		len += part.len;
	}
	return len;
}

struct str audit_join(char out[AUDIT_JOIN_BYTES], struct str directory, struct str path)
{
	bool relative = path.len > 0 && path.ptr[0] != '/';
	size_t len = 0;

	if (path.len == 0 || (relative && (directory.len == 0 || directory.ptr[0] != '/')) ||
		directory.len + path.len + 2 > AUDIT_JOIN_BYTES)
		return path;
	if (relative)
		len = append(out, len, directory);
	len = append(out, len, path);
	if (len == 0)
		out[len++] = '/';
	return str_n(out, len);
}
