#include "sensor/replay/auto.h"

#include "sensor/replay/auditlog.h"
#include "sensor/replay/bsm.h"
#include "sensor/replay/ecs.h"
#include "sensor/replay/es_json.h"
#include "sensor/replay/eslogger.h"
#include "sensor/replay/jamf.h"
#include "sensor/replay/logline.h"
#include "sensor/replay/merlon.h"
#include "sensor/replay/replay.h"

/* What is looked at to tell the formats apart. */
#define HEAD_BYTES ((size_t)64 * 1024)

const struct replay_format *const replay_formats[] = {
	&merlon_format,
	&eslogger_format,
	&es_json_format,
	&jamf_format,
	&ecs_format,
	&bsm_format,
	&auditlog_format,
	&logline_format,
	NULL,
};

/* Whether this much tells the format: a whole line, but of a printed JSON document more. */
static bool head_is_enough(struct str head)
{
	const char *newline = head.len == 0 ? NULL : memchr(head.ptr, '\n', head.len);

	if (newline == NULL)
		return false;
	struct str line = str_trim(str_n(head.ptr, (size_t)(newline - head.ptr)));
	return line.len > 0 && strchr("{[,:", line.ptr[line.len - 1]) == NULL;
}

const struct replay_format *replay_detect(struct input *input)
{
	const struct replay_format *best = &ecs_format;
	int best_fit = 0;

	/* a stream that is still being written may not have that much yet */
	size_t before = 0;
	while (input_fill(input, before + 1) > before && input->len < HEAD_BYTES &&
		!head_is_enough(input_window(input)))
		before = input->len;
	struct str head = str_n(input->ptr, input->len < HEAD_BYTES ? input->len : HEAD_BYTES);
	for (size_t i = 0; replay_formats[i] != NULL; i++) {
		const struct replay_format *format = replay_formats[i];
		int fit = format->looks_like == NULL ? 0 : format->looks_like(head);
		if (fit > best_fit) {
			best = format;
			best_fit = fit;
		}
	}
	return best;
}

REPLAY_SENSOR(
	auto_sensor_ops, NULL, "auto", "Recordings of any kind, told apart by their contents");
