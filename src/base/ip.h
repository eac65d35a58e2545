/* IPv4 and IPv6 addresses and networks as text and bytes. */
#ifndef MERLON_BASE_IP_H
#define MERLON_BASE_IP_H
#include <stdbool.h>
#include <stdint.h>
#include "base/str.h"

struct ip {
	uint8_t bytes[16]; /* network order; of IPv4 the first four */
	uint8_t len;	   /* 4 or 16 */
};
/* RFC 4291 section 2.2 forms and dotted decimal without leading zeros; a %zone is ignored. */
bool ip_parse(struct str text, struct ip *ret);
#define IP_TEXT_BYTES 48
/* RFC 5952 form. Returns the length written, without NUL; 0 when len is neither 4 nor 16. */
size_t ip_format(const struct ip *ip, char out[IP_TEXT_BYTES]);

struct cidr {
	struct ip ip; /* bits behind the prefix cleared */
	uint8_t bits;
};
/* "10.0.0.0/8"; an address alone is a network of one. Host bits may be set: they are cleared. */
bool cidr_parse(struct str text, struct cidr *ret);
/* An IPv4-mapped IPv6 address (::ffff:1.2.3.4) is also in IPv4 networks. */
bool cidr_match(const struct cidr *cidr, const struct ip *ip);
#endif
