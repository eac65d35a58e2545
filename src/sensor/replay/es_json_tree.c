#include "sensor/replay/es_json_tree.h"

#include "sensor/replay/es_tree.h"

static int base64_digit(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == '+' || c == '-')
		return 62;
	return c == '/' || c == '_' ? 63 : -1;
}

static struct str base64_decode(struct arena *arena, struct str text)
{
	size_t digits = text.len, len = 0;
	uint32_t bits = 0, held = 0;

	while (digits > 0 && text.ptr[digits - 1] == '=')
		digits--;
	char *out = arena_alloc(arena, digits / 4 * 3 + 3);
	if (out == NULL || digits % 4 == 1)
		return text;
	for (size_t i = 0; i < digits; i++) {
		int digit = base64_digit(text.ptr[i]);
		if (digit < 0)
			return text;
		bits = bits << 6 | (uint32_t)digit;
		held += 6;
		if (held >= 8) {
			held -= 8;
			out[len++] = (char)(bits >> held & 0xff);
		}
	}
	return str_n(out, len);
}

struct str es_json_bytes(struct arena *arena, const struct json_node *node, const char *key)
{
	struct str text = es_text(node, key);

	return text.len == 0 ? text : base64_decode(arena, text);
}

struct str *es_json_bytes_list(
	struct arena *arena, const struct json_node *node, uint32_t *ret_count)
{
	struct str *texts = es_texts(arena, node, ret_count);

	for (uint32_t i = 0; i < *ret_count; i++)
		texts[i] = base64_decode(arena, texts[i]);
	return texts;
}

static struct str hexadecimal(struct arena *arena, struct str bytes)
{
	static const char digits[] = "0123456789abcdef";
	char *out = arena_alloc(arena, bytes.len * 2 + 1);

	if (out == NULL)
		return (struct str){0};
	for (size_t i = 0; i < bytes.len; i++) {
		out[2 * i] = digits[(unsigned char)bytes.ptr[i] >> 4];
		out[2 * i + 1] = digits[(unsigned char)bytes.ptr[i] & 15];
	}
	return str_n(out, bytes.len * 2);
}

static uint32_t number32(const struct json_node *node, const char *key)
{
	uint64_t number = 0;

	(void)es_number(node, key, &number);
	return (uint32_t)number;
}

struct es_identity es_json_identity(const struct json_node *node)
{
	uint64_t number;

	return (struct es_identity){.known = es_number(node, "pid", &number),
		.pid = number32(node, "pid"),
		.version = number32(node, "pidversion")};
}

void es_json_file(const struct json_node *node, struct es_file *ret)
{
	const struct json_node *stat = json_get(node, "stat");

	*ret = (struct es_file){.path = es_text(node, "path")};
	(void)json_bool(json_get(node, "truncated"), &ret->truncated);
	ret->sha256 = es_text(json_get(node, "hash"), "hash");
	if (stat == NULL || stat->token != JSON_OBJECT)
		return;
	ret->has_stat = true;
	(void)es_number(stat, "mode", &ret->mode);
	(void)es_number(stat, "ino", &ret->inode);
	(void)es_number(stat, "dev", &ret->device);
	(void)es_number(stat, "rdev", &ret->raw_device);
	(void)es_number(stat, "size", &ret->size);
	(void)es_number(stat, "flags", &ret->flags);
	ret->uid = number32(json_get(stat, "user"), "uid");
	ret->gid = number32(json_get(stat, "group"), "gid");
	ret->owner = es_text(json_get(stat, "user"), "name");
	ret->group = es_text(json_get(stat, "group"), "name");
	ret->mtime_ns = es_time(json_get(stat, "modification_time"));
	ret->ctime_ns = es_time(json_get(stat, "change_time"));
	ret->atime_ns = es_time(json_get(stat, "access_time"));
	ret->birth_ns = es_time(json_get(stat, "birth_time"));
}

static void read_owner(const struct json_node *node, struct es_process *p)
{
	const struct json_node *user = json_get(node, "effective_user");
	const struct json_node *group = json_get(node, "effective_group");
	const struct json_node *real_user = json_get(node, "real_user");
	const struct json_node *real_group = json_get(node, "real_group");

	p->has_owner = user != NULL;
	p->euid = number32(user, "uid");
	p->egid = number32(group, "gid");
	p->ruid = number32(real_user, "uid");
	p->rgid = number32(real_group, "gid");
	p->user = es_text(user, "name");
	p->group = es_text(group, "name");
	p->real_user = es_text(real_user, "name");
	p->real_group = es_text(real_group, "name");
}

void es_json_process(struct arena *arena, const struct json_node *node, struct es_process *ret)
{
	const struct json_node *signature = json_get(node, "code_signature");
	uint64_t number;

	*ret = (struct es_process){0};
	if (node == NULL || node->token != JSON_OBJECT)
		return;
	ret->present = true;
	ret->id = es_json_identity(json_get(node, "id"));
	ret->parent = es_json_identity(json_get(node, "parent_id"));
	ret->responsible = es_json_identity(json_get(node, "responsible_id"));
	ret->has_ppid = ret->parent.known;
	ret->ppid = ret->parent.pid;
	ret->original_ppid = number32(node, "original_parent_pid");
	ret->group_id = number32(node, "group_id");
	ret->session_id = number32(node, "session_id");
	read_owner(node, ret);
	ret->has_platform = json_get(node, "is_platform_binary") != NULL;
	(void)json_bool(json_get(node, "is_platform_binary"), &ret->platform_binary);
	(void)json_bool(json_get(node, "is_es_client"), &ret->es_client);
	ret->has_flags = es_number(node, "cs_flags", &number);
	ret->cs_flags = number32(node, "cs_flags");
	ret->cdhash = hexadecimal(arena, es_json_bytes(arena, signature, "cdhash"));
	ret->signing_id = es_text(signature, "signing_id");
	ret->team_id = es_text(signature, "team_id");
	es_json_file(json_get(node, "executable"), &ret->executable);
	ret->tty = es_path(node, "tty");
	ret->has_tty = ret->tty.len > 0;
	ret->start_ns = es_time(json_get(node, "start_time"));
}
