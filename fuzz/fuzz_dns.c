/* DNS messages from packets, and paths from the memory of any process. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include "sensor/bpf/dns.h"
#include "sensor/bpf/path.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct dns_message message;
	if (dns_parse(data, size, &message)) {
		if (message.question.len >= DNS_NAME_BYTES ||
			message.answer_count > DNS_ANSWERS_MAX)
			abort();
		for (unsigned i = 0; i < message.answer_count; i++)
			if (message.answers[i].name.len >= DNS_NAME_BYTES)
				abort();
	}
	struct str base = str_n((const char *)data, size / 2);
	struct str path = str_n((const char *)data + size / 2, size - size / 2);
	char *out = malloc(size + 2);
	if (out == NULL)
		return 0;
	struct str joined = path_join(base, path, out);
	if (joined.len == 0 || joined.len > size + 2 || !path_is_clean(joined))
		abort();
	free(out);
	return 0;
}
