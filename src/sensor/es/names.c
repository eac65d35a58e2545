#include "sensor/es/names.h"

#include <stddef.h>

/* By number; 'A' before the name of a question, 'N' before that of a notice. */
static const char *const names[] = {
	[0] = "Aexec",
	[1] = "Aopen",
	[2] = "Akextload",
	[3] = "Ammap",
	[4] = "Amprotect",
	[5] = "Amount",
	[6] = "Arename",
	[7] = "Asignal",
	[8] = "Aunlink",
	[9] = "Nexec",
	[10] = "Nopen",
	[11] = "Nfork",
	[12] = "Nclose",
	[13] = "Ncreate",
	[14] = "Nexchangedata",
	[15] = "Nexit",
	[16] = "Nget_task",
	[17] = "Nkextload",
	[18] = "Nkextunload",
	[19] = "Nlink",
	[20] = "Nmmap",
	[21] = "Nmprotect",
	[22] = "Nmount",
	[23] = "Nunmount",
	[24] = "Niokit_open",
	[25] = "Nrename",
	[26] = "Nsetattrlist",
	[27] = "Nsetextattr",
	[28] = "Nsetflags",
	[29] = "Nsetmode",
	[30] = "Nsetowner",
	[31] = "Nsignal",
	[32] = "Nunlink",
	[33] = "Nwrite",
	[34] = "Afile_provider_materialize",
	[35] = "Nfile_provider_materialize",
	[36] = "Afile_provider_update",
	[37] = "Nfile_provider_update",
	[38] = "Areadlink",
	[39] = "Nreadlink",
	[40] = "Atruncate",
	[41] = "Ntruncate",
	[42] = "Alink",
	[43] = "Nlookup",
	[44] = "Acreate",
	[45] = "Asetattrlist",
	[46] = "Asetextattr",
	[47] = "Asetflags",
	[48] = "Asetmode",
	[49] = "Asetowner",
	[50] = "Achdir",
	[51] = "Nchdir",
	[52] = "Agetattrlist",
	[53] = "Ngetattrlist",
	[54] = "Nstat",
	[55] = "Naccess",
	[56] = "Achroot",
	[57] = "Nchroot",
	[58] = "Autimes",
	[59] = "Nutimes",
	[60] = "Aclone",
	[61] = "Nclone",
	[62] = "Nfcntl",
	[63] = "Agetextattr",
	[64] = "Ngetextattr",
	[65] = "Alistextattr",
	[66] = "Nlistextattr",
	[67] = "Areaddir",
	[68] = "Nreaddir",
	[69] = "Adeleteextattr",
	[70] = "Ndeleteextattr",
	[71] = "Afsgetpath",
	[72] = "Nfsgetpath",
	[73] = "Ndup",
	[74] = "Asettime",
	[75] = "Nsettime",
	[76] = "Nuipc_bind",
	[77] = "Auipc_bind",
	[78] = "Nuipc_connect",
	[79] = "Auipc_connect",
	[80] = "Aexchangedata",
	[81] = "Asetacl",
	[82] = "Nsetacl",
	[83] = "Npty_grant",
	[84] = "Npty_close",
	[85] = "Aproc_check",
	[86] = "Nproc_check",
	[87] = "Aget_task",
	[88] = "Asearchfs",
	[89] = "Nsearchfs",
	[90] = "Afcntl",
	[91] = "Aiokit_open",
	[92] = "Aproc_suspend_resume",
	[93] = "Nproc_suspend_resume",
	[94] = "Ncs_invalidated",
	[95] = "Nget_task_name",
	[96] = "Ntrace",
	[97] = "Nremote_thread_create",
	[98] = "Aremount",
	[99] = "Nremount",
	[100] = "Aget_task_read",
	[101] = "Nget_task_read",
	[102] = "Nget_task_inspect",
	[103] = "Nsetuid",
	[104] = "Nsetgid",
	[105] = "Nseteuid",
	[106] = "Nsetegid",
	[107] = "Nsetreuid",
	[108] = "Nsetregid",
	[109] = "Acopyfile",
	[110] = "Ncopyfile",
	[111] = "Nauthentication",
	[112] = "Nxp_malware_detected",
	[113] = "Nxp_malware_remediated",
	[114] = "Nlw_session_login",
	[115] = "Nlw_session_logout",
	[116] = "Nlw_session_lock",
	[117] = "Nlw_session_unlock",
	[118] = "Nscreensharing_attach",
	[119] = "Nscreensharing_detach",
	[120] = "Nopenssh_login",
	[121] = "Nopenssh_logout",
	[122] = "Nlogin_login",
	[123] = "Nlogin_logout",
	[124] = "Nbtm_launch_item_add",
	[125] = "Nbtm_launch_item_remove",
	[126] = "Nprofile_add",
	[127] = "Nprofile_remove",
	[128] = "Nsu",
	[129] = "Nauthorization_petition",
	[130] = "Nauthorization_judgement",
	[131] = "Nsudo",
	[132] = "Nod_group_add",
	[133] = "Nod_group_remove",
	[134] = "Nod_group_set",
	[135] = "Nod_modify_password",
	[136] = "Nod_disable_user",
	[137] = "Nod_enable_user",
	[138] = "Nod_attribute_value_add",
	[139] = "Nod_attribute_value_remove",
	[140] = "Nod_attribute_set",
	[141] = "Nod_create_user",
	[142] = "Nod_create_group",
	[143] = "Nod_delete_user",
	[144] = "Nod_delete_group",
	[145] = "Nxpc_connect",
	[146] = "Ngatekeeper_user_override",
	[147] = "Ntcc_modify",
	[148] = "Nreserved_0",
	[149] = "Nreserved_1",
	[150] = "Nreserved_2",
	[151] = "Nreserved_3",
	[152] = "Nreserved_4",
	[153] = "Nreserved_5",
	[154] = "Nreserved_6",
	[155] = "Nreserved_7",
	[156] = "Nreserved_8",
	[157] = "Axpc_connect",
	[158] = "Abootstrap_check_in",
	[159] = "Nbootstrap_check_in",
	[160] = "Abootstrap_look_up",
	[161] = "Nbootstrap_look_up",
};

struct str es_name(uint64_t number, bool *ret_auth)
{
	if (number >= sizeof(names) / sizeof(names[0]) || names[number] == NULL)
		return (struct str){0};
	if (ret_auth != NULL)
		*ret_auth = names[number][0] == 'A';
	return str_of(names[number] + 1);
}

static const char *word(const char *const *words, size_t count, uint64_t number)
{
	return number < count ? words[number] : NULL;
}
#define WORD(words, number) word(words, sizeof(words) / sizeof(words[0]), number)

const char *es_btm_item_type(uint64_t type)
{
	static const char *const words[] = {
		"user_item", "app", "login_item", "launch_agent", "launch_daemon"};

	return WORD(words, type);
}

const char *es_tcc_update_type(uint64_t type)
{
	static const char *const words[] = {"unknown", "create", "modify", "delete"};

	return WORD(words, type);
}

const char *es_tcc_right(uint64_t right)
{
	static const char *const words[] = {"denied", "unknown", "allowed", "limited",
		"add_modify_added", "session_pid", "learn_more"};

	return WORD(words, right);
}

const char *es_tcc_reason(uint64_t reason)
{
	static const char *const words[] = {"none", "error", "user_consent", "user_set",
		"system_set", "service_policy", "mdm_policy", "service_override_policy",
		"missing_usage_string", "prompt_timeout", "preflight_unknown", "entitled",
		"app_type_policy", "prompt_cancel"};

	return WORD(words, reason);
}

const char *es_openssh_result(uint64_t result)
{
	static const char *const words[] = {"exceeded maximum of tries", "root login denied",
		"success", "failed: none", "failed: password", "failed: keyboard-interactive",
		"failed: public key", "failed: host based", "failed: GSSAPI", "invalid user"};

	return WORD(words, result);
}
