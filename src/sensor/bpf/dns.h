/* One DNS message over UDP (RFC 1035). Nothing is trusted: lengths, pointers and counts are
 * checked, and pointers may only go back. */
#ifndef MERLON_SENSOR_BPF_DNS_H
#define MERLON_SENSOR_BPF_DNS_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/str.h"

#define DNS_ANSWERS_MAX 16
#define DNS_NAME_BYTES	256

struct dns_answer {
	uint16_t type;
	uint32_t ttl_s;
	uint8_t address_len; /* 4, 16, or 0 when it is no address */
	uint8_t address[16];
	struct str name; /* of CNAME, PTR, NS; in text */
	char text[DNS_NAME_BYTES];
};

struct dns_message {
	uint16_t id, question_type;
	uint8_t operation, code;
	bool response;
	struct str question; /* in question_text; without the last dot */
	char question_text[DNS_NAME_BYTES];
	unsigned answer_count; /* those that fit and were read */
	struct dns_answer answers[DNS_ANSWERS_MAX];
};

/* False when it has no header and question of a DNS message. A message that is cut keeps what was
 * read. Names with bytes that are no printable ASCII have them as \DDD. ret owns all texts. */
bool dns_parse(const void *ptr, size_t len, struct dns_message *ret);
/* "A", "AAAA", …, else "TYPE65"-like text is not made: empty. Static memory. */
struct str dns_type_name(uint16_t type);
struct str dns_code_name(uint8_t code); /* "NOERROR", … */
#endif
