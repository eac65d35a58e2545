/* Keys as compact bytes, and the groups that have them. */
#include <stddef.h>
#include "base/strmatch.h"
#include "detect/cep/store.h"
#include "enrich/text.h"

static bool is_null(const struct value *value)
{
	return value->type == VALUE_NONE || value->type == VALUE_NULL ||
	       ((value->type == VALUE_TEXT || value->type == VALUE_LIST) && value->len == 0);
}

/* A text that is too long to be kept: not UTF-8, so that no other text is equal. */
static struct str hashed(struct arena *scratch, struct str text)
{
	uint64_t hash[2] = {text_hash(1, text.ptr, text.len), text_hash(2, text.ptr, text.len)};
	char *bytes = arena_alloc(scratch, sizeof(hash) + 1);

	if (bytes == NULL)
		return (struct str){0};
	bytes[0] = '\xff';
	memcpy(bytes + 1, hash, sizeof(hash));
	return str_n(bytes, sizeof(hash) + 1);
}

static struct value text_of(const struct value *value, bool caseless, struct arena *scratch)
{
	char number[VALUE_TEXT_BYTES];
	struct str text = value_as_text(value, number);

	if (caseless && value->type == VALUE_TEXT) {
		char *folded = arena_alloc(scratch, FOLD_BYTES(text.len));
		if (folded != NULL)
			text = str_n(folded, fold_text(folded, text));
	} else if (value->type != VALUE_TEXT) {
		text = arena_strn(scratch, text.ptr, text.len);
	}
	return value_text(text.len > KEY_TEXT_MAX ? hashed(scratch, text) : text);
}

/* NULL, a text, or a list of texts. */
static struct value canonical(const struct value *value, bool caseless, struct arena *scratch)
{
	if (value->type == VALUE_LIST && value->len == 1)
		value = value->items;
	if (is_null(value))
		return (struct value){.type = VALUE_NULL};
	if (value->type != VALUE_LIST)
		return text_of(value, caseless, scratch);
	struct value *items = arena_alloc(scratch, value->len * sizeof(*items));
	if (items == NULL)
		return (struct value){.type = VALUE_NULL};
	for (uint32_t i = 0; i < value->len; i++)
		items[i] = is_null(&value->items[i]) ? (struct value){.type = VALUE_NULL}
						     : text_of(&value->items[i], caseless, scratch);
	return (struct value){.type = VALUE_LIST, .len = value->len, .items = items};
}

static struct value value_of(
	struct cep *cep, const struct cep_context *context, const struct cep_value *key)
{
	const struct value none = {.type = VALUE_NONE};

	if (key->compute != NULL)
		return key->compute(key->program, context);
	const struct value *value = source_get(&context->source, key->field, &cep->scratch);
	return value == NULL ? none : *value;
}

void cep_key_begin(struct cep *cep, const struct cep_context *context, uint8_t **at)
{
	*at = cep->key.bytes;
	if (cep->options.host == FIELD_none)
		return;
	const struct value *host = source_get(&context->source, cep->options.host, &cep->scratch);
	struct value value = {.type = VALUE_NULL};
	if (host != NULL)
		value = canonical(host, false, &cep->scratch);
	(void)capture_write(at, cep->key.bytes + KEY_BYTES_MAX, &value);
}

bool cep_key_add(struct cep *cep, uint8_t **at, const struct value *value, bool caseless)
{
	struct value plain = canonical(value, caseless, &cep->scratch);

	return capture_write(at, cep->key.bytes + KEY_BYTES_MAX, &plain) &&
	       plain.type != VALUE_NULL;
}

void cep_key_end(struct cep *cep, uint32_t plan, const uint8_t *at)
{
	cep->key.len = (uint32_t)(at - cep->key.bytes);
	cep->key.hash = (uint32_t)text_hash(cep->seed + plan, cep->key.bytes, cep->key.len);
}

/* ---- keys that are lists ---- */

#define KEY_CHOICES_MAX 64

static bool is_choice(const struct cep_value *key, const struct value *value)
{
	return key->each && value->type == VALUE_LIST && value->len > 1;
}

static bool came_before(const struct value *list, uint32_t at)
{
	char own_out[VALUE_TEXT_BYTES], other_out[VALUE_TEXT_BYTES];
	struct str own = value_as_text(&list->items[at], own_out);

	for (uint32_t i = 0; i < at; i++)
		if (!is_null(&list->items[i]) &&
			str_eq(value_as_text(&list->items[i], other_out), own))
			return true;
	return false;
}

/* The next value of the list to be looked at, each once. */
static bool settle(struct key_choice *choice, uint32_t key, uint32_t from)
{
	const struct value *list = &choice->values[key];

	for (uint32_t at = from; at < list->len && at < KEY_CHOICES_MAX; at++) {
		if (is_null(&list->items[at]) || came_before(list, at))
			continue;
		choice->at[key] = (uint16_t)at;
		return true;
	}
	return false;
}

static const struct value *chosen(
	const struct key_choice *choice, const struct cep_value *keys, uint32_t key)
{
	const struct value *value = &choice->values[key];

	return is_choice(&keys[key], value) ? &value->items[choice->at[key]] : value;
}

static bool make(struct cep *cep, const struct cep_context *context, const struct cep_value *keys,
	const struct key_choice *choice)
{
	const struct plan_state *plan = context->plan;
	uint8_t *at;

	cep_key_begin(cep, context, &at);
	for (uint32_t i = 0; i < plan->plan->key_count; i++)
		if (!cep_key_add(cep, &at, chosen(choice, keys, i), keys[i].caseless) &&
			!keys[i].optional)
			return false;
	cep_key_end(cep, plan->number, at);
	return true;
}

bool cep_keys_first(struct cep *cep, const struct cep_context *context,
	const struct cep_value *keys, struct key_choice *choice)
{
	choice->left = KEY_CHOICES_MAX;
	for (uint32_t i = 0; i < context->plan->plan->key_count; i++) {
		choice->values[i] = value_of(cep, context, &keys[i]);
		if (is_choice(&keys[i], &choice->values[i]) && !settle(choice, i, 0))
			choice->values[i] = (struct value){.type = VALUE_NULL};
	}
	return make(cep, context, keys, choice);
}

bool cep_keys_next(struct cep *cep, const struct cep_context *context, const struct cep_value *keys,
	struct key_choice *choice)
{
	if (--choice->left == 0)
		return false;
	for (uint32_t i = context->plan->plan->key_count; i > 0; i--) {
		if (!is_choice(&keys[i - 1], &choice->values[i - 1]))
			continue;
		if (settle(choice, i - 1, choice->at[i - 1] + 1u))
			return make(cep, context, keys, choice);
		(void)settle(choice, i - 1, 0);
	}
	return false;
}

bool cep_key_make(struct cep *cep, const struct cep_context *context, const struct cep_value *keys)
{
	struct key_choice choice;

	return cep_keys_first(cep, context, keys, &choice);
}

uint32_t cep_group_find(const struct cep *cep, uint32_t plan)
{
	const struct key *key = &cep->key;
	uint32_t position = key->hash, handle;

	while ((handle = table_next(&cep->table, key->hash, &position)) != 0) {
		struct group *group = group_at(cep, handle);
		__builtin_prefetch(group->bytes + CACHE_LINE);
		if (group->plan == plan && group->key_len == key->len &&
			memcmp(group_key(group), key->bytes, key->len) == 0)
			return handle;
	}
	return 0;
}

/* Sequences have their first partial match in the group, relations what they know of a process. */
static size_t inner_bytes(const struct cep *cep, uint32_t plan)
{
	if (plan < cep->plan_count)
		return cep->plans[plan].plan->type == CEP_SEQUENCE ? cep->plans[plan].partial_bytes
								   : 0;
	return plan < cep->plan_count + cep->relation_count ? sizeof(struct item) : 0;
}

static size_t group_bytes(const struct group *group)
{
	return offsetof(struct group, bytes) + (size_t)group->inner * SLAB_UNIT + group->key_len;
}

uint32_t cep_group_make(struct cep *cep, uint32_t plan)
{
	const struct key *key = &cep->key;
	struct group head = {.hash = key->hash,
		.plan = plan,
		.key_len = (uint16_t)key->len,
		.inner = (uint8_t)(inner_bytes(cep, plan) / SLAB_UNIT)};
	uint32_t handle = slab_alloc(&cep->slab, group_bytes(&head));

	if (handle == 0)
		return 0;
	struct group *group = group_at(cep, handle);
	memcpy(group, &head, offsetof(struct group, bytes));
	memcpy(group_key(group), key->bytes, key->len);
	if (!table_insert(&cep->table, key->hash, handle)) {
		slab_free(&cep->slab, handle, group_bytes(&head));
		return 0;
	}
	return handle;
}

void cep_group_free(struct cep *cep, uint32_t handle)
{
	struct group *group = group_at(cep, handle);

	table_remove(&cep->table, group->hash, handle);
	slab_free(&cep->slab, handle, group_bytes(group));
}

uint32_t cep_inner_take(struct cep *cep, uint32_t handle, size_t size)
{
	struct group *group = group_at(cep, handle);

	if ((size_t)group->inner * SLAB_UNIT < size || (group->flags & GROUP_INNER_TAKEN) != 0)
		return slab_alloc(&cep->slab, size);
	group->flags |= GROUP_INNER_TAKEN;
	return handle + GROUP_INNER;
}

void cep_inner_free(struct cep *cep, uint32_t group, uint32_t handle, size_t size)
{
	if (handle == group + GROUP_INNER)
		group_at(cep, group)->flags &= (uint8_t)~GROUP_INNER_TAKEN;
	else
		slab_free(&cep->slab, handle, size);
}

void cep_match_keys(struct cep *cep, struct cep_match *match, const struct cep_context *context,
	const struct cep_value *keys)
{
	uint32_t count = context->plan->plan->key_count;
	struct value *values = arena_alloc(&cep->output.arena, count * sizeof(*values));

	if (values == NULL)
		return;
	for (uint32_t i = 0; i < count; i++)
		values[i] = context->choice == NULL ? value_of(cep, context, &keys[i])
						    : *chosen(context->choice, keys, i);
	match->keys = values;
	match->key_count = count;
}

void cep_match_keys_of_group(struct cep *cep, struct cep_match *match, struct group *group)
{
	uint32_t count = cep->plans[group->plan].plan->key_count;
	struct arena *arena = &cep->output.arena;
	struct value *values = arena_alloc(arena, count * sizeof(*values)), host;
	struct str copy = arena_strn(arena, (const char *)group_key(group), group->key_len);
	const uint8_t *at = (const uint8_t *)copy.ptr, *end = at + group->key_len;

	if (values == NULL || copy.ptr == NULL)
		return;
	if (cep->options.host != FIELD_none)
		(void)capture_read(&at, end, arena, &host);
	for (uint32_t i = 0; i < count; i++)
		if (!capture_read(&at, end, arena, &values[i]))
			return;
	match->keys = values;
	match->key_count = count;
}
