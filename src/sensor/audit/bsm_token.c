#include "sensor/audit/bsm_token.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* How one item lies in the bytes. */
enum shape {
	END,
	U8,
	U16,
	U32,
	U64,
	I32,
	I64,
	MODE,	  /* u32, octal */
	TEXT16,	  /* u16 length with NUL, text */
	BYTES16,  /* u16 length, bytes */
	STRINGS,  /* u32 count, NUL-terminated strings */
	STRINGS2, /* u16 count, each u16 length and text */
	IP4,
	IP6,
	IP_EX,	   /* u32 length (4 or 16), address */
	IP_LENGTH, /* u16 length (4 or 16) of the addresses that follow */
	IP_SAME,   /* address of that length */
	UUID,
	PATH_NUL, /* NUL-terminated, at most 104 bytes */
	GROUPS16, /* u16 count, u32 each */
	GROUPS,	  /* 16 of u32 */
	DATA,	  /* u8 how to print, u8 unit, u8 count, units */
	LABEL,	  /* u8 id, u8 words, u16 class, words of u32 */
};

struct field {
	uint8_t shape;
	const char *name;
};
struct layout {
	const char *name;
	struct field fields[BSM_ITEMS_MAX];
};

#define PROCESS_IDS                                                                              \
	{U32, "auid"}, {U32, "euid"}, {U32, "egid"}, {U32, "ruid"}, {U32, "rgid"}, {U32, "pid"}, \
	{                                                                                        \
		U32, "sid"                                                                       \
	}
#define X_OBJECT                           \
	{                                  \
		{U32, "xid"},              \
		{                          \
			U32, "creator_uid" \
		}                          \
	}

// clang-format off
static const struct layout layouts[256] = {
	[BSM_FILE32] = {"file", {{U32, "seconds"}, {U32, "milliseconds"}, {TEXT16, "path"}}},
	[BSM_FILE64] = {"file64", {{U64, "seconds"}, {U64, "milliseconds"}, {TEXT16, "path"}}},
	[BSM_TRAILER] = {"trailer", {{U16, "magic"}, {U32, "record_size"}}},
	[BSM_HEADER32] = {"header32", {{U32, "record_size"}, {U8, "version"}, {U16, "event"},
		{U16, "modifier"}, {U32, "seconds"}, {U32, "milliseconds"}}},
	[BSM_HEADER32_EX] = {"header32_ex", {{U32, "record_size"}, {U8, "version"}, {U16, "event"},
		{U16, "modifier"}, {IP_EX, "address"}, {U32, "seconds"}, {U32, "milliseconds"}}},
	[BSM_HEADER64] = {"header64", {{U32, "record_size"}, {U8, "version"}, {U16, "event"},
		{U16, "modifier"}, {U64, "seconds"}, {U64, "milliseconds"}}},
	[BSM_HEADER64_EX] = {"header64_ex", {{U32, "record_size"}, {U8, "version"}, {U16, "event"},
		{U16, "modifier"}, {IP_EX, "address"}, {U64, "seconds"}, {U64, "milliseconds"}}},
	[BSM_FMRI] = {"fmri", {{TEXT16, "text"}}},
	[BSM_DATA] = {"data", {{DATA, "values"}}},
	[BSM_IPC] = {"ipc", {{U8, "type"}, {U32, "id"}}},
	[BSM_PATH] = {"path", {{TEXT16, "path"}}},
	[BSM_XATPATH] = {"path_attr", {{STRINGS, "paths"}}},
	[BSM_SUBJECT32] = {"subject32", {PROCESS_IDS, {U32, "port"}, {IP4, "address"}}},
	[BSM_PROCESS32] = {"process32", {PROCESS_IDS, {U32, "port"}, {IP4, "address"}}},
	[BSM_SUBJECT64] = {"subject64", {PROCESS_IDS, {U64, "port"}, {IP4, "address"}}},
	[BSM_PROCESS64] = {"process64", {PROCESS_IDS, {U64, "port"}, {IP4, "address"}}},
	[BSM_SUBJECT32_EX] = {"subject32_ex", {PROCESS_IDS, {U32, "port"}, {IP_EX, "address"}}},
	[BSM_PROCESS32_EX] = {"process32_ex", {PROCESS_IDS, {U32, "port"}, {IP_EX, "address"}}},
	[BSM_SUBJECT64_EX] = {"subject64_ex", {PROCESS_IDS, {U64, "port"}, {IP_EX, "address"}}},
	[BSM_PROCESS64_EX] = {"process64_ex", {PROCESS_IDS, {U64, "port"}, {IP_EX, "address"}}},
	[BSM_RETURN32] = {"return32", {{U8, "error"}, {I32, "value"}}},
	[BSM_RETURN64] = {"return64", {{U8, "error"}, {I64, "value"}}},
	[BSM_RETURN_UUID] = {"return_uuid", {{U8, "error"}, {UUID, "uuid"}, {TEXT16, "text"}}},
	[BSM_TEXT] = {"text", {{TEXT16, "text"}}},
	[BSM_OPAQUE] = {"opaque", {{BYTES16, "data"}}},
	[BSM_IN_ADDR] = {"in_addr", {{IP4, "address"}}},
	[BSM_IN_ADDR_EX] = {"in_addr_ex", {{IP_EX, "address"}}},
	[BSM_IP] = {"ip", {{U8, "version_ihl"}, {U8, "tos"}, {U16, "length"}, {U16, "id"},
		{U16, "offset"}, {U8, "ttl"}, {U8, "protocol"}, {U16, "checksum"}, {IP4, "source"},
		{IP4, "destination"}}},
	[BSM_IPORT] = {"iport", {{U16, "port"}}},
	[BSM_ARG32] = {"arg32", {{U8, "number"}, {U32, "value"}, {TEXT16, "text"}}},
	[BSM_ARG64] = {"arg64", {{U8, "number"}, {U64, "value"}, {TEXT16, "text"}}},
	[BSM_ARG_UUID] = {"arg_uuid", {{U8, "number"}, {UUID, "uuid"}, {TEXT16, "text"}}},
	[BSM_SOCKET] = {"socket", {{U16, "type"}, {U16, "local_port"}, {IP4, "local_address"},
		{U16, "remote_port"}, {IP4, "remote_address"}}},
	[BSM_SOCKET_EX] = {"socket_ex", {{U16, "domain"}, {U16, "type"}, {IP_LENGTH, "address_type"},
		{U16, "local_port"}, {IP_SAME, "local_address"}, {U16, "remote_port"},
		{IP_SAME, "remote_address"}}},
	[BSM_SOCKINET32] = {"sockinet32", {{U16, "family"}, {U16, "port"}, {IP4, "address"}}},
	[BSM_SOCKINET128] = {"sockinet128", {{U16, "family"}, {U16, "port"}, {IP6, "address"}}},
	[BSM_SOCKUNIX] = {"sockunix", {{U16, "family"}, {PATH_NUL, "path"}}},
	[BSM_SEQ] = {"sequence", {{U32, "number"}}},
	[BSM_ACL] = {"acl", {{U32, "type"}, {U32, "id"}, {MODE, "mode"}}},
	[BSM_ACE] = {"ace", {{U32, "who"}, {U32, "mask"}, {U16, "flags"}, {U16, "type"}}},
	[BSM_ATTR] = {"attribute", {{MODE, "mode"}, {U32, "uid"}, {U32, "gid"}, {U32, "fsid"},
		{U64, "nodeid"}, {U32, "device"}}},
	[BSM_ATTR32] = {"attribute32", {{MODE, "mode"}, {U32, "uid"}, {U32, "gid"}, {U32, "fsid"},
		{U64, "nodeid"}, {U32, "device"}}},
	[BSM_ATTR64] = {"attribute64", {{MODE, "mode"}, {U32, "uid"}, {U32, "gid"}, {U32, "fsid"},
		{U64, "nodeid"}, {U64, "device"}}},
	[BSM_IPC_PERM] = {"ipc_perm", {{U32, "uid"}, {U32, "gid"}, {U32, "creator_uid"},
		{U32, "creator_gid"}, {MODE, "mode"}, {U32, "sequence"}, {U32, "key"}}},
	[BSM_LABEL] = {"label", {{LABEL, "words"}}},
	[BSM_GROUPS] = {"groups", {{GROUPS, "groups"}}},
	[BSM_NEWGROUPS] = {"newgroups", {{GROUPS16, "groups"}}},
	[BSM_USER] = {"user", {{U32, "uid"}, {TEXT16, "name"}}},
	[BSM_PRIV] = {"privilege", {{TEXT16, "set"}, {TEXT16, "privileges"}}},
	[BSM_UPRIV] = {"use_of_privilege", {{U8, "success"}, {TEXT16, "privilege"}}},
	[BSM_LIAISON] = {"liaison", {{U32, "liaison"}}},
	[BSM_EXEC_ARGS] = {"exec_args", {{STRINGS, "args"}}},
	[BSM_EXEC_ENV] = {"exec_env", {{STRINGS, "env"}}},
	[BSM_AUTH] = {"use_of_authorization", {{TEXT16, "text"}}},
	[BSM_XATOM] = {"x_atom", {{TEXT16, "text"}}},
	[BSM_XOBJ] = {"x_object", X_OBJECT},
	[BSM_XPROTO] = {"x_protocol", {{U32, "pid"}}},
	[BSM_XSELECT] = {"x_select", {{TEXT16, "property"}, {TEXT16, "type"}, {TEXT16, "data"}}},
	[BSM_XCOLORMAP] = {"x_colormap", X_OBJECT},
	[BSM_XCURSOR] = {"x_cursor", X_OBJECT},
	[BSM_XFONT] = {"x_font", X_OBJECT},
	[BSM_XGC] = {"x_gc", X_OBJECT},
	[BSM_XPIXMAP] = {"x_pixmap", X_OBJECT},
	[BSM_XPROPERTY] = {"x_property", {{U32, "xid"}, {U32, "creator_uid"}, {TEXT16, "text"}}},
	[BSM_XWINDOW] = {"x_window", X_OBJECT},
	[BSM_XCLIENT] = {"x_client", {{U32, "client"}}},
	[BSM_CMD] = {"cmd", {{STRINGS2, "args"}, {STRINGS2, "env"}}},
	[BSM_EXIT] = {"exit", {{U32, "status"}, {I32, "value"}}},
	[BSM_ZONENAME] = {"zonename", {{TEXT16, "zone"}}},
	[BSM_HOST] = {"host", {{IP4, "address"}}},
	[BSM_IDENTITY] = {"identity", {{U32, "signer_type"}, {TEXT16, "signing_id"},
		{U8, "signing_id_truncated"}, {TEXT16, "team_id"}, {U8, "team_id_truncated"},
		{BYTES16, "cdhash"}}},
	[BSM_KRB5_PRINCIPAL] = {"krb5_principal", {{STRINGS, "principals"}}},
	[BSM_CERT_HASH] = {"certificate_hash", {{STRINGS, "hashes"}}},
};
// clang-format on

static const uint8_t unit_widths[4] = {1, 2, 4, 8};

static struct bsm_item *add(struct bsm_token *token, const char *name, enum bsm_item_type type)
{
	if (token->item_count == BSM_ITEMS_MAX)
		return NULL;
	struct bsm_item *item = &token->items[token->item_count++];
	*item = (struct bsm_item){.name = name, .type = (uint8_t)type};
	return item;
}

static void add_number(struct bsm_token *token, const char *name, uint64_t number)
{
	struct bsm_item *item = add(token, name, BSM_ITEM_NUMBER);
	if (item != NULL)
		item->number = number;
}

static struct str without_nul(struct str text)
{
	if (text.len > 0 && text.ptr[text.len - 1] == '\0')
		text.len--;
	return text;
}

static void read_number(struct cursor *c, struct bsm_item *item, uint8_t shape)
{
	static const uint8_t widths[] = {
		[U8] = 1, [U16] = 2, [U32] = 4, [U64] = 8, [I32] = 4, [I64] = 8, [MODE] = 4};
	item->width = widths[shape];
	item->number = cursor_be(c, item->width);
	if (shape == I32 || shape == I64)
		item->type = BSM_ITEM_SIGNED;
	else if (shape == MODE)
		item->type = BSM_ITEM_OCTAL;
}

/* count strings closed by NUL. */
static void read_strings(struct cursor *c, struct bsm_item *item)
{
	uint32_t count = cursor_be32(c);
	size_t begin = c->pos;

	item->type = BSM_ITEM_STRINGS;
	item->number = count;
	if (count > BSM_STRINGS_MAX || count > cursor_left(c)) {
		c->failed = true;
		return;
	}
	for (uint32_t i = 0; i < count; i++) {
		const uint8_t *nul = memchr(c->ptr + c->pos, '\0', cursor_left(c));
		if (nul == NULL) {
			c->failed = true;
			return;
		}
		c->pos = (size_t)(nul - c->ptr) + 1;
	}
	item->text = str_n((const char *)c->ptr + begin, c->pos - begin);
}

/* count texts, each behind its length: kept as they lie, walked again by the writer. */
static void read_counted_texts(struct cursor *c, struct bsm_item *item)
{
	uint16_t count = cursor_be16(c);
	size_t begin = c->pos;

	item->type = BSM_ITEM_BYTES;
	for (uint16_t i = 0; i < count && !c->failed; i++)
		(void)cursor_bytes(c, cursor_be16(c));
	if (!c->failed)
		item->text = str_n((const char *)c->ptr + begin, c->pos - begin);
	item->number = count;
}

static void read_data(struct cursor *c, struct bsm_token *token, const char *name)
{
	uint8_t how = cursor_u8(c), unit = cursor_u8(c), count = cursor_u8(c);

	add_number(token, "how_to_print", how);
	add_number(token, "unit", unit);
	struct bsm_item *item = add(token, name, BSM_ITEM_NUMBERS);
	if (item == NULL || unit >= sizeof(unit_widths)) {
		c->failed = true;
		return;
	}
	item->width = unit_widths[unit];
	item->number = count;
	item->text = cursor_str(c, (size_t)item->width * count);
}

static void read_label(struct cursor *c, struct bsm_token *token, const char *name)
{
	uint8_t id = cursor_u8(c), words = cursor_u8(c);

	add_number(token, "id", id);
	add_number(token, "classification", cursor_be16(c));
	struct bsm_item *item = add(token, name, BSM_ITEM_NUMBERS);
	if (item == NULL)
		return;
	item->width = 4;
	item->number = words;
	item->text = cursor_str(c, (size_t)words * 4);
}

static void read_address(struct cursor *c, struct bsm_item *item, size_t len)
{
	item->type = BSM_ITEM_ADDRESS;
	if (len != 4 && len != 16)
		c->failed = true;
	item->text = cursor_str(c, len);
}

static void read_groups(struct cursor *c, struct bsm_item *item, uint16_t count)
{
	item->type = BSM_ITEM_NUMBERS;
	item->width = 4;
	item->number = count;
	item->text = cursor_str(c, (size_t)count * 4);
}

/* The kernel writes up to 104 bytes, closed by NUL unless all are used. */
static void read_unix_path(struct cursor *c, struct bsm_item *item)
{
	size_t left = cursor_left(c), most = left < 105 ? left : 105;
	const uint8_t *at = c->ptr + c->pos;
	const uint8_t *nul = most == 0 ? NULL : memchr(at, '\0', most);

	item->type = BSM_ITEM_TEXT;
	if (nul == NULL && left < 104) {
		c->failed = true;
		return;
	}
	size_t len = nul == NULL ? 104 : (size_t)(nul - at);
	item->text = str_n((const char *)at, len);
	c->pos += nul == NULL ? len : len + 1;
}

static void read_field(
	struct cursor *c, struct bsm_token *token, const struct field *field, size_t *address_len)
{
	if (field->shape == DATA) {
		read_data(c, token, field->name);
		return;
	}
	if (field->shape == LABEL) {
		read_label(c, token, field->name);
		return;
	}
	struct bsm_item *item = add(token, field->name, BSM_ITEM_NUMBER);
	if (item == NULL) {
		c->failed = true;
		return;
	}
	switch (field->shape) {
	case TEXT16:
		item->type = BSM_ITEM_TEXT;
		item->text = without_nul(cursor_str(c, cursor_be16(c)));
		break;
	case BYTES16:
		item->type = BSM_ITEM_BYTES;
		item->text = cursor_str(c, cursor_be16(c));
		break;
	case STRINGS:
		read_strings(c, item);
		break;
	case STRINGS2:
		read_counted_texts(c, item);
		break;
	case IP4:
		read_address(c, item, 4);
		break;
	case IP6:
		read_address(c, item, 16);
		break;
	case IP_EX:
		read_address(c, item, cursor_be32(c));
		break;
	case IP_LENGTH:
		*address_len = (size_t)cursor_be16(c);
		item->number = *address_len;
		break;
	case IP_SAME:
		read_address(c, item, *address_len);
		break;
	case UUID:
		item->type = BSM_ITEM_UUID;
		item->text = cursor_str(c, 16);
		break;
	case PATH_NUL:
		read_unix_path(c, item);
		break;
	case GROUPS16:
		read_groups(c, item, cursor_be16(c));
		break;
	case GROUPS:
		read_groups(c, item, 16);
		break;
	default:
		read_number(c, item, field->shape);
	}
}

int bsm_token_read(struct cursor *cursor, struct bsm_token *ret)
{
	struct cursor c = *cursor;
	size_t address_len = 0;
	uint8_t id = cursor_u8(&c);

	if (c.failed)
		return -EBADMSG;
	const struct layout *layout = &layouts[id];
	if (layout->name == NULL)
		return -ENOENT;
	ret->id = id;
	ret->name = layout->name;
	ret->item_count = 0;
	for (size_t i = 0; i < BSM_ITEMS_MAX && layout->fields[i].shape != END; i++)
		read_field(&c, ret, &layout->fields[i], &address_len);
	if (id == BSM_TRAILER && ret->items[0].number != BSM_TRAILER_MAGIC)
		c.failed = true;
	if (c.failed)
		return -EBADMSG;
	ret->raw = str_n((const char *)cursor->ptr + cursor->pos, c.pos - cursor->pos);
	cursor->pos = c.pos;
	return 0;
}

const struct bsm_item *bsm_token_item(const struct bsm_token *token, const char *name)
{
	for (unsigned i = 0; i < token->item_count; i++) {
		const char *own = token->items[i].name;
		if (own[0] == name[0] && strcmp(own, name) == 0)
			return &token->items[i];
	}
	return NULL;
}

uint64_t bsm_token_number(const struct bsm_token *token, const char *name)
{
	const struct bsm_item *item = bsm_token_item(token, name);
	return item == NULL ? 0 : item->number;
}

struct str bsm_token_text(const struct bsm_token *token, const char *name)
{
	const struct bsm_item *item = bsm_token_item(token, name);
	return item == NULL ? (struct str){0} : item->text;
}

struct str bsm_strings_next(struct str *rest)
{
	return str_cut(rest, '\0');
}

bool bsm_trailer_matches(const uint8_t *ptr, size_t len, uint32_t record_size)
{
	struct cursor c = cursor_of(ptr, len);
	return cursor_u8(&c) == BSM_TRAILER && cursor_be16(&c) == BSM_TRAILER_MAGIC &&
	       cursor_be32(&c) == record_size && !c.failed;
}

bool bsm_header_read(const uint8_t *ptr, size_t len, struct bsm_header *ret)
{
	struct cursor c = cursor_of(ptr, len);
	struct bsm_header h = {.id = cursor_u8(&c)};
	bool wide = h.id == BSM_HEADER64 || h.id == BSM_HEADER64_EX;

	if (!wide && h.id != BSM_HEADER32 && h.id != BSM_HEADER32_EX)
		return false;
	h.size = cursor_be32(&c);
	h.version = cursor_u8(&c);
	h.event = cursor_be16(&c);
	h.modifier = cursor_be16(&c);
	if (h.id == BSM_HEADER32_EX || h.id == BSM_HEADER64_EX) {
		uint32_t address_len = cursor_be32(&c);
		if (address_len != 4 && address_len != 16)
			return false;
		(void)cursor_bytes(&c, address_len);
	}
	uint64_t seconds = cursor_be(&c, wide ? 8 : 4), ms = cursor_be(&c, wide ? 8 : 4);
	if (c.failed || seconds > UINT32_MAX || ms >= 1000)
		return false;
	/* Solaris wrote 1 to 3, Darwin and FreeBSD 1, 10 and 11. */
	if (h.version == 0 || h.version > 15 || h.size < c.pos + BSM_TRAILER_BYTES)
		return false;
	h.time_ns = seconds * 1000000000 + ms * 1000000;
	h.length = c.pos;
	*ret = h;
	return true;
}
