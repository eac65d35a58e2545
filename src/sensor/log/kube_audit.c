#include "sensor/log/kube_audit.h"

#include <errno.h>
#include "base/json.h"
#include "event/ecs.h"

#define DATASET "kubernetes.audit_logs"
#define KEY_MAX 256

bool kube_audit_looks_like(struct str text)
{
	return str_starts(text, STR("{\"kind\":\"Event\",\"apiVersion\":\"audit.k8s.io/"));
}

static struct str text_at(const struct json_node *top, const char *path)
{
	struct str text = {0};

	(void)json_text(json_path(top, path), &text);
	return text;
}

static void put(struct json_writer *w, const char *key, struct str text)
{
	if (text.len > 0)
		json_member_str(w, key, text);
}

static void put_event(struct json_writer *w, const struct json_node *top)
{
	uint64_t code;

	json_key(w, STR("event"));
	json_object_begin(w);
	put(w, "action", text_at(top, "verb"));
	put(w, "dataset", STR(DATASET));
	put(w, "module", STR("kubernetes"));
	put(w, "id", text_at(top, "auditID"));
	if (json_u64(json_path(top, "responseStatus.code"), &code))
		put(w, "outcome", code < 400 ? STR("success") : STR("failure"));
	json_object_end(w);
}

/* The names of annotations hold dots, which would make them objects. */
static void put_annotations(struct json_writer *w, const struct json_node *annotations)
{
	char key[KEY_MAX];

	json_key(w, STR("kubernetes.audit.annotations"));
	json_object_begin(w);
	for (const struct json_node *n = annotations->child; n != NULL; n = n->next) {
		struct str text;
		if (n->key.len == 0 || n->key.len > sizeof(key) || !json_text(n, &text))
			continue;
		for (size_t i = 0; i < n->key.len; i++)
			key[i] = n->key.ptr[i] == '.' ? '_' : n->key.ptr[i];
		json_key(w, str_n(key, n->key.len));
		json_put_str(w, text);
	}
	json_object_end(w);
}

static void write_document(struct json_writer *w, const struct json_node *top)
{
	const struct json_node *sources = json_get(top, "sourceIPs");
	const struct json_node *annotations = json_get(top, "annotations");
	struct str time = text_at(top, "stageTimestamp"), source;

	json_object_begin(w);
	put(w, "@timestamp", time.len > 0 ? time : text_at(top, "requestReceivedTimestamp"));
	put_event(w, top);
	put(w, "data_stream.dataset", STR(DATASET));
	put(w, "orchestrator.type", STR("kubernetes"));
	put(w, "orchestrator.namespace", text_at(top, "objectRef.namespace"));
	put(w, "orchestrator.resource.name", text_at(top, "objectRef.name"));
	put(w, "orchestrator.resource.type", text_at(top, "objectRef.resource"));
	put(w, "user.name", text_at(top, "user.username"));
	put(w, "user_agent.original", text_at(top, "userAgent"));
	if (sources != NULL && sources->token == JSON_ARRAY && json_text(sources->child, &source))
		put(w, "source.ip", source);
	if (annotations != NULL && annotations->token == JSON_OBJECT)
		put_annotations(w, annotations);
	json_key(w, STR("kubernetes"));
	json_object_begin(w);
	json_key(w, STR("audit"));
	json_put_raw(w, top->text);
	json_object_end(w);
	json_object_end(w);
}

int kube_audit_event(struct batch *batch, struct str text, struct buf *scratch)
{
	struct json_writer w = {.buf = scratch};
	struct event *event;
	const char *reason;
	size_t offset;
	struct json_node *top = json_parse(&batch->arena, text, &reason, &offset);

	if (top == NULL || top->token != JSON_OBJECT)
		return -EBADMSG;
	buf_clear(scratch);
	write_document(&w, top);
	return ecs_decode(batch, buf_view(scratch), NULL, &event, &offset, NULL);
}
