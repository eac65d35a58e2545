/* Lines of JSON as the events of hostile recordings: process graph, detections, incidents, stories.
 * Every event that names a file or is an exec counts as detected. What is written is JSON again,
 * and stories hold no control characters but line ends. */
#include <stdlib.h>
#include "base/err.h"
#include "event/ecs.h"
#include "incident/incident.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct {
	struct fields *fields;
	struct batch *batch;
	struct view *view;
	struct enrich_options options;
	struct arena arena;
	struct buf out;
} all;

static struct str technique = {"T1059.004", 9};
static struct rule rule = {
	.id = {"r", 1},
	.title = {"Rule", 4},
	.severity = SEVERITY_MEDIUM,
	.techniques = &technique,
	.technique_count = 1,
};

static void set_up(void)
{
	if (fields_create(&all.fields, NULL) != 0)
		abort();
	for (unsigned i = 0; i < schema_field_count; i++)
		fields_want(all.fields, schema_fields[i].number);
	all.options.graph.node_limit = 24; /* so that eviction is at work */
	all.options.graph.text_limit_bytes = 65536;
	enrich_want(all.fields, &all.options);
	if (fields_freeze(all.fields, NULL) != 0 || batch_create(all.fields, &all.batch) != 0 ||
		view_create(all.fields, &all.view) != 0)
		abort();
	arena_init(&all.arena, 0);
}

static void must_be_json(struct str text)
{
	const char *error = NULL;
	size_t offset;

	if (json_parse(&all.arena, text, &error, &offset) == NULL)
		abort();
}

static void told(void *context, const struct incident *incident, enum incident_news news)
{
	struct story_options options = {.news = news, .unicode = true, .width = 80};

	buf_clear(&all.out);
	incident_write(&all.out, incident);
	must_be_json(buf_view(&all.out));
	buf_clear(&all.out);
	incident_story(&all.out, incident, &options);
	for (size_t i = 0; i < all.out.len; i++)
		if ((unsigned char)all.out.ptr[i] < 0x20 && all.out.ptr[i] != '\n')
			abort();
}

static void detect(struct enrich *enrich, struct incident_builder *builder)
{
	const struct value *line = view_get(all.view, FIELD_process_command_line);
	struct why why = {
		.field = FIELD_process_command_line, .op = "contains", .operand = STR("a")};
	struct detection_source source = {
		.view = all.view,
		.graph = enrich_graph(enrich),
		.actor = enrich_actor(enrich),
		.rule = &rule,
		.why = &why,
		.why_count = line != NULL,
	};
	struct detection detection;

	if (line != NULL)
		why.value = *line;
	if (detection_make(&all.arena, &source, &detection) != 0)
		return;
	buf_clear(&all.out);
	detection_write(&all.out, &detection);
	must_be_json(buf_view(&all.out));
	incident_add(builder, &detection);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct incident_options options = {.open_max = 4};
	struct incident_builder *builder;
	struct enrich *enrich;
	struct str rest = str_n((const char *)data, size);
	uint64_t now_ns = 1;

	if (all.fields == NULL)
		set_up();
	if (enrich_create(all.fields, &all.options, &enrich, NULL) != 0 ||
		incident_builder_create(&options, told, NULL, &builder, NULL) != 0)
		abort();
	while (rest.len > 0) {
		struct event *event = NULL;
		struct err err;
		size_t offset;

		batch_clear(all.batch);
		arena_reset(&all.arena);
		if (ecs_decode(all.batch, str_cut(&rest, '\n'), NULL, &event, &offset, &err) != 0)
			continue;
		view_load(all.view, event);
		enrich_event(enrich, all.view);
		if (event->kind == KIND_process_exec || all.view->also_kind == KIND_process_exec ||
			view_get(all.view, FIELD_file_path) != NULL)
			detect(enrich, builder);
		now_ns += UINT64_C(3000000000);
		incident_poll(builder, now_ns);
	}
	incident_flush(builder);
	incident_builder_destroy(builder);
	enrich_destroy(enrich);
	return 0;
}
