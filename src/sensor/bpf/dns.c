#include "sensor/bpf/dns.h"

#include "base/cursor.h"

#define HEADER_BYTES 12
#define JUMPS_MAX    16

static size_t put_byte(char *out, size_t at, uint8_t byte)
{
	if (byte > ' ' && byte < 0x7f && byte != '.' && byte != '\\') {
		if (at + 1 >= DNS_NAME_BYTES)
			return 0;
		out[at] = (char)byte;
		return at + 1;
	}
	if (at + 4 >= DNS_NAME_BYTES)
		return 0;
	out[at] = '\\';
	out[at + 1] = (char)('0' + byte / 100);
	out[at + 2] = (char)('0' + byte / 10 % 10);
	out[at + 3] = (char)('0' + byte % 10);
	return at + 4;
}

/* Reads a name and leaves the cursor behind it. */
static bool read_name(struct cursor *c, char out[DNS_NAME_BYTES], struct str *ret)
{
	struct cursor at = *c;
	size_t used = 0, behind = 0;
	unsigned jumps = 0;

	for (;;) {
		size_t here = at.pos;
		uint8_t len = cursor_u8(&at);
		if (at.failed)
			return false;
		if (len == 0)
			break;
		if ((len & 0xc0) == 0xc0) {
			size_t to = (size_t)(len & 0x3f) << 8 | cursor_u8(&at);
			if (at.failed || to >= here || ++jumps > JUMPS_MAX)
				return false;
			if (behind == 0)
				behind = at.pos;
			at.pos = to;
			continue;
		}
		const uint8_t *label = len & 0xc0 ? NULL : cursor_bytes(&at, len);
		if (label == NULL || (used > 0 && used + 1 >= DNS_NAME_BYTES))
			return false;
		if (used > 0)
			out[used++] = '.';
		for (uint8_t i = 0; i < len; i++) {
			used = put_byte(out, used, label[i]);
			if (used == 0)
				return false;
		}
	}
	c->pos = behind > 0 ? behind : at.pos;
	*ret = str_n(out, used);
	return true;
}

static bool read_answer(struct cursor *c, struct dns_answer *answer)
{
	struct str owner;
	if (!read_name(c, answer->text, &owner))
		return false;
	answer->type = cursor_be16(c);
	(void)cursor_be16(c); /* class */
	answer->ttl_s = cursor_be32(c);
	uint16_t len = cursor_be16(c);
	size_t begin = c->pos;
	if (cursor_bytes(c, len) == NULL)
		return false;
	answer->address_len = 0;
	answer->name = (struct str){0};
	if ((answer->type == 1 && len == 4) || (answer->type == 28 && len == 16)) {
		answer->address_len = (uint8_t)len;
		memcpy(answer->address, c->ptr + begin, len);
	} else if (answer->type == 2 || answer->type == 5 || answer->type == 12) {
		struct cursor data = *c;
		data.pos = begin;
		if (!read_name(&data, answer->text, &answer->name))
			return false;
	}
	return true;
}

bool dns_parse(const void *ptr, size_t len, struct dns_message *ret)
{
	struct cursor c = cursor_of(ptr, len);
	if (ptr == NULL || len < HEADER_BYTES + 5)
		return false;
	ret->id = cursor_be16(&c);
	uint16_t flags = cursor_be16(&c);
	uint16_t questions = cursor_be16(&c), answers = cursor_be16(&c);
	(void)cursor_be32(&c);
	if (questions != 1 || !read_name(&c, ret->question_text, &ret->question))
		return false;
	ret->question_type = cursor_be16(&c);
	(void)cursor_be16(&c);
	if (c.failed)
		return false;
	ret->response = flags >> 15;
	ret->operation = flags >> 11 & 15;
	ret->code = flags & 15;
	ret->answer_count = 0;
	for (unsigned i = 0; i < answers && ret->answer_count < DNS_ANSWERS_MAX; i++) {
		if (!read_answer(&c, &ret->answers[ret->answer_count]))
			break;
		ret->answer_count++;
	}
	return true;
}

struct str dns_type_name(uint16_t type)
{
	static const struct {
		uint16_t type;
		struct str name;
	} types[] = {
		{1, STR("A")},
		{2, STR("NS")},
		{5, STR("CNAME")},
		{6, STR("SOA")},
		{10, STR("NULL")},
		{12, STR("PTR")},
		{13, STR("HINFO")},
		{15, STR("MX")},
		{16, STR("TXT")},
		{28, STR("AAAA")},
		{33, STR("SRV")},
		{35, STR("NAPTR")},
		{41, STR("OPT")},
		{43, STR("DS")},
		{46, STR("RRSIG")},
		{48, STR("DNSKEY")},
		{64, STR("SVCB")},
		{65, STR("HTTPS")},
		{251, STR("IXFR")},
		{252, STR("AXFR")},
		{255, STR("ANY")},
		{257, STR("CAA")},
	};
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (types[i].type == type)
			return types[i].name;
	return (struct str){0};
}

struct str dns_code_name(uint8_t code)
{
	static const struct str names[] = {STR("NOERROR"), STR("FORMERR"), STR("SERVFAIL"),
		STR("NXDOMAIN"), STR("NOTIMP"), STR("REFUSED"), STR("YXDOMAIN"), STR("YXRRSET"),
		STR("NXRRSET"), STR("NOTAUTH"), STR("NOTZONE")};
	return code < sizeof(names) / sizeof(names[0]) ? names[code] : (struct str){0};
}
