/* Tokens as JSON: for the raw form of a record, which loses nothing. */
#include <arpa/inet.h>
#include <stdio.h>
#include "sensor/audit/bsm_token.h"

static bool is_utf8(struct str text)
{
	for (size_t i = 0; i < text.len;) {
		size_t len = utf8_length(text.ptr + i, text.len - i);
		if (len == 0)
			return false;
		i += len;
	}
	return true;
}

static void put_hex(struct json_writer *w, struct str bytes)
{
	static const char digits[] = "0123456789abcdef";
	struct buf hex = {0};

	for (size_t i = 0; i < bytes.len; i++) {
		uint8_t byte = (uint8_t)bytes.ptr[i];
		buf_char(&hex, digits[byte >> 4]);
		buf_char(&hex, digits[byte & 15]);
	}
	json_put_str(w, buf_view(&hex));
	buf_destroy(&hex);
}

static void put_address(struct json_writer *w, struct str address)
{
	char text[INET6_ADDRSTRLEN];
	const char *shown = inet_ntop(
		address.len == 4 ? AF_INET : AF_INET6, address.ptr, text, sizeof(text));
	json_put_str(w, str_of(shown == NULL ? "" : shown));
}

static void put_uuid(struct json_writer *w, struct str uuid)
{
	char text[40];
	size_t at = 0;

	for (size_t i = 0; i < 16 && i < uuid.len; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			text[at++] = '-';
		at += (size_t)snprintf(text + at, sizeof(text) - at, "%02x", (uint8_t)uuid.ptr[i]);
	}
	json_put_str(w, str_n(text, at));
}

static void put_numbers(struct json_writer *w, const struct bsm_item *item)
{
	struct cursor c = cursor_of(item->text.ptr, item->text.len);

	json_array_begin(w);
	for (uint64_t i = 0; i < item->number; i++)
		json_put_u64(w, cursor_be(&c, item->width));
	json_array_end(w);
}

static void put_strings(struct json_writer *w, const struct bsm_item *item)
{
	struct str rest = item->text;

	json_array_begin(w);
	for (uint64_t i = 0; i < item->number; i++)
		json_put_str(w, bsm_strings_next(&rest));
	json_array_end(w);
}

static void put_item(struct json_writer *w, const struct bsm_item *item)
{
	char octal[24];

	switch (item->type) {
	case BSM_ITEM_NUMBER:
		json_put_u64(w, item->number);
		break;
	case BSM_ITEM_SIGNED:
		json_put_i64(w,
			item->width == 4 ? (int32_t)(uint32_t)item->number : (int64_t)item->number);
		break;
	case BSM_ITEM_OCTAL:
		(void)snprintf(octal, sizeof(octal), "0%llo", (unsigned long long)item->number);
		json_put_str(w, str_of(octal));
		break;
	case BSM_ITEM_TEXT:
		json_put_str(w, item->text);
		break;
	case BSM_ITEM_STRINGS:
		put_strings(w, item);
		break;
	case BSM_ITEM_ADDRESS:
		put_address(w, item->text);
		break;
	case BSM_ITEM_UUID:
		put_uuid(w, item->text);
		break;
	case BSM_ITEM_NUMBERS:
		put_numbers(w, item);
		break;
	default:
		put_hex(w, item->text);
	}
}

void bsm_token_write(struct json_writer *w, const struct bsm_token *token)
{
	char name[64];

	json_object_begin(w);
	json_member_str(w, "token", str_of(token->name));
	for (unsigned i = 0; i < token->item_count; i++) {
		const struct bsm_item *item = &token->items[i];
		json_key(w, str_of(item->name));
		put_item(w, item);
		bool text = item->type == BSM_ITEM_TEXT || item->type == BSM_ITEM_STRINGS;
		if (text && !is_utf8(item->text)) {
			(void)snprintf(name, sizeof(name), "%s_hex", item->name);
			json_key(w, str_of(name));
			put_hex(w, item->text);
		}
	}
	json_object_end(w);
}

void bsm_rest_write(struct json_writer *w, struct str rest)
{
	json_object_begin(w);
	json_member_str(w, "token", STR("unknown"));
	json_key(w, STR("data"));
	put_hex(w, rest);
	json_object_end(w);
}
