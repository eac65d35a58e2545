#include "sensor/replay/es_tree.h"

#include "base/clock.h"

#define TEXTS_MAX (UINT32_C(1) << 20)

struct str es_text(const struct json_node *node, const char *key)
{
	struct str text = {0};

	(void)json_text(json_get(node, key), &text);
	return text;
}

struct str es_path(const struct json_node *node, const char *key)
{
	return es_text(json_get(node, key), "path");
}

bool es_number(const struct json_node *node, const char *key, uint64_t *ret)
{
	const struct json_node *value = json_get(node, key);
	int64_t number;

	if (json_u64(value, ret))
		return true;
	if (!json_i64(value, &number)) /* some print unsigned numbers as signed */
		return false;
	*ret = (uint64_t)number;
	return true;
}

static uint32_t number32(const struct json_node *node, const char *key)
{
	uint64_t number = 0;

	(void)es_number(node, key, &number);
	return (uint32_t)number;
}

static bool flag(const struct json_node *node, const char *key)
{
	bool value = false;

	(void)json_bool(json_get(node, key), &value);
	return value;
}

uint64_t es_time(const struct json_node *node)
{
	uint64_t ns = 0, seconds, part = 0;
	struct str text;

	if (json_text(node, &text))
		return clock_parse_rfc3339(text, &ns) ? ns : 0;
	if (es_number(node, "tv_sec", &seconds) && seconds < UINT64_MAX / NS_PER_S / 2) {
		if (es_number(node, "tv_nsec", &part) && part < NS_PER_S)
			return seconds * NS_PER_S + part;
		if (es_number(node, "tv_usec", &part) && part < 1000000)
			return seconds * NS_PER_S + part * 1000;
		return seconds * NS_PER_S;
	}
	return 0;
}

/* In the order of an audit_token_t's words. */
enum {
	TOKEN_AUID,
	TOKEN_EUID,
	TOKEN_EGID,
	TOKEN_RUID,
	TOKEN_RGID,
	TOKEN_PID,
	TOKEN_ASID,
	TOKEN_VERSION,
	TOKEN_WORDS
};

static bool token_words(const struct json_node *node, uint32_t words[TOKEN_WORDS])
{
	static const char *const names[TOKEN_WORDS] = {
		"auid", "euid", "egid", "ruid", "rgid", "pid", "asid", "pidversion"};
	uint64_t number;

	if (node == NULL)
		return false;
	if (node->token == JSON_OBJECT) {
		if (!es_number(node, "pid", &number))
			return false;
		for (int i = 0; i < TOKEN_WORDS; i++)
			words[i] = number32(node, names[i]);
		return true;
	}
	if (node->token != JSON_ARRAY || node->count != TOKEN_WORDS)
		return false;
	int i = 0;
	for (const struct json_node *word = node->child; word != NULL; word = word->next) {
		if (!json_u64(word, &number))
			return false;
		words[i++] = (uint32_t)number;
	}
	return true;
}

struct es_identity es_read_token(const struct json_node *node)
{
	uint32_t words[TOKEN_WORDS];
	struct es_identity identity = {0};

	if (token_words(node, words)) {
		identity.known = true;
		identity.pid = words[TOKEN_PID];
		identity.version = words[TOKEN_VERSION];
	}
	return identity;
}

void es_read_file(const struct json_node *node, struct es_file *ret)
{
	const struct json_node *stat = json_get(node, "stat");

	*ret = (struct es_file){
		.path = es_text(node, "path"), .truncated = flag(node, "path_truncated")};
	if (stat == NULL || stat->token != JSON_OBJECT)
		return;
	ret->has_stat = true;
	(void)es_number(stat, "st_mode", &ret->mode);
	(void)es_number(stat, "st_ino", &ret->inode);
	(void)es_number(stat, "st_dev", &ret->device);
	(void)es_number(stat, "st_rdev", &ret->raw_device);
	(void)es_number(stat, "st_uid", &ret->uid);
	(void)es_number(stat, "st_gid", &ret->gid);
	(void)es_number(stat, "st_size", &ret->size);
	(void)es_number(stat, "st_flags", &ret->flags);
	ret->mtime_ns = es_time(json_get(stat, "st_mtimespec"));
	ret->ctime_ns = es_time(json_get(stat, "st_ctimespec"));
	ret->atime_ns = es_time(json_get(stat, "st_atimespec"));
	ret->birth_ns = es_time(json_get(stat, "st_birthtimespec"));
}

static void read_owner(const struct json_node *node, struct es_process *p)
{
	uint32_t words[TOKEN_WORDS];

	if (!token_words(node, words))
		return;
	p->id = (struct es_identity){
		.known = true, .pid = words[TOKEN_PID], .version = words[TOKEN_VERSION]};
	p->has_owner = true;
	p->euid = words[TOKEN_EUID];
	p->egid = words[TOKEN_EGID];
	p->ruid = words[TOKEN_RUID];
	p->rgid = words[TOKEN_RGID];
	p->has_audit = true;
	p->auid = words[TOKEN_AUID];
	p->audit_session = words[TOKEN_ASID];
}

void es_read_token_process(const struct json_node *token, struct es_process *ret)
{
	*ret = (struct es_process){0};
	read_owner(token, ret);
	ret->present = ret->id.known;
}

void es_read_process(const struct json_node *node, struct es_process *ret)
{
	const struct json_node *tty = json_get(node, "tty");
	uint64_t number;

	*ret = (struct es_process){0};
	if (node == NULL || node->token != JSON_OBJECT)
		return;
	ret->present = true;
	read_owner(json_get(node, "audit_token"), ret);
	ret->parent = es_read_token(json_get(node, "parent_audit_token"));
	ret->responsible = es_read_token(json_get(node, "responsible_audit_token"));
	ret->has_ppid = es_number(node, "ppid", &number);
	ret->ppid = number32(node, "ppid");
	ret->original_ppid = number32(node, "original_ppid");
	ret->group_id = number32(node, "group_id");
	ret->session_id = number32(node, "session_id");
	ret->has_platform = json_get(node, "is_platform_binary") != NULL;
	ret->platform_binary = flag(node, "is_platform_binary");
	ret->es_client = flag(node, "is_es_client");
	ret->has_flags = es_number(node, "codesigning_flags", &number);
	ret->cs_flags = number32(node, "codesigning_flags");
	ret->validation = number32(node, "cs_validation_category");
	ret->cdhash = es_text(node, "cdhash");
	ret->signing_id = es_text(node, "signing_id");
	ret->team_id = es_text(node, "team_id");
	es_read_file(json_get(node, "executable"), &ret->executable);
	ret->has_tty = tty != NULL;
	ret->tty = es_text(tty, "path");
	(void)es_number(json_get(tty, "stat"), "st_rdev", &ret->tty_device);
	ret->start_ns = es_time(json_get(node, "start_time"));
}

struct str *es_texts(struct arena *arena, const struct json_node *node, uint32_t *ret_count)
{
	*ret_count = 0;
	if (node == NULL || node->token != JSON_ARRAY || node->count == 0 ||
		node->count > TEXTS_MAX)
		return NULL;
	struct str *texts = arena_alloc(arena, node->count * sizeof(*texts));
	if (texts == NULL)
		return NULL;
	for (const struct json_node *item = node->child; item != NULL; item = item->next)
		if (json_text(item, &texts[*ret_count]))
			(*ret_count)++;
	return texts;
}
