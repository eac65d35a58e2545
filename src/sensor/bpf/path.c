#include "sensor/bpf/path.h"

bool path_is_clean(struct str path)
{
	if (path.len == 0 || path.ptr[0] != '/')
		return false;
	for (size_t i = 0; i < path.len; i++) {
		if (path.ptr[i] != '/')
			continue;
		if (i + 1 == path.len)
			return path.len == 1;
		char next = path.ptr[i + 1];
		if (next == '/')
			return false;
		if (next == '.' && (i + 2 == path.len || path.ptr[i + 2] == '/' ||
					   (path.ptr[i + 2] == '.' &&
						   (i + 3 == path.len || path.ptr[i + 3] == '/'))))
			return false;
	}
	return true;
}

/* Appends the components of path behind out[0 … len); ".." never goes below floor. */
static size_t append(char *out, size_t len, size_t floor, struct str path)
{
	while (path.len > 0) {
		struct str part = str_cut(&path, '/');
		if (part.len == 0 || str_is(part, "."))
			continue;
		if (str_is(part, "..")) {
			while (len > floor && out[len - 1] != '/')
				len--;
			if (len > floor)
				len--;
			continue;
		}
		out[len++] = '/';
		memcpy(out + len, part.ptr, part.len);
		len += part.len;
	}
	return len;
}

struct str path_join(struct str base, struct str path, char *out)
{
	bool absolute = path.len > 0 && path.ptr[0] == '/';
	size_t len = append(out, 0, 0, base);
	len = append(out, len, absolute ? len : 0, path);
	if (len == 0)
		out[len++] = '/';
	return str_n(out, len);
}

struct str path_extension(struct str name)
{
	for (size_t i = name.len; i > 1; i--)
		if (name.ptr[i - 1] == '.')
			return str_n(name.ptr + i, name.len - i);
	return (struct str){0};
}

struct str path_turn_around(struct str names, char *out)
{
	char *at = out;
	size_t end = names.len;

	if (end == 0)
		*at++ = '/';
	while (end > 0) { /* names.ptr[end - 1] is the NUL behind a name */
		const char *before = memrchr(names.ptr, '\0', end - 1);
		size_t begin = before == NULL ? 0 : (size_t)(before + 1 - names.ptr);
		*at++ = '/';
		memcpy(at, names.ptr + begin, end - 1 - begin);
		at += end - 1 - begin;
		end = begin;
	}
	return str_n(out, (size_t)(at - out));
}
