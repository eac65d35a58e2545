#include "detect/rule/literal.h"

#include <errno.h>
#include <math.h>

/* Text that events of quiet machines are full of: a literal that is no more than this makes a poor
 * reason to look at a rule. */
static const char *const common_texts[] = {"bash", "/bash", "/sh", "sh", "/dash", "/zsh", "/bin",
	"/bin/", "/usr", "/usr/", "/usr/bin", "/usr/bin/", "/usr/lib/", "/usr/sbin/", "/sbin/",
	"/etc", "/etc/", "/tmp", "/tmp/", "/var", "/var/", "/var/log/", "/var/tmp/", "/home/",
	"/root/", "/dev/", "/proc/", "/lib/", "/opt/", "/run/", "/users/", "/applications/",
	"/library/", "/system/", "python", "/python", "perl", "/perl", "http", "http://",
	"https://", "://", ".sh", ".py", ".so", ".txt", ".log", ".conf", ".plist", "-c", "-e", "-i",
	"-n", "-f", "-r", "-s", "-p", "/cat", "/ls", "/grep", "/sed", "/awk", "/rm", "/cp", "/mv",
	"/ps", "/id", "/find", "/chmod", "/mkdir", "/sudo", "/ssh", "/sshd", "/cron", "/systemd",
	"/curl", "/wget", "/git", "/env", "/which", "root", "true", "false", "start", "process",
	"file", "network", "linux", "macos", "success", "info", "event", "user", "echo", "cat",
	"ls", "sudo", "curl", "rm", "0", "1"};

static bool is_common(struct str literal)
{
	for (size_t i = 0; i < sizeof(common_texts) / sizeof(common_texts[0]); i++)
		if (str_is(literal, common_texts[i]))
			return true;
	return false;
}

static double char_bits(unsigned char c)
{
	if (c >= 'a' && c <= 'z')
		return strchr("etaoinsr", c) != NULL ? 1.8 : 2.6;
	if (c == '/' || c == ' ' || c == '-' || c == '.')
		return 1.2;
	if (c >= '0' && c <= '9')
		return 2.2;
	return 3.0;
}

double literal_chance(struct str literal)
{
	double bits = -1.0;

	for (size_t i = 0; i < literal.len; i++)
		bits += char_bits((unsigned char)literal.ptr[i]);
	double chance = bits <= 0 ? 1.0 : exp2(-bits);
	double common = literal.len <= 3 ? 0.3 : 0.1;
	return chance < common && is_common(str_trim(literal)) ? common : chance;
}

static int one_literal(struct arena *arena, struct str text, bool folded, struct literals *ret)
{
	size_t room = FOLD_BYTES(text.len);
	struct str *items = arena_alloc(arena, sizeof(*items));
	char *copy = folded ? NULL : arena_alloc(arena, room);

	if (items == NULL || (!folded && copy == NULL))
		return -ENOMEM;
	*items = folded ? text : str_n(copy, fold_text(copy, text));
	*ret = (struct literals){.items = items, .count = 1, .chance = literal_chance(*items)};
	return 0;
}

/* The rarest run between wildcards. */
static struct str best_segment(struct str pattern)
{
	struct str best = {0};
	double best_chance = 2.0;
	size_t begin = 0;

	for (size_t i = 0; i <= pattern.len; i++) {
		if (i < pattern.len && pattern.ptr[i] != WILD_ANY && pattern.ptr[i] != WILD_ONE)
			continue;
		struct str segment = str_n(pattern.ptr + begin, i - begin);
		double chance = segment.len == 0 ? 2.0 : literal_chance(segment);
		if (chance < best_chance) {
			best = segment;
			best_chance = chance;
		}
		begin = i + 1;
	}
	return best;
}

/* A raw document shows quotes, backslashes and control characters escaped, so only the text
 * between them can be looked for there. */
static struct str raw_segment(struct str text)
{
	struct str best = {0};
	size_t begin = 0;

	for (size_t i = 0; i <= text.len; i++) {
		unsigned char c = i < text.len ? (unsigned char)text.ptr[i] : 0;
		if (c >= ' ' && c != '"' && c != '\\' && c != 0x7f)
			continue;
		if (i - begin > best.len)
			best = str_n(text.ptr + begin, i - begin);
		begin = i + 1;
	}
	return best;
}

/* For questions to all values, which are looked for in raw documents first. */
static void keep_raw_segments(struct literals *literals)
{
	double chance = 0;

	for (uint32_t i = 0; i < literals->count; i++) {
		literals->items[i] = raw_segment(literals->items[i]);
		chance += literal_chance(literals->items[i]);
		if (literals->items[i].len == 0)
			literals->count = 0;
	}
	literals->chance = chance;
}

/* Fields with a handful of words: knowing one says little about the event. */
static double least_chance(field_id field)
{
	const struct schema_field *facts = schema_field(field);

	if (facts == NULL || field == FIELD_message || field == FIELD_event_original)
		return 0;
	return facts->type == FIELD_TYPE_BOOL ? 0.5 : facts->group == 0 ? 0.3 : 0;
}

int predicate_literals(const struct predicate *predicate, struct arena *arena, struct literals *ret)
{
	struct literals found = {0};
	struct str text = predicate->text;
	int rc = 0;

	switch (predicate->op) {
	case ATOM_WILDCARD:
		text = best_segment(text);
		if (text.len == 0)
			break;
		/* fall through */
	case ATOM_EQUALS:
	case ATOM_STARTS:
	case ATOM_ENDS:
	case ATOM_CONTAINS:
		if (text.len > 0 || predicate->op == ATOM_EQUALS)
			rc = one_literal(arena, text, !predicate->cased, &found);
		break;
	case ATOM_NUM_EQ:
		/* Looked up as a number, not as text; this only says that it can be. */
		found = (struct literals){.items = arena_zalloc(arena, sizeof(struct str)),
			.count = 1,
			.chance = predicate->number >= 16 ? 0.02 : 0.2};
		rc = found.items == NULL ? -ENOMEM : 0;
		break;
	case ATOM_REGEX:
		rc = regex_literals(text, arena, &found);
		break;
	default:
		break;
	}
	if (rc != 0)
		return rc;
	if (predicate->op <= ATOM_ENDS)
		found.chance *= 0.5;
	if (predicate->field == FIELD_none)
		keep_raw_segments(&found);
	if (found.chance < least_chance(predicate->field))
		found.chance = least_chance(predicate->field);
	*ret = found;
	return 0;
}
