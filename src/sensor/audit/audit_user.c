/* Records of Linux audit that say all there is to say by themselves, mostly written by programs
 * (login, PAM, useradd, sudo) rather than the kernel. */
#include "sensor/audit/audit_fill.h"
#include "sensor/audit/audit_group.h"

struct type_row {
	const char *type;
	uint16_t kind;
};

static const struct type_row types[] = {
	{"USER_LOGIN", KIND_user_login},
	{"USER_LOGOUT", KIND_user_logout},
	{"USER_AUTH", KIND_authentication},
	{"USER_CMD", KIND_user_sudo},
	{"ADD_USER", KIND_account_create},
	{"DEL_USER", KIND_account_delete},
	{"USER_MGMT", KIND_account_change},
	{"USER_CHAUTHTOK", KIND_account_change},
	{"ACCT_LOCK", KIND_account_change},
	{"ACCT_UNLOCK", KIND_account_change},
	{"ADD_GROUP", KIND_group_create},
	{"DEL_GROUP", KIND_group_delete},
	{"GRP_MGMT", KIND_group_change},
	{"GRP_CHAUTHTOK", KIND_group_change},
	{"BPF", KIND_bpf_load},
};

static enum event_kind kind_of(const struct audit_line *line)
{
	enum event_kind kind = KIND_none;

	/* most records are of system calls */
	if (line->type.len == 0 || strchr("UADGB", line->type.ptr[0]) == NULL)
		return KIND_none;
	struct str program = str_basename(audit_line_get(line, "exe"));
	struct str op = audit_line_get(line, "op");
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (str_is(line->type, types[i].type))
			kind = types[i].kind;
	if (kind == KIND_bpf_load)
		return str_is(op, "LOAD") ? kind : KIND_none;
	bool ssh = str_starts(program, STR("sshd"));
	if (kind == KIND_user_login && ssh)
		return KIND_ssh_login;
	if (kind == KIND_user_logout && ssh)
		return KIND_ssh_logout;
	/* sessions of su begin with USER_START, those of login programs with USER_LOGIN */
	if (str_is(line->type, "USER_START") && str_is(program, "su"))
		return KIND_user_su;
	if (str_is(line->type, "USER_END") && (ssh || str_is(program, "login")))
		return ssh ? KIND_ssh_logout : KIND_user_logout;
	return kind;
}

static struct str known(struct str text)
{
	return str_is(text, "?") ? (struct str){0} : text;
}

/* "PAM:authentication" by grantors pam_unix,… */
static void put_method(struct batch *batch, const struct audit_line *line)
{
	struct str grantors = known(audit_line_get(line, "grantors"));

	ev_text(batch, FIELD_authentication_method, str_cut(&grantors, ','));
	ev_text(batch, FIELD_event_reason, audit_line_get(line, "op"));
}

static void put_account(struct batch *batch, const struct audit_line *line, enum event_kind kind)
{
	struct str name = known(audit_line_get(line, "acct"));
	struct str id = audit_line_get(line, "id");
	struct str group = audit_line_get(line, "grp");
	bool of_group = kind == KIND_group_create || kind == KIND_group_delete ||
			kind == KIND_group_change;

	if (of_group) {
		ev_text(batch, FIELD_user_target_group_name, group.len > 0 ? group : name);
		ev_text(batch, FIELD_user_target_group_id, id);
		if (group.len > 0)
			ev_text(batch, FIELD_user_target_name, name);
		return;
	}
	if (name.len == 0)
		name = audit_line_enriched(line, "ID");
	ev_text(batch, FIELD_user_target_name, name);
	ev_text(batch, FIELD_user_target_id, id);
	if (kind == KIND_user_login || kind == KIND_ssh_login || kind == KIND_authentication)
		ev_text(batch, FIELD_user_name, name);
}

struct event *audit_user_event(struct batch *batch, const struct audit_line *line)
{
	enum event_kind kind = kind_of(line);
	struct str result = audit_line_get(line, "res");
	struct str address = known(audit_line_get(line, "addr"));

	if (kind == KIND_none)
		return NULL;
	event_begin(batch, kind, line->time_ns);
	batch->building.os = OS_LINUX;
	ev_text_ref(batch, FIELD_host_os_type, STR("linux"));
	ev_text_ref(batch, FIELD_event_module, STR("auditd"));
	ev_text(batch, FIELD_host_name, line->node);
	ev_text(batch, FIELD_auditd_message_type, line->type);
	ev_uint(batch, FIELD_auditd_sequence, line->serial);
	if (result.len > 0)
		ev_text_ref(batch, FIELD_event_outcome,
			str_is(result, "success") || str_is(result, "1") ? STR("success")
									 : STR("failure"));
	audit_fill_process(batch, line);
	put_account(batch, line, kind);
	put_method(batch, line);
	ev_text(batch, FIELD_source_ip, address);
	ev_text(batch, FIELD_source_domain, known(audit_line_get(line, "hostname")));
	ev_text(batch, FIELD_session_name, known(audit_line_get(line, "terminal")));
	if (kind == KIND_user_sudo) {
		ev_text(batch, FIELD_process_command_line, audit_line_get(line, "cmd"));
		ev_text(batch, FIELD_process_working_directory, audit_line_get(line, "cwd"));
	}
	return event_commit(batch);
}
