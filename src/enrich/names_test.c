#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include "enrich/enrich.h"
#include "enrich/names.h"

#define HOST 1

struct fixture {
	struct fields *fields;
	struct batch *batch;
	struct view *view;
	struct names *names;
};

static void set_up(struct fixture *f)
{
	assert_int_equal(fields_create(&f->fields, NULL), 0);
	for (unsigned i = 0; i < schema_field_count; i++)
		fields_want(f->fields, schema_fields[i].number);
	assert_int_equal(fields_freeze(f->fields, NULL), 0);
	assert_int_equal(batch_create(f->fields, &f->batch), 0);
	assert_int_equal(view_create(f->fields, &f->view), 0);
	assert_int_equal(names_create(&f->names), 0);
}

static void tear_down(struct fixture *f)
{
	names_destroy(f->names);
	view_destroy(f->view);
	batch_destroy(f->batch);
	fields_destroy(f->fields);
}

/* ttl below 0: the record has none */
static void answer(
	struct fixture *f, uint64_t s, unsigned pid, const char *name, const char *ip, int64_t ttl)
{
	event_begin(f->batch, KIND_dns_answer, s * NS_PER_S);
	ev_cstr(f->batch, FIELD_dns_question_name, name);
	ev_add(f->batch, FIELD_dns_resolved_ip, value_text(str_of(ip)));
	ev_add(f->batch, FIELD_dns_resolved_ip, value_text(STR("2001:db8::7")));
	if (ttl >= 0)
		ev_add(f->batch, FIELD_dns_answers_ttl, value_int(ttl));
	view_load(f->view, event_commit(f->batch));
	names_learn(f->names, f->view, HOST, pid);
}

static const char *domain(
	struct fixture *f, enum event_kind kind, uint64_t s, unsigned pid, const char *ip)
{
	static char text[256];

	event_begin(f->batch, kind, s * NS_PER_S);
	ev_cstr(f->batch, FIELD_destination_ip, ip);
	view_load(f->view, event_commit(f->batch));
	names_show(f->names, f->view, HOST, pid);
	struct str shown = view_text(f->view, FIELD_destination_domain);
	(void)snprintf(text, sizeof(text), "%.*s", STR_ARG(shown));
	return text;
}

static void names__a_connection_gets_the_name_that_was_asked_for(void **state)
{
	struct fixture f;

	(void)state;
	set_up(&f);
	answer(&f, 10, 5, "Paste.Example", "192.0.2.1", 60);
	assert_string_equal(domain(&f, KIND_network_connect, 11, 5, "192.0.2.1"), "paste.example");
	assert_string_equal(
		domain(&f, KIND_network_connect, 11, 5, "2001:db8::7"), "paste.example");
	/* another process of the host, which may have asked through the same cache */
	assert_string_equal(domain(&f, KIND_network_connect, 11, 6, "192.0.2.1"), "paste.example");
	assert_string_equal(domain(&f, KIND_network_connect, 11, 5, "192.0.2.2"), "");
	assert_string_equal(domain(&f, KIND_network_accept, 11, 5, "192.0.2.1"), "");
	tear_down(&f);
}

static void names__each_process_keeps_its_own(void **state)
{
	struct fixture f;

	(void)state;
	set_up(&f);
	answer(&f, 10, 5, "a.example", "192.0.2.1", 60);
	answer(&f, 12, 6, "b.example", "192.0.2.1", 60);
	assert_string_equal(domain(&f, KIND_network_connect, 13, 5, "192.0.2.1"), "a.example");
	assert_string_equal(domain(&f, KIND_network_connect, 13, 6, "192.0.2.1"), "b.example");
	/* the last one asked for */
	assert_string_equal(domain(&f, KIND_network_connect, 13, 7, "192.0.2.1"), "b.example");
	answer(&f, 14, 5, "c.example", "192.0.2.1", 60);
	assert_string_equal(domain(&f, KIND_network_connect, 15, 5, "192.0.2.1"), "c.example");
	tear_down(&f);
}

static void names__answers_end(void **state)
{
	struct fixture f;

	(void)state;
	set_up(&f);
	answer(&f, 10, 5, "short.example", "192.0.2.1", 0);
	answer(&f, 10, 5, "long.example", "192.0.2.2", 1000);
	answer(&f, 10, 5, "unsaid.example", "192.0.2.3", -1);
	assert_string_equal(domain(&f, KIND_network_connect, 310, 5, "192.0.2.1"), "short.example");
	assert_string_equal(domain(&f, KIND_network_connect, 311, 5, "192.0.2.1"), "");
	assert_string_equal(domain(&f, KIND_network_connect, 1010, 5, "192.0.2.2"), "long.example");
	assert_string_equal(domain(&f, KIND_network_connect, 1011, 5, "192.0.2.2"), "");
	assert_string_equal(
		domain(&f, KIND_network_connect, 3610, 5, "192.0.2.3"), "unsaid.example");
	assert_string_equal(domain(&f, KIND_network_connect, 3611, 5, "192.0.2.3"), "");
	tear_down(&f);
}

static void names__the_table_stays_bounded(void **state)
{
	struct fixture f;
	char ip[32];

	(void)state;
	set_up(&f);
	for (unsigned i = 0; i < 5000; i++) {
		(void)snprintf(ip, sizeof(ip), "198.51.%u.%u", i / 256, i % 256);
		answer(&f, 10 + i / 100, 5, "many.example", ip, 60);
	}
	assert_true(names_evicted(f.names) > 2000);
	assert_string_equal(domain(&f, KIND_network_connect, 61, 5, ip), "many.example");
	tear_down(&f);
}

static void names__enrichment_adds_them(void **state)
{
	struct enrich_options options = {0};
	struct fixture f = {0};
	struct enrich *enrich;
	uint64_t kinds[KIND_MAX / 64] = {0};

	(void)state;
	assert_int_equal(fields_create(&f.fields, NULL), 0);
	fields_want(f.fields, FIELD_destination_domain);
	enrich_want(f.fields, &options);
	enrich_want_kinds(&options, kinds);
	assert_true(kinds[KIND_dns_answer / 64] >> (KIND_dns_answer % 64) & 1);
	assert_int_equal(fields_freeze(f.fields, NULL), 0);
	assert_int_equal(batch_create(f.fields, &f.batch), 0);
	assert_int_equal(view_create(f.fields, &f.view), 0);
	assert_int_equal(enrich_create(f.fields, &options, &enrich, NULL), 0);
	for (unsigned i = 0; i < 2; i++) {
		event_begin(f.batch, i == 0 ? KIND_dns_answer : KIND_network_connect,
			(10 + i) * NS_PER_S);
		ev_uint(f.batch, FIELD_process_pid, 7);
		ev_cstr(f.batch, FIELD_dns_question_name, i == 0 ? "a.example" : NULL);
		ev_cstr(f.batch, FIELD_dns_resolved_ip, i == 0 ? "192.0.2.9" : NULL);
		ev_cstr(f.batch, FIELD_destination_ip, i == 0 ? "192.0.2.53" : "192.0.2.9");
		view_load(f.view, event_commit(f.batch));
		enrich_event(enrich, f.view);
	}
	assert_true(str_is(view_text(f.view, FIELD_destination_domain), "a.example"));
	enrich_destroy(enrich);
	view_destroy(f.view);
	batch_destroy(f.batch);
	fields_destroy(f.fields);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names__a_connection_gets_the_name_that_was_asked_for),
		cmocka_unit_test(names__each_process_keeps_its_own),
		cmocka_unit_test(names__answers_end),
		cmocka_unit_test(names__the_table_stays_bounded),
		cmocka_unit_test(names__enrichment_adds_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
