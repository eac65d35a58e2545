#include "base/ip.h"

#include <stdio.h>

/* A number of at most `digits` digits in the base; takes it from *rest. */
static bool take_number(struct str *rest, unsigned base, size_t digits, unsigned *ret)
{
	unsigned value = 0;
	size_t i = 0;

	for (; i < rest->len; i++) {
		unsigned c = (unsigned char)rest->ptr[i];
		unsigned digit = c - '0' < 10	      ? c - '0'
				 : (c | 32) - 'a' < 6 ? (c | 32) - 'a' + 10
						      : 99;
		if (digit >= base)
			break;
		if (i == digits)
			return false;
		value = value * base + digit;
	}
	if (i == 0 || (base == 10 && i > 1 && rest->ptr[0] == '0'))
		return false;
	*rest = str_n(rest->ptr + i, rest->len - i);
	*ret = value;
	return true;
}

static bool take_char(struct str *rest, char c)
{
	if (rest->len == 0 || rest->ptr[0] != c)
		return false;
	*rest = str_n(rest->ptr + 1, rest->len - 1);
	return true;
}

static bool parse_v4(struct str text, uint8_t out[4])
{
	for (unsigned i = 0; i < 4; i++) {
		unsigned part;
		if (i > 0 && !take_char(&text, '.'))
			return false;
		if (!take_number(&text, 10, 3, &part) || part > 255)
			return false;
		out[i] = (uint8_t)part;
	}
	return text.len == 0;
}

/* Where the groups behind "::" go: to the end, zeros in the gap. */
static void spread(uint8_t bytes[16], size_t gap, size_t used)
{
	size_t tail = used - gap;

	memmove(bytes + 16 - tail, bytes + gap, tail);
	memset(bytes + gap, 0, 16 - used);
}

static bool parse_v6(struct str text, uint8_t out[16])
{
	size_t used = 0;
	ptrdiff_t gap = -1;
	unsigned group;

	if (text.len >= 2 && text.ptr[0] == ':' && text.ptr[1] == ':') {
		gap = 0;
		text = str_n(text.ptr + 2, text.len - 2);
	}
	while (text.len > 0) {
		struct str here = text;
		if (used >= 16)
			return false;
		if (!take_number(&text, 16, 4, &group))
			return false;
		if (text.len > 0 && text.ptr[0] == '.') {
			if (used > 12 || !parse_v4(here, out + used))
				return false;
			used += 4;
			break;
		}
		out[used++] = (uint8_t)(group >> 8);
		out[used++] = (uint8_t)group;
		if (text.len == 0)
			break;
		if (!take_char(&text, ':') || text.len == 0)
			return false;
		if (text.ptr[0] == ':') {
			if (gap >= 0)
				return false;
			gap = (ptrdiff_t)used;
			(void)take_char(&text, ':');
		}
	}
	if (gap < 0)
		return used == 16;
	if (used == 16)
		return false;
	spread(out, (size_t)gap, used);
	return true;
}

bool ip_parse(struct str text, struct ip *ret)
{
	struct ip ip = {0};

	if (text.len == 0 || text.len > 64)
		return false;
	if (memchr(text.ptr, ':', text.len) == NULL) {
		ip.len = 4;
		if (!parse_v4(text, ip.bytes))
			return false;
	} else {
		const char *zone = memchr(text.ptr, '%', text.len);
		if (zone != NULL)
			text.len = (size_t)(zone - text.ptr);
		ip.len = 16;
		if (!parse_v6(text, ip.bytes))
			return false;
	}
	*ret = ip;
	return true;
}

static bool is_mapped(const struct ip *ip)
{
	static const uint8_t prefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
	return ip->len == 16 && memcmp(ip->bytes, prefix, 12) == 0;
}

static size_t put(char *out, size_t at, int written)
{
	return written < 0 ? at : at + (size_t)written;
}

static size_t format_v4(const uint8_t *b, char *out, size_t at)
{
	return put(out, at,
		snprintf(out + at, IP_TEXT_BYTES - at, "%u.%u.%u.%u", b[0], b[1], b[2], b[3]));
}

/* The longest run of at least two zero groups, the first of equals. */
static void zero_run(const uint16_t groups[8], unsigned *ret_from, unsigned *ret_len)
{
	unsigned best_from = 8, best_len = 1;

	for (unsigned i = 0; i < 8; i++) {
		unsigned len = 0;
		while (i + len < 8 && groups[i + len] == 0)
			len++;
		if (len > best_len) {
			best_from = i;
			best_len = len;
		}
		i += len;
	}
	*ret_from = best_from;
	*ret_len = best_from == 8 ? 0 : best_len;
}

size_t ip_format(const struct ip *ip, char out[IP_TEXT_BYTES])
{
	uint16_t groups[8];
	unsigned from, len;
	size_t at = 0;

	if (ip->len == 4)
		return format_v4(ip->bytes, out, 0);
	if (ip->len != 16)
		return 0;
	if (is_mapped(ip))
		return format_v4(ip->bytes + 12, out, put(out, 0, snprintf(out, 8, "::ffff:")));
	for (unsigned i = 0; i < 8; i++)
		groups[i] = (uint16_t)(ip->bytes[2 * i] << 8 | ip->bytes[2 * i + 1]);
	zero_run(groups, &from, &len);
	for (unsigned i = 0; i < 8; i++) {
		if (i == from) {
			out[at++] = ':';
			out[at++] = ':';
			i += len - 1;
			continue;
		}
		if (i > 0 && i != from + len)
			out[at++] = ':';
		at = put(out, at, snprintf(out + at, IP_TEXT_BYTES - at, "%x", groups[i]));
	}
	out[at] = '\0';
	return at;
}

static void clear_host_bits(struct cidr *cidr)
{
	for (unsigned i = 0; i < cidr->ip.len; i++) {
		unsigned begin = i * 8;
		if (begin >= cidr->bits)
			cidr->ip.bytes[i] = 0;
		else if (cidr->bits - begin < 8)
			cidr->ip.bytes[i] &= (uint8_t)(0xff00u >> (cidr->bits - begin));
	}
}

bool cidr_parse(struct str text, struct cidr *ret)
{
	struct cidr cidr = {0};
	unsigned bits;

	struct str rest = text;
	struct str address = str_cut(&rest, '/');
	if (!ip_parse(address, &cidr.ip))
		return false;
	bits = cidr.ip.len * 8u;
	if (rest.ptr != NULL) {
		unsigned limit = bits;
		if (!take_number(&rest, 10, 3, &bits) || rest.len != 0 || bits > limit)
			return false;
	}
	cidr.bits = (uint8_t)bits;
	clear_host_bits(&cidr);
	*ret = cidr;
	return true;
}

bool cidr_match(const struct cidr *cidr, const struct ip *ip)
{
	const uint8_t *bytes = ip->bytes;

	if (cidr->ip.len == 4 && is_mapped(ip))
		bytes += 12;
	else if (cidr->ip.len != ip->len)
		return false;
	unsigned whole = cidr->bits / 8, rest = cidr->bits % 8;
	if (memcmp(cidr->ip.bytes, bytes, whole) != 0)
		return false;
	return rest == 0 || ((cidr->ip.bytes[whole] ^ bytes[whole]) >> (8 - rest)) == 0;
}
