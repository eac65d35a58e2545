#include "sensor/log/access_line.h"

#include <arpa/inet.h>
#include <string.h>
#include "base/clock.h"

#define METHOD_MAX 16 /* longer first words are no request */

static bool two_digits(struct str s, size_t at, unsigned *ret)
{
	unsigned char a = (unsigned char)(s.ptr[at] - '0'),
		      b = (unsigned char)(s.ptr[at + 1] - '0');

	*ret = a * 10u + b;
	return a < 10 && b < 10;
}

/* "22/Nov/2026:14:03:09 +0100" */
static bool read_time(struct str s, uint64_t *ret_ns)
{
	static const char names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	unsigned day, century, year, hour, minute, second, offset_h, offset_m, month = 0;

	if (s.len != 26 || s.ptr[2] != '/' || s.ptr[6] != '/' || s.ptr[11] != ':' ||
		s.ptr[20] != ' ')
		return false;
	while (month < 12 && memcmp(s.ptr + 3, names + 3 * month, 3) != 0)
		month++;
	if (month == 12 || !two_digits(s, 0, &day) || !two_digits(s, 7, &century) ||
		!two_digits(s, 9, &year) || !two_digits(s, 12, &hour) ||
		!two_digits(s, 15, &minute) || !two_digits(s, 18, &second) ||
		!two_digits(s, 22, &offset_h) || !two_digits(s, 24, &offset_m) || day == 0 ||
		day > 31 || hour > 23 || minute > 59 || second > 60)
		return false;
	int64_t seconds = clock_days_from_civil(century * 100 + year, month + 1, day) * 86400 +
			  hour * 3600 + minute * 60 + second;
	int64_t offset = (int64_t)offset_h * 3600 + (int64_t)offset_m * 60;
	seconds += s.ptr[21] == '-' ? offset : -offset;
	if (seconds <= 0)
		return false;
	*ret_ns = (uint64_t)seconds * NS_PER_S;
	return true;
}

/* What stands between quotes at the begin of rest, and cuts it off with a blank behind it. */
static bool quoted(struct str *rest, struct str *ret)
{
	size_t end = 1;

	if (rest->len < 2 || rest->ptr[0] != '"')
		return false;
	while (end < rest->len && rest->ptr[end] != '"')
		end += rest->ptr[end] == '\\' ? 2 : 1;
	if (end >= rest->len)
		return false;
	*ret = str_n(rest->ptr + 1, end - 1);
	*rest = str_n(rest->ptr + end + 1, rest->len - end - 1);
	if (rest->len > 0 && rest->ptr[0] == ' ')
		*rest = str_n(rest->ptr + 1, rest->len - 1);
	return true;
}

static struct str known(struct str s)
{
	return str_is(s, "-") ? (struct str){0} : s;
}

static bool read_request(struct access_line *line, struct str request)
{
	line->method = str_cut(&request, ' ');
	if (request.ptr == NULL || line->method.len == 0 || line->method.len > METHOD_MAX)
		return false;
	for (size_t i = 0; i < line->method.len; i++)
		if (line->method.ptr[i] < 'A' || line->method.ptr[i] > 'Z')
			return false;
	ptrdiff_t protocol = str_find(request, STR(" HTTP/"));
	line->url = protocol < 0 ? request : str_n(request.ptr, (size_t)protocol);
	return true;
}

bool access_line_parse(struct access_line *line, struct str text)
{
	struct str words[4], rest = text, request = {0}, referrer = {0}, agent = {0};
	ptrdiff_t open = str_find(text, STR(" ["));
	uint64_t status;
	unsigned count = 0;

	*line = (struct access_line){0};
	if (open < 0)
		return false;
	struct str head = str_n(text.ptr, (size_t)open);
	while (head.len > 0 && count < 4)
		words[count++] = str_cut(&head, ' ');
	if (count < 3 || head.len > 0)
		return false;
	line->client = words[count - 3];
	line->user = known(words[count - 1]);
	rest = str_n(text.ptr + open + 2, text.len - (size_t)open - 2);
	struct str time = str_cut(&rest, ']');
	if (rest.len < 2 || rest.ptr[0] != ' ' || !read_time(time, &line->time_ns))
		return false;
	rest = str_n(rest.ptr + 1, rest.len - 1);
	if (!quoted(&rest, &request) || !read_request(line, request))
		return false;
	if (!str_to_u64(str_cut(&rest, ' '), &status) || status > 999)
		return false;
	line->status = (uint32_t)status;
	if (!str_to_u64(str_cut(&rest, ' '), &line->bytes))
		line->bytes = 0;
	if (quoted(&rest, &referrer) && quoted(&rest, &agent))
		line->agent = known(agent);
	return true;
}

static bool is_address(struct str s)
{
	char text[INET6_ADDRSTRLEN];
	uint8_t bytes[16];

	if (s.len >= sizeof(text))
		return false;
	memcpy(text, s.ptr, s.len);
	text[s.len] = '\0';
	return inet_pton(AF_INET, text, bytes) == 1 || inet_pton(AF_INET6, text, bytes) == 1;
}

static void fill_url(struct batch *batch, struct str url)
{
	struct str query = url;
	struct str path = str_cut(&query, '?');
	ptrdiff_t host = str_find(path, STR("://"));

	if (host > 0) {
		struct str behind = str_n(path.ptr + host + 3, path.len - (size_t)host - 3);
		struct str name = str_cut(&behind, '/');
		ev_text(batch, FIELD_url_domain, name);
		path = behind.ptr == NULL ? (struct str){0} : str_n(behind.ptr - 1, behind.len + 1);
	}
	struct str base = str_basename(path);
	ev_text(batch, FIELD_url_original, url);
	ev_text(batch, FIELD_url_path, path);
	ev_text(batch, FIELD_url_query, query);
	for (size_t i = base.len; i > 1; i--)
		if (base.ptr[i - 1] == '.') {
			ev_text(batch, FIELD_url_extension, str_n(base.ptr + i, base.len - i));
			break;
		}
}

void access_line_fill(struct batch *batch, const struct access_line *line, const char *path)
{
	bool nginx = path != NULL && strstr(path, "nginx") != NULL;

	batch->building.categories |= UINT32_C(1) << CATEGORY_web;
	batch->building.types |= UINT32_C(1) << TYPE_access;
	ev_text_ref(batch, FIELD_event_category, STR("web"));
	ev_text_ref(batch, FIELD_event_type, STR("access"));
	ev_text_ref(batch, FIELD_data_stream_dataset,
		nginx ? STR("nginx.access") : STR("apache.access"));
	ev_text(batch, FIELD_source_address, line->client);
	if (is_address(line->client))
		ev_text(batch, FIELD_source_ip, line->client);
	ev_text(batch, FIELD_user_name, line->user);
	ev_text(batch, FIELD_http_request_method, line->method);
	fill_url(batch, line->url);
	ev_uint(batch, FIELD_http_response_status_code, line->status);
	ev_text(batch, FIELD_user_agent_original, line->agent);
	ev_text_ref(
		batch, FIELD_event_outcome, line->status < 400 ? STR("success") : STR("failure"));
}
