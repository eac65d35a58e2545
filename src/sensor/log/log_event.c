#include "sensor/log/log_event.h"

#include <string.h>
#include "sensor/log/access_line.h"

struct service_row {
	const char *program, *service;
};

/* Programs whose name is not that of their service. */
static const struct service_row programs[] = {
	{"CRON", "cron"},
	{"crond", "cron"},
	{"crontab", "cron"},
	{"anacron", "cron"},
	{"cron", "cron"},
	{"sshd-session", "sshd"},
	{"sshd-auth", "sshd"},
	{"clamd", "clamav"},
	{"clamscan", "clamav"},
	{"clamdscan", "clamav"},
	{"clamonacc", "clamav"},
	{"freshclam", "clamav"},
	{"guacd", "guacamole"},
	{"guacamole-client", "guacamole"},
	{"tomcat9", "guacamole"},
	{"apache2", "apache"},
	{"httpd", "apache"},
};

/* Logs known by a part of their name, for lines that name no program. */
static const struct service_row files[] = {
	{"auth.log", "auth"},
	{"secure", "auth"},
	{"cron", "cron"},
	{"vsftpd", "vsftpd"},
	{"clam", "clamav"},
	{"guac", "guacamole"},
	{"catalina", "guacamole"},
	{"nginx", "nginx"},
	{"apache", "apache"},
	{"httpd", "apache"},
	{"syslog", "syslog"},
	{"messages", "syslog"},
	{"mail", "mail"},
};

static unsigned add(struct str *list, unsigned count, struct str service)
{
	for (unsigned i = 0; i < count; i++)
		if (str_eq(list[i], service))
			return count;
	if (service.len == 0 || count == LOG_SERVICES_MAX)
		return count;
	list[count] = service;
	return count + 1;
}

unsigned log_services(const struct log_line *line, const char *path, struct str *ret)
{
	struct str facility = log_facility_name(line->priority);
	unsigned count = 0;
	struct str own = str_basename(line->program);

	for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++)
		if (str_is(own, programs[i].program))
			own = str_of(programs[i].service);
	count = add(ret, count, own);
	if (path != NULL) {
		struct str name = str_basename(str_of(path));
		for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
			if (str_find(name, str_of(files[i].program)) >= 0)
				count = add(ret, count, str_of(files[i].service));
	}
	if (str_starts(facility, STR("auth")))
		count = add(ret, count, STR("auth"));
	if (line->program.len > 0)
		count = add(ret, count, STR("syslog"));
	return count;
}

static void put_common(
	struct batch *batch, const struct log_line *line, const struct log_context *context)
{
	struct str services[LOG_SERVICES_MAX];
	uint64_t pid;

	batch->building.os = (uint8_t)context->os;
	if (context->os == OS_LINUX)
		ev_text_ref(batch, FIELD_host_os_type, STR("linux"));
	else if (context->os == OS_MACOS)
		ev_text_ref(batch, FIELD_host_os_type, STR("macos"));
	ev_text_ref(batch, FIELD_event_module, STR("system"));
	ev_text(batch, FIELD_event_provider, line->program);
	ev_text(batch, FIELD_host_name, line->host);
	ev_text(batch, FIELD_process_name, line->program);
	if (line->pid.len > 0 && str_to_u64(line->pid, &pid) && pid <= INT32_MAX)
		ev_uint(batch, FIELD_process_pid, pid);
	ev_cstr(batch, FIELD_log_file_path, context->path);
	unsigned count = ev_wants(batch, FIELD_log_service)
				 ? log_services(line, context->path, services)
				 : 0;
	if (count == 1)
		ev_text(batch, FIELD_log_service, services[0]);
	else
		ev_list(batch, FIELD_log_service, services, count);
}

struct event *log_event_line(struct batch *batch, const struct log_line *line, struct str text,
	const struct log_context *context)
{
	struct access_line access;
	bool web = !line->has_header && access_line_parse(&access, text);

	event_begin(batch, KIND_log_line, web ? access.time_ns : line->time_ns);
	put_common(batch, line, context);
	if (web)
		access_line_fill(batch, &access, context->path);
	ev_text(batch, FIELD_message, line->message);
	ev_text(batch, FIELD_event_original, text);
	if (line->priority >= 0) {
		ev_int(batch, FIELD_log_syslog_priority, line->priority);
		ev_text_ref(
			batch, FIELD_log_syslog_facility_name, log_facility_name(line->priority));
		ev_text_ref(
			batch, FIELD_log_syslog_severity_name, log_severity_name(line->priority));
		ev_text_ref(batch, FIELD_log_level, log_severity_name(line->priority));
	}
	return event_commit(batch);
}

struct str log_audit_text(const struct log_line *line)
{
	static const char mark[] = "audit: type=";

	if (!str_is(line->program, "kernel") && !str_is(line->program, "audit"))
		return (struct str){0};
	ptrdiff_t at = str_find(line->message, str_of(mark));
	if (at < 0)
		return (struct str){0};
	at += (ptrdiff_t)(sizeof(mark) - sizeof("type="));
	return str_n(line->message.ptr + at, line->message.len - (size_t)at);
}

/* ---- native events ---- */

/* What follows prefix in text; ptr NULL without. */
static struct str behind(struct str text, const char *prefix)
{
	ptrdiff_t at = str_find(text, str_of(prefix));
	size_t skip = strlen(prefix);

	if (at < 0)
		return (struct str){0};
	return str_n(text.ptr + at + skip, text.len - (size_t)at - skip);
}

/* What lies between prefix and the next of the characters in stops. */
static struct str between(struct str text, const char *prefix, const char *stops)
{
	struct str rest = behind(text, prefix);
	size_t len = 0;

	while (rest.ptr != NULL && len < rest.len && strchr(stops, rest.ptr[len]) == NULL)
		len++;
	return str_n(rest.ptr, len);
}

struct native {
	struct batch *batch;
	const struct log_line *line;
	struct log_context *context;
	struct str text; /* message */
};

static void begin(struct native *n, enum event_kind kind, bool success)
{
	event_begin(n->batch, kind, n->line->time_ns);
	put_common(n->batch, n->line, n->context);
	ev_text_ref(n->batch, FIELD_event_outcome, success ? STR("success") : STR("failure"));
}

static void put_source(struct native *n, struct str ip, struct str port)
{
	uint64_t number;

	ev_text(n->batch, FIELD_source_ip, ip);
	if (str_to_u64(port, &number) && number <= UINT16_MAX)
		ev_uint(n->batch, FIELD_source_port, number);
}

/* The last place of needle, or -1. */
static ptrdiff_t find_last(struct str text, struct str needle)
{
	ptrdiff_t last = -1, at;

	while ((at = str_find(text, needle)) >= 0) {
		last += at + 1;
		text = str_n(text.ptr + at + 1, text.len - (size_t)at - 1);
	}
	return last;
}

/* "Accepted password for ann from 192.0.2.1 port 4022 ssh2", "Failed … for invalid user x from …" */
static bool ssh_attempt(struct native *n)
{
	bool good = str_starts(n->text, STR("Accepted "));
	struct str rest = n->text;

	if (!good && !str_starts(rest, STR("Failed ")))
		return false;
	(void)str_cut(&rest, ' ');
	struct str method = str_cut(&rest, ' ');
	if (!str_starts(rest, STR("for ")) || str_is(method, "none"))
		return false;
	/* a name that nobody has holds whatever the client typed, " from " as well */
	ptrdiff_t from = find_last(rest, STR(" from "));
	struct str peer = from < 0 ? (struct str){0}
				   : str_n(rest.ptr + from, rest.len - (size_t)from);
	struct str user = str_n(rest.ptr + 4, from < 4 ? rest.len - 4 : (size_t)from - 4);
	if (str_starts(user, STR("invalid user ")))
		user = str_n(user.ptr + 13, user.len - 13);
	begin(n, KIND_ssh_login, good);
	ev_text(n->batch, FIELD_user_name, user);
	ev_text(n->batch, FIELD_user_target_name, user);
	ev_text(n->batch, FIELD_authentication_method, method);
	put_source(n, between(peer, " from ", " "), between(peer, " port ", " "));
	return true;
}

/* "pam_unix(sshd:session): session closed for user ann" and the like of other programs. */
static bool pam_session(struct native *n)
{
	struct str service = between(n->text, "pam_unix(", ":)");
	struct str opened = between(n->text, "session opened for user ", " (");
	struct str closed = between(n->text, "session closed for user ", " (");
	enum event_kind kind = KIND_none;

	if (service.len == 0 || (opened.len == 0 && closed.len == 0))
		return false;
	if (str_is(service, "sshd"))
		kind = closed.len > 0 ? KIND_ssh_logout
				      : KIND_none; /* "Accepted" told of the login */
	else if (str_is(service, "su") || str_is(service, "su-l"))
		kind = opened.len > 0 ? KIND_user_su : KIND_none;
	else if (str_is(service, "login") || str_starts(service, STR("gdm")) ||
		 str_starts(service, STR("lightdm")) || str_starts(service, STR("sddm")) ||
		 str_starts(service, STR("xrdp")) || str_is(service, "remote"))
		kind = opened.len > 0 ? KIND_user_login : KIND_user_logout;
	if (kind == KIND_none)
		return false;
	begin(n, kind, true);
	if (kind != KIND_user_su)
		ev_text(n->batch, FIELD_user_name, opened.len > 0 ? opened : closed);
	else
		ev_text(n->batch, FIELD_user_name, between(n->text, " by ", "( "));
	ev_text(n->batch, FIELD_user_target_name, opened.len > 0 ? opened : closed);
	return true;
}

/* "pam_unix(sshd:auth): authentication failure; … rhost=192.0.2.1  user=ann" */
static bool pam_failure(struct native *n)
{
	if (str_find(n->text, STR("authentication failure;")) < 0)
		return false;
	begin(n, KIND_authentication, false);
	ev_text(n->batch, FIELD_user_target_name, between(n->text, " user=", " "));
	ev_text(n->batch, FIELD_source_address, between(n->text, "rhost=", " "));
	ev_text(n->batch, FIELD_session_name, between(n->text, "tty=", " "));
	return true;
}

static bool password_changed(struct native *n)
{
	struct str user = between(n->text, "password changed for ", " ");

	if (user.len == 0)
		return false;
	begin(n, KIND_account_change, true);
	ev_text(n->batch, FIELD_user_target_name, user);
	return true;
}

/* "ann : TTY=pts/0 ; PWD=/home/ann ; USER=root ; COMMAND=/usr/bin/id -u", with what went wrong
 * before TTY= when it did. */
static bool sudo_command(struct native *n)
{
	struct str command = behind(n->text, "COMMAND=");
	struct str rest = n->text;
	struct str user = str_trim(str_cut(&rest, ':'));

	if (command.len == 0 || rest.ptr == NULL)
		return false;
	begin(n, KIND_user_sudo,
		str_starts(str_trim(rest), STR("TTY=")) || str_starts(str_trim(rest), STR("PWD=")));
	ev_text(n->batch, FIELD_user_name, user);
	ev_text(n->batch, FIELD_user_target_name, between(n->text, "USER=", " ;"));
	ev_text(n->batch, FIELD_session_name, between(n->text, "TTY=", " ;"));
	ev_text(n->batch, FIELD_process_working_directory, between(n->text, "PWD=", ";"));
	ev_text(n->batch, FIELD_process_command_line, command);
	return true;
}

/* "(to root) ann on pts/0", "FAILED SU (to root) ann on pts/0", "Successful su for root by ann" */
static bool su_attempt(struct native *n)
{
	struct str target = between(n->text, "(to ", ")"), user = between(n->text, ") ", " ");
	bool failed = str_starts(n->text, STR("FAILED"));

	if (target.len == 0) {
		target = between(n->text, " su for ", " ");
		user = between(n->text, " by ", " ");
	}
	if (target.len == 0 || user.len == 0)
		return false;
	begin(n, KIND_user_su, !failed);
	ev_text(n->batch, FIELD_user_name, user);
	ev_text(n->batch, FIELD_user_target_name, target);
	ev_text(n->batch, FIELD_session_name, between(n->text, " on ", " "));
	return true;
}

/* useradd, usermod, userdel, groupadd …: shadow's own wording. */
static bool account_change(struct native *n)
{
	static const struct {
		const char *prefix;
		uint16_t kind;
		char name_end;
	} rows[] = {
		{"new user: name=", KIND_account_create, ','},
		{"new group: name=", KIND_group_create, ','},
		{"delete user '", KIND_account_delete, '\''},
		{"removed group '", KIND_group_delete, '\''},
		{"group '", KIND_group_delete, '\''},
		{"change user '", KIND_account_change, '\''},
		{"lock user '", KIND_account_change, '\''},
		{"unlock user '", KIND_account_change, '\''},
		{"add '", KIND_group_change, '\''},
		{"delete '", KIND_group_change, '\''},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (!str_starts(n->text, str_of(rows[i].prefix)))
			continue;
		char stop[2] = {rows[i].name_end, '\0'};
		struct str name = between(n->text, rows[i].prefix, stop);
		struct str group = between(n->text, " group '", "'");
		if (rows[i].kind == KIND_group_delete && str_starts(n->text, STR("group '")) &&
			!str_ends(n->text, STR(" removed")))
			return false;
		/* the same is said again for the shadow file */
		if (rows[i].kind == KIND_group_change &&
			(group.len == 0 || str_find(n->text, STR(" shadow group ")) > 0))
			return false;
		bool of_group = rows[i].kind == KIND_group_create ||
				rows[i].kind == KIND_group_delete;
		begin(n, rows[i].kind, true);
		ev_text(n->batch, of_group ? FIELD_user_target_group_name : FIELD_user_target_name,
			name);
		if (!of_group)
			ev_text(n->batch, FIELD_user_target_group_name, group);
		ev_text(n->batch, FIELD_user_target_id, between(n->text, " UID=", ","));
		ev_text(n->batch, FIELD_user_target_group_id, between(n->text, " GID=", ","));
		return true;
	}
	return false;
}

/* "user ann added by root to group sudo" */
static bool gpasswd_change(struct native *n)
{
	struct str user = between(n->text, "user ", " ");
	struct str group = between(n->text, " group ", " ");

	if (!str_starts(n->text, STR("user ")) || group.len == 0)
		return false;
	begin(n, KIND_group_change, true);
	ev_text(n->batch, FIELD_user_target_name, user);
	ev_text(n->batch, FIELD_user_target_group_name, group);
	return true;
}

/* "(ann) REPLACE (bob)": ann gave bob a new crontab. */
static bool crontab_change(struct native *n)
{
	struct str user = between(n->text, "(", ")"), owner = between(n->text, " (", ")");
	bool replaced = str_find(n->text, STR(") REPLACE (")) > 0;

	if (!replaced && str_find(n->text, STR(") DELETE (")) < 0)
		return false;
	begin(n, replaced ? KIND_persistence_add : KIND_persistence_remove, true);
	ev_text_ref(n->batch, FIELD_Persistence_type, STR("cron"));
	ev_text(n->batch, FIELD_Persistence_name, owner);
	ev_text(n->batch, FIELD_user_name, user);
	return true;
}

struct teller {
	const char *program; /* NULL: any */
	bool (*tell)(struct native *n);
};

static const struct teller tellers[] = {
	{"sshd", ssh_attempt},
	{"sudo", sudo_command},
	{"su", su_attempt},
	{"useradd", account_change},
	{"usermod", account_change},
	{"userdel", account_change},
	{"groupadd", account_change},
	{"groupmod", account_change},
	{"groupdel", account_change},
	{"chage", account_change},
	{"gpasswd", gpasswd_change},
	{"crontab", crontab_change},
	{NULL, pam_session},
	{NULL, pam_failure},
	{NULL, password_changed},
};

static bool told_before(const struct native *n)
{
	const struct log_context *c = n->context;
	return n->batch->building.kind == c->last_kind && n->line->pid.len > 0 &&
	       str_is(n->line->pid, c->last_pid) &&
	       n->line->time_ns <= c->last_time_ns + UINT64_C(2000000000) &&
	       (c->last_kind == KIND_user_su || c->last_kind == KIND_account_change);
}

struct event *log_event_native(
	struct batch *batch, const struct log_line *line, struct log_context *context)
{
	struct native n = {.batch = batch, .line = line, .context = context, .text = line->message};
	struct str program = str_basename(line->program);

	if (program.len == 0)
		return NULL;
	if (str_starts(program, STR("sshd-")))
		program = STR("sshd");
	for (size_t i = 0; i < sizeof(tellers) / sizeof(tellers[0]); i++) {
		if (tellers[i].program != NULL && !str_is(program, tellers[i].program))
			continue;
		if (!tellers[i].tell(&n))
			continue;
		if (told_before(&n)) {
			event_abort(batch);
			return NULL;
		}
		context->last_kind = batch->building.kind;
		context->last_time_ns = line->time_ns;
		size_t len = line->pid.len < sizeof(context->last_pid)
				     ? line->pid.len
				     : sizeof(context->last_pid) - 1;
		if (len > 0)
			memcpy(context->last_pid, line->pid.ptr, len);
		context->last_pid[len] = '\0';
		return event_commit(batch);
	}
	return NULL;
}
